"""What the page shows, as JSON: the state of the chat, previews and comparisons of queries."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.mail import confirm
from bot.matching import search
from bot.matching.query import QueryError, parse
from bot.rendering.filters import local
from bot.subscribers import settings, topics
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.volume import Volume
from storage.enums import MAX_SCHEDULE_TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.mail.confirm import MailboxSeen
    from bot.matching.query import ParsedQuery
    from bot.matching.search import Difference, Headlines, Hit
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.settings import Settings
    from bot.subscribers.topics import ChatTopic
    from bot.subscribers.users import CurrentUser
    from bot.web.miniapp.authentication import Caller

_SUGGESTED = 6  # topics of the catalogue that the chat does not subscribe to


async def chat_state(resources: Resources, user: CurrentUser, renderer: Renderer) -> dict[str, Any]:
    """Return all that the page shows of the chat, however many topics its limit allows."""
    storage, chat_id = resources.storage, user.chat_id
    subscribed = await topics.subscribed(storage, chat_id, per_page=MOST_LISTED)
    catalogue = await topics.catalogue_page(storage, chat_id, per_page=MOST_LISTED)
    chat_settings = await settings.get_settings(storage, chat_id)
    renderer = renderer.of(chat_settings.speaks)  # which may have been chosen just now
    mailbox = await confirm.get_mailbox(storage, chat_id)
    suggested = [_topic(one) for one in catalogue.items if one.mode is None]
    return {
        "language": renderer.language.code,
        "chosenLanguage": chat_settings.language or "",
        "topics": [_topic(one) | _rest(one, user, renderer) for one in subscribed.items],
        "suggested": suggested[:_SUGGESTED],
        "digest": _digest(chat_settings, renderer),
        "quiet": _hours(chat_settings),
        "isPaused": chat_settings.is_paused,
        "pausedText": _text(renderer, "web/app_parts.html#paused", settings=chat_settings),
        "mail": _mail(mailbox, renderer, can_mail=resources.mailer is not None),
    }


def _topic(topic: ChatTopic) -> dict[str, Any]:
    return {
        "id": topic.id,
        "name": topic.name,
        "words": topic.typed,
        "isPublic": topic.is_public,
        "mode": topic.mode,
    }


def _rest(topic: ChatTopic, user: CurrentUser, renderer: Renderer) -> dict[str, Any]:
    """Return whether a topic is muted, and the sentence that says so."""
    today = local(user.now, user.zone).date()
    values: dict[str, Any] = {"topic": topic, "zone": user.zone, "today": today}
    return {
        "isMuted": topic.is_muted,
        "restText": _text(renderer, "web/app_parts.html#rest", **values) if topic.is_muted else "",
    }


def _digest(settings: Settings, renderer: Renderer) -> dict[str, Any]:
    plan = settings.plan
    slots = sorted(plan.times, key=lambda slot: slot.minutes)
    return {
        "text": _text(renderer, "web/app_parts.html#digest", settings=settings),
        "zone": plan.zone,
        "place": _text(renderer, "web/app_parts.html#place", zone=plan.zone),
        "slots": [{"minutes": slot.minutes, "weekdays": slot.weekdays} for slot in slots],
        "mayHaveMore": len(slots) < MAX_SCHEDULE_TIMES,
    }


def _hours(settings: Settings) -> dict[str, int] | None:
    quiet = settings.quiet
    return {"start": quiet.start, "end": quiet.end} if quiet else None


def _mail(mailbox: MailboxSeen, renderer: Renderer, *, can_mail: bool) -> dict[str, Any]:
    return {
        "text": _text(renderer, "web/app_parts.html#mail", mailbox=mailbox, can_mail=can_mail),
        "canMail": can_mail,
        "state": mailbox.state or "none",
        "address": mailbox.address,
        "reach": mailbox.reach,
        "alerts": mailbox.alerts,
    }


def _text(renderer: Renderer, template: str, **values: Any) -> str:
    return renderer.message(template, **values).text


SHOWN = 5
_LONGEST_TITLE = 200
# Each takes up to a quarter of a second; users who type must not hold up those who read.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Previews:
    """Searches for what is typed, only a few at once."""

    resources: Resources
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def query(self, caller: Caller, typed: str) -> dict[str, Any]:
        """Return what a query finds, or where it is wrong."""
        saved = await topics.saved_queries(self.resources.storage, caller.user.chat_id)
        try:
            query = parse(typed, saved)
        except QueryError as error:
            return _wrong(error, caller.renderer)
        return await self._find(caller, query)

    async def comparison(self, caller: Caller, topic_id: int, typed: str) -> dict[str, Any]:
        """Return what would come and go with another query, or where that is wrong."""
        storage, chat_id = self.resources.storage, caller.user.chat_id
        topic = await topics.get_topic(storage, chat_id, topic_id)
        saved = await topics.saved_queries(storage, chat_id)
        try:
            query = parse(typed, saved)
        except QueryError as error:
            return _wrong(error, caller.renderer)
        async with self._turns:
            found = await search.compare(storage, parse(topic.typed), query, chat_id=chat_id)
        return _difference(found, caller.renderer)

    async def topic(self, caller: Caller, topic_id: int) -> dict[str, Any]:
        """Return what a topic found lately; raise NoSuchTopic if the chat cannot see it."""
        topic = await topics.get_topic(self.resources.storage, caller.user.chat_id, topic_id)
        return await self._find(caller, parse(topic.typed))

    async def _find(self, caller: Caller, query: ParsedQuery) -> dict[str, Any]:
        user, renderer, storage = caller.user, caller.renderer, self.resources.storage
        async with self._turns:
            found = await search.find(storage, query, chat_id=user.chat_id, limit=SHOWN)
            silent = 0
            if not found.count and not found.is_more:
                silent = await search.silent_days(storage, query, chat_id=user.chat_id)
        values: dict[str, Any] = {
            "found": found,
            "volume": Volume(found.count, found.covered),
            "silent_days": silent,
            "zone": user.zone,
            "today": local(user.now, user.zone).date(),
        }
        return {
            "text": _text(renderer, "web/app_parts.html#found", **values),
            "warning": renderer.line("web/app_parts.html#warning", **values),
            "newest": [
                _hit(hit, _text(renderer, "web/app_parts.html#by", hit=hit, **values))
                for hit in found.newest
            ],
        }


def _wrong(error: QueryError, renderer: Renderer) -> dict[str, Any]:
    """Return where a query is wrong, why, and what could be meant instead."""
    sentence = renderer.message("web/app_parts.html#wrong", error=error).text
    start, end = error.position, error.position + error.length
    text = error.text
    place = [[text[:start], False], [text[start:end], True], [text[end:], False]]
    return {"wrong": place, "why": sentence, "instead": error.suggestion}


def _difference(found: Difference, renderer: Renderer) -> dict[str, Any]:
    def text(template: str) -> str:
        return _text(renderer, f"web/app_parts.html#{template}", found=found)

    parts = {"coming": found.coming, "going": found.going}
    moving = {name: headlines for name, headlines in parts.items() if headlines.count}
    return {
        "after": renderer.line("web/app_parts.html#after", found=found),
        "before": renderer.line("web/app_parts.html#before", found=found),
        "same": "" if moving else text("same"),
        "moving": [{"text": text(name), **_headlines(moving[name], renderer)} for name in moving],
    }


def _headlines(headlines: Headlines, renderer: Renderer) -> dict[str, Any]:
    more = headlines.count - len(headlines.newest)
    return {
        "newest": [
            {"url": one.url, "title": [[one.title[:_LONGEST_TITLE], False]]}
            for one in headlines.newest
        ],
        "more": renderer.message("web/app_parts.html#more", count=more).text if more else "",
    }


def _hit(hit: Hit, by: str) -> dict[str, Any]:
    return {
        "url": hit.url,
        "title": _parts(hit.title[:_LONGEST_TITLE], hit.title_spans),
        "by": by,
        "snippet": _parts(hit.snippet.text, hit.snippet.bold),
    }


def _parts(text: str, spans: Iterable[tuple[int, int]]) -> list[list[str | bool]]:
    """Return *text* in pieces, each with whether it is bold; *spans* in order and apart."""
    return [[piece, is_bold] for piece, is_bold in _pieces(text, spans) if piece]


def _pieces(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    done = 0
    for start, end in spans:
        yield text[done:start], False
        yield text[start:end], True
        done = end
    yield text[done:], False
