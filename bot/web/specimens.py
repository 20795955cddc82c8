"""Samples of what the templates of pages are given, to try people's own with."""

from collections.abc import Iterator
from dataclasses import replace

from bot.publishing.charts import chart_of
from bot.publishing.choice import choose
from bot.publishing.pages import Edition, Picture, values_of
from bot.publishing.samples import CONSUL, TIES, sample_edition
from bot.rendering.checking import Sample
from bot.rendering.seals import Purpose
from bot.web.look import Look

LOOK = Look(style="/static/style.css", icon="/static/icon.svg", here="/m/1")
_BUTTONS = ("web/unsubscribe.html", "web/confirm.html")
_TROUBLES = (400, 403, 404, 405, 410, 413, 429, 503)


def page_specimens() -> Iterator[Sample]:
    """Yield each template with each of the shapes that its values may have."""
    edition = sample_edition()
    alerted = [story for story in edition.choice.all_stories if story.alerted]
    for shape in (
        edition,
        replace(edition, is_weekly=True, trends={}, picture=_picture(edition)),
        replace(edition, choice=choose([CONSUL], alerted)),
        replace(edition, choice=choose([], [])),
    ):
        yield Sample.of("web/edition.html", values_of(shape) | {"site": LOOK})
    for template in _BUTTONS:
        yield from (Sample.of(template, {"site": LOOK, "is_done": done}) for done in (False, True))
    for code in _TROUBLES:
        for purpose in (None, *Purpose):
            values = {"site": LOOK, "code": code, "purpose": purpose}
            yield Sample.of("web/trouble.html", values)
    yield from (Sample.of(f"web/{name}", {}) for name in ("style.css", "icon.svg"))


def _picture(edition: Edition) -> Picture | None:
    watched = [(topic, edition.trends[topic.id]) for topic in (TIES,) if topic.id in edition.trends]
    chart = chart_of(watched, edition.now)
    return Picture(b"", "Stories per day", chart) if chart else None
