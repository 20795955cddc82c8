"""What a query would have found, as JSON: while it is typed, and of a topic that is watched."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.matching import search
from bot.matching.query import QueryError, parse
from bot.rendering.filters import local
from bot.subscribers import topics
from bot.subscribers.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.matching.query import Query
    from bot.matching.search import Difference, Headlines, Hit
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.web.app.entrance import Caller

SHOWN = 5
_LONGEST_TITLE = 200
# Each takes up to a quarter of a second; who types is not to hold up who reads.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Previewing:
    resources: Resources
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def typed(self, caller: Caller, words: str) -> dict[str, Any]:
        """Return what *words* found, or where they are wrong."""
        saved = await topics.saved_queries(self.resources.storage, caller.user.chat_id)
        try:
            query = parse(words, saved)
        except QueryError as refusal:
            return _wrong(refusal, caller.renderer)
        return await self._found(caller, query)

    async def compared(self, caller: Caller, topic_id: int, words: str) -> dict[str, Any]:
        """Return what would come and go with other *words*, or where they are wrong."""
        chat_id = caller.user.chat_id
        topic = await topics.get_topic(self.resources.storage, chat_id, topic_id)
        saved = await topics.saved_queries(self.resources.storage, chat_id)
        try:
            query = parse(words, saved)
        except QueryError as refusal:
            return _wrong(refusal, caller.renderer)
        async with self._turns:
            found = await search.compare(
                self.resources.storage, parse(topic.typed), query, chat_id=chat_id
            )
        return _difference(found, caller.renderer)

    async def topic(self, caller: Caller, topic_id: int) -> dict[str, Any]:
        """Return what a topic found lately; NoSuchTopic if the chat cannot see it."""
        topic = await topics.get_topic(self.resources.storage, caller.user.chat_id, topic_id)
        return await self._found(caller, parse(topic.typed))

    async def _found(self, caller: Caller, query: Query) -> dict[str, Any]:
        user, renderer = caller.user, caller.renderer
        async with self._turns:
            found = await search.find(
                self.resources.storage, query, chat_id=user.chat_id, limit=SHOWN
            )
            silent = 0
            if not found.count and not found.is_more:
                silent = await search.silent_days(
                    self.resources.storage, query, chat_id=user.chat_id
                )
        told: dict[str, Any] = {
            "found": found,
            "volume": Volume(found.count, found.covered),
            "silent_days": silent,
            "zone": user.zone,
            "today": local(user.now, user.zone).date(),
        }
        warned = renderer.line("web/app_parts.html#warning", **told)
        newest = [
            _hit(hit, renderer.message("web/app_parts.html#by", hit=hit, **told).text)
            for hit in found.newest
        ]
        said = renderer.message("web/app_parts.html#found", **told).text
        return {"told": said, "warning": warned, "newest": newest}


def _wrong(refusal: QueryError, renderer: Renderer) -> dict[str, Any]:
    """Return where a query is wrong, why, and what could be meant instead."""
    sentence = renderer.message("web/app_parts.html#wrong", error=refusal).text
    start, end = refusal.position, refusal.position + refusal.length
    text = refusal.text
    place = [[text[:start], False], [text[start:end], True], [text[end:], False]]
    return {"wrong": place, "why": sentence, "instead": refusal.suggestion}


def _difference(found: Difference, renderer: Renderer) -> dict[str, Any]:
    def told(template: str) -> str:
        return renderer.message(f"web/app_parts.html#{template}", found=found).text

    parts = {"coming": found.coming, "going": found.going}
    moving = {name: headlines for name, headlines in parts.items() if headlines.count}
    return {
        "after": renderer.line("web/app_parts.html#after", found=found),
        "before": renderer.line("web/app_parts.html#before", found=found),
        "same": "" if moving else told("same"),
        "moving": [{"told": told(name), **_headlines(moving[name], renderer)} for name in moving],
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
