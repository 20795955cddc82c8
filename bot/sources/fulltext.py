"""The step that reads the pages for which articles wait; it holds up no source and no article.

An article goes on when its page is in, when that has failed, or when it is late. One page of a
host at a time, so that a slow host holds up only its own.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from bot.matching.folding import folded_text
from bot.sources.answers import problem_of
from bot.sources.completion import KEPT, completed
from bot.sources.failures import FetchError, HostWaits
from bot.sources.records import Item, Kind, Unreadable
from bot.sources.visiting import Fetches, Reads
from storage.articles import Article
from storage.engine import Storage, Unit
from storage.folded import FoldedRow, store_folded
from storage.pages import (
    AwaitedPage,
    article_waiting,
    claim_pages,
    finish_page,
    make_ready,
    put_off_page,
)

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Completing:
    """Several may run side by side, in one process and in many."""

    storage: Storage
    fetcher: Fetches
    reader: Reads
    owner: str

    async def complete_due(self, limit: int = 16) -> int:
        """Read up to *limit* pages, each of another host; return how many were claimed."""
        async with self.storage.writing() as unit:
            pages = await claim_pages(unit, owner=self.owner, limit=limit, lease=LEASE)
            now = unit.now
        async with asyncio.TaskGroup() as group:
            for page in pages:
                is_wanted = page.awaited_since > now - KEPT
                group.create_task(self._complete(page) if is_wanted else self._finish(page, None))
        return len(pages)

    async def _complete(self, page: AwaitedPage) -> None:
        try:
            found = await self._read(page)
        except HostWaits as wait:
            await self._put_off(page, wait.left)
        except Exception:  # one bad page must not stop the others; its lease brings it back
            log.exception("a page could not be read", page=page.url)
        else:
            await self._finish(page, found)

    async def _read(self, page: AwaitedPage) -> Item | None:
        """Return what the page says; None if that cannot be had."""
        try:
            answer = await self.fetcher.fetch(page.url, inside=page.inside)
            if problem_of(answer):
                return None
            document = await self.reader.read(
                answer.body, url=answer.url, content_type=answer.content_type
            )
        except HostWaits:
            raise
        except (FetchError, Unreadable):
            return None
        return document.items[0] if document.kind is Kind.PAGE and document.items else None

    async def _put_off(self, page: AwaitedPage, wait: timedelta) -> None:
        async with self.storage.writing() as unit:
            if unit.now + wait < page.awaited_since + KEPT:
                await put_off_page(unit, page.article_id, self.owner, unit.now + wait)
            elif not await finish_page(unit, page.article_id, self.owner):
                return
            if await article_waiting(unit, page.article_id):
                await make_ready(unit, page.article_id, {})

    async def _finish(self, page: AwaitedPage, found: Item | None) -> None:
        async with self.storage.writing() as unit:
            if not await finish_page(unit, page.article_id, self.owner):
                return  # our lease was over and another reads it now
            if article := await article_waiting(unit, page.article_id):
                values = completed(article, found) if found else {}
                await make_ready(unit, page.article_id, values)
                await _fold(unit, article, values)


async def _fold(unit: Unit, article: Article, values: Mapping[str, Any]) -> None:
    if values:
        title, text = values.get("title", article.title), values["text"]
        language = values.get("language", article.language)
        row = FoldedRow(article.id or 0, folded_text(title), folded_text(text), language)
        await store_folded(unit, [row])
