"""Sample values for the templates of pages, to check the operator's own templates."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

from bot.publishing.pages import EditionPage, Picture, edition_values
from bot.publishing.samples import CONSUL, NOW, PLAN, QUERIES, TIES, sample_edition, sample_snippet
from bot.publishing.selection import choose
from bot.publishing.trends import chart_of
from bot.rendering.links import Purpose
from bot.rendering.operator_templates import Sample
from bot.subscribers.mailboxes import MailboxSeen
from bot.subscribers.sent_stories import StorySeen
from bot.subscribers.settings import ChatSettings, Managed
from bot.subscribers.topics import ChatTopic, Suggestion
from bot.web.miniapp.page import AppLinks, AppValues
from bot.web.pages import PageLinks
from bot.web.stories import StoryPart
from storage.enums import DigestMedium, EmptyDay, MailboxState, Mode

PAGE_LINKS = PageLinks(style="/static/style.css", icon="/static/icon.svg", here="/m/1")
APP_LINKS = AppLinks(folder="/static/app", app="/app", api="/app/", icon="/static/icon.svg")
APP_VALUES = AppValues(
    status="/app/status",
    days=(("Mon", "Monday"),),
    zones=("Asia/Tokyo",),
    now=NOW,
)
_BUTTONS = ("web/unsubscribe.html", "web/confirm.html")
_ERRORS = (400, 403, 404, 405, 410, 413, 429, 503)


def page_samples() -> Iterator[Sample]:
    """Yield each template with every variant of its values."""
    edition = sample_edition()
    alerted = [story for story in edition.choice.all_stories if story.alerted]
    for shape in (
        edition,
        replace(edition, is_weekly=True, trends={}, picture=_picture(edition)),
        replace(edition, choice=choose([CONSUL], alerted)),
        replace(edition, choice=choose([], [])),
    ):
        link = "https://t.me/dateline_bot?start=story_" if shape is edition else None
        yield Sample.of(
            "web/edition.html", edition_values(shape) | {"site": PAGE_LINKS, "story_link": link}
        )
    for template, is_done in product(_BUTTONS, (False, True)):
        yield Sample.of(template, {"site": PAGE_LINKS, "is_done": is_done})
    for code, purpose in product(_ERRORS, (None, *Purpose)):
        values = {"site": PAGE_LINKS, "code": code, "purpose": purpose, "until": None, "now": NOW}
        yield Sample.of("web/error.html", values)
    yield Sample.of("web/error.html", values | {"code": 503, "until": NOW + timedelta(hours=2)})
    for done, undo in ((None, {}), ("unsubscribed", {"query": "Taiwan", "mode": "both"})):
        for managed in sample_managed():
            values = {"site": PAGE_LINKS, "managed": managed, "done": done, "undo": undo}
            yield Sample.of("web/manage.html", values)
    yield from _stories()
    yield from _feeds(edition)
    for bot_link in (None, "https://t.me/dateline_bot"):
        values = {"links": APP_LINKS, "app": APP_VALUES, "bot_link": bot_link}
        yield Sample.of("web/app.html", values)
        yield Sample.of("web/front.html", {"site": PAGE_LINKS, "bot_link": bot_link})
    yield Sample.of("web/status.html", {"links": APP_LINKS})
    yield from (Sample.of(f"web/{name}", {}) for name in ("app.css", "style.css", "icon.svg"))


def sample_managed() -> Iterator[Managed]:
    """Yield the subscriptions of a chat that has everything, and of an empty one."""
    topics = [
        ChatTopic(1, TIES.name, QUERIES[TIES.id], is_public=True, mode=Mode.DIGEST),
        ChatTopic(2, CONSUL.name, CONSUL.name, is_public=False, mode=Mode.BOTH),
        ChatTopic(3, "اقتصاد مصر", "اقتصاد مصر", is_public=False, mode=Mode.INSTANT),
    ]
    mailbox = MailboxSeen(
        reach=DigestMedium.BOTH, state=MailboxState.ACTIVE, address="ann@example.org"
    )
    settings = ChatSettings(
        plan=PLAN,
        zone_guessed=False,
        empty_day=EmptyDay.SKIP,
        quiet=None,
        alerts_an_hour=6,
        is_paused=False,
        paused_until=None,
        next_at=NOW,
        topics=len(topics),
        mailbox=mailbox,
        now=NOW,
    )
    yield Managed(topics, settings)
    none = MailboxSeen(reach=DigestMedium.TELEGRAM)
    paused = replace(settings, is_paused=True, paused_until=NOW.date(), next_at=None, mailbox=none)
    yield Managed([], paused)


def _feeds(edition: EditionPage) -> Iterator[Sample]:
    yield from (Sample.of("web/feed.html#title", {"topic": topic}) for topic in (None, TIES))
    yield Sample.of("web/feed.html#digest_title", {"day": edition.today, "stories": 2})
    for more in (0, 2):
        values = {"choice": edition.choice, "more": more, "url": "https://news.example.org/e/1"}
        yield Sample.of("web/feed.html#digest", values)
    story = {"snippet": sample_snippet(0), "publishers": ("Example Wire", "Example Times")}
    yield Sample.of("web/feed.html#story", story)


_SUGGESTIONS = (Suggestion("Taiwan", "Taiwan"), Suggestion("Ferries", "ferry OR ferries", 3))


def _stories() -> Iterator[Sample]:
    for is_saved, done in product((False, True), (None, "saved", "muted", "subscribed", "undone")):
        for do in StoryPart:
            values: dict[str, Any] = {
                "story": _story(is_saved=is_saved),
                "done": done,
                "do": do,
                "undo": "1",
            }
            values |= {"site": PAGE_LINKS, "suggestions": _SUGGESTIONS if done else ()}
            yield Sample.of("web/story.html", values)


def _story(*, is_saved: bool) -> StorySeen:
    url, topics = "https://news.example.org/1", [TIES, CONSUL]
    return StorySeen(7, "Okapi escapes", url, "Example Wire", NOW, topics, is_saved=is_saved)


def _picture(edition: EditionPage) -> Picture | None:
    chart = chart_of([(TIES, edition.trends[TIES.id])], edition.now, str.isascii)
    return Picture(b"", "Stories per day", chart) if chart else None
