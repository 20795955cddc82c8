"""Samples of what the templates of alerts and editions are given, to try people's own with."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.publishing import samples
from bot.publishing.bundles import bundle_values
from bot.publishing.choice import choose
from bot.publishing.pages import Edition, alert_values, values_of
from bot.publishing.samples import sample_edition, sample_snippet, sample_story
from bot.rendering.checking import Sample
from bot.rendering.rich import parse_rich
from bot.rendering.telegram_html import parse_page
from storage.words import Style

_PLAIN = ("edition/telegram.html", "edition/now.html")
_EMPTY = ("edition/empty.html", "edition/now_empty.html")


def specimens() -> Iterator[Sample]:
    """Yield each template with each of the shapes that its values may have."""
    for edition in _editions():
        values = values_of(edition)
        yield from (Sample(template, values, parse_page) for template in _PLAIN)
        yield Sample("edition/rich.html", values, parse_rich)
    empty = replace(sample_edition(), choice=choose([], []))
    yield from (Sample(template, values_of(empty), parse_page) for template in _EMPTY)
    section = values_of(sample_edition()) | {"section": sample_edition().choice.sections[0]}
    yield Sample("edition/section.html", section, parse_page)
    for number in (0, samples.ALERTED):
        story = sample_story(number)
        values = alert_values(
            story,
            [samples.TIES, samples.CONSUL],
            sample_snippet(number),
            zone=samples.PLAN.zone,
            now=story.news_at,
        )
        yield Sample("alert/telegram.html", values, parse_page)
    for is_quiet in (False, True):
        values = bundle_values(
            samples.sample_bundle(), zone=samples.PLAN.zone, now=samples.NOW, is_quiet=is_quiet
        )
        yield Sample("alert/bundle.html", values, parse_page)


def _editions() -> Iterator[Edition]:
    edition = sample_edition()
    yield edition
    yield replace(sample_edition(Style.BRIEF), late=timedelta(hours=2))
    yield replace(edition, is_weekly=True, url="https://news.example.org/e/1", trends={})
    alerted = [story for story in edition.choice.all_stories if story.alerted]
    yield replace(edition, choice=choose([samples.CONSUL], alerted))
