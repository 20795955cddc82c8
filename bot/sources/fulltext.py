"""The step that reads the pages for which articles wait; it holds up no source and no article.

An article goes on when its page is in, when that has failed, or when it is late. One page of a
host at a time, so that a slow host holds up only its own.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.matching.slices import in_turns
from bot.sources import revise
from bot.sources.drafts import PAGE_WANTED_FOR
from bot.sources.feeds.model import DocumentKind, Item, Unreadable
from bot.sources.fetch.problems import FetchError, HostWaits
from bot.sources.fetch.response import HOST_WIDE_STATUSES, Response, problem_of
from bot.sources.fetch.source import Fetches, ReadsDocuments
from bot.sources.fetch.throttle import PAUSE_SECONDS
from bot.sources.health import host_to_pause
from bot.sources.pages.boilerplate import HostBoilerplate
from bot.sources.poll import handed_back
from storage import articles, sources
from storage.articles import Article
from storage.db.engine import Storage, Transaction, is_unavailable
from storage.enums import Notification
from storage.sources import AwaitedPage

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Completing:
    """Several may run side by side, in one process and in many."""

    storage: Storage
    fetcher: Fetches
    reader: ReadsDocuments
    owner: str
    _left: set[int] = field(default_factory=set)
    """Articles whose pages are still leased, though what these say could not be stored."""

    async def complete_due(self, limit: int = 16) -> int:
        """Read up to *limit* pages, each of another host; return how many were claimed."""
        pages, now = await self._claim(limit)
        async with asyncio.TaskGroup() as group:
            for page in pages:
                group.create_task(
                    self._complete(page, is_wanted=page.awaited_since > now - PAGE_WANTED_FOR)
                )
        return len(pages)

    async def _claim(self, limit: int) -> tuple[list[AwaitedPage], datetime]:
        with handed_back(self._left) as left:
            async with self.storage.writing() as tx:
                for article_id in sorted(left):
                    await sources.postpone_page(tx, article_id, self.owner, tx.now)
                pages = await sources.claim_pages(tx, owner=self.owner, limit=limit, lease=LEASE)
                return pages, tx.now

    async def _complete(self, page: AwaitedPage, *, is_wanted: bool) -> None:
        structlog.contextvars.bind_contextvars(article=page.article_id)
        try:
            try:
                found = await self._read(page) if is_wanted else None
            except HostWaits as wait:
                await self._put_off(page, wait.left)
            else:
                await self._finish(page, found)
        except Exception as error:  # a bad page must not stop the others; its lease brings it back
            if is_unavailable(error):
                self._left.add(page.article_id)
                reason = str(error).partition("\n")[0]
                log.warning("what a page says could not be stored", page=page.url, reason=reason)
            else:
                log.exception("a page could not be read", page=page.url)

    async def _read(self, page: AwaitedPage) -> Item | None:
        """Return what the page says; None if that cannot be had."""
        try:
            answer = await self.fetcher.fetch(page.url, inside=page.inside)
            await self._heed(answer)
            if problem_of(answer):
                return None
            document = await self.reader.read(
                answer.body, url=answer.url, content_type=answer.content_type
            )
        except HostWaits:
            raise
        except (FetchError, Unreadable):
            return None
        return document.items[0] if document.kind is DocumentKind.PAGE and document.items else None

    async def _heed(self, answer: Response) -> None:
        """Raise HostWaits if the host asks for time; all that is to be had of it waits then."""
        if answer.status not in HOST_WIDE_STATUSES:
            return
        async with self.storage.writing() as tx:
            pause = host_to_pause(answer, tx.now)
            if pause:
                await sources.delay_host(tx, *pause)
        if pause:
            raise HostWaits(pause[1] - tx.now)

    async def _put_off(self, page: AwaitedPage, wait: timedelta) -> None:
        async with self.storage.writing() as tx:
            if tx.now + wait < page.awaited_since + PAGE_WANTED_FOR:
                await sources.postpone_page(tx, page.article_id, self.owner, tx.now + wait)
            elif not await sources.finish_page(tx, page.article_id, self.owner):
                return
            await _go_on(tx, page, None)

    async def _finish(self, page: AwaitedPage, found: Item | None) -> None:
        async with self.storage.writing() as tx:
            if await sources.finish_page(tx, page.article_id, self.owner):
                await sources.delay_next_page(tx, page, timedelta(seconds=PAUSE_SECONDS))
                own = await _without_boilerplate(tx, page, found) if found else None
                await _go_on(tx, page, own)


async def _without_boilerplate(tx: Transaction, page: AwaitedPage, found: Item) -> Item:
    """Leave out what the host prints on all its pages; learn from this one, if it is everybody's.

    Else a feed that lists one page under many addresses would have its text taken for boilerplate.
    """
    paragraphs = found.text.split("\n\n")
    known = HostBoilerplate.of(await sources.boilerplate_of(tx, page.host))
    learned = known.after(found.title, paragraphs)
    if not page.private:
        await sources.store_boilerplate(tx, page.host, learned.written())
    return replace(found, text="\n\n".join(learned.without(paragraphs)))


async def _go_on(tx: Transaction, page: AwaitedPage, found: Item | None) -> None:
    """Let the article go on with what was *found*; where it has gone on without, revise it."""
    article_id = page.article_id
    if found:
        article_id = await revise.unite(tx, article_id, page.url, found.url)
    for article in await articles.articles_to_revise(tx, [article_id]):
        before = _folded_words(article)
        if articles.is_untouched(article):
            values = revise.completed(article, found) if found else {}
            await articles.revise_article(tx, article, {"ready_at": None, **values})
            tx.notifications.add(Notification.ARTICLES)
        elif found and article_id == page.article_id and revise.may_be_revised(article, tx.now):
            kind, values = revise.compared_with_page(article, found)
            if revise.may_be_revised_by(kind, article, tx.now):
                await articles.revise_article(tx, article, values)
        if _folded_words(article) != before:
            # In turns with everything else: a page may hold four million characters.
            await articles.replace_folded(tx, [await in_turns(revise.folded_article(article))])


def _folded_words(article: Article) -> tuple[str, str, str]:
    """Return what the search index is made of: to index a text again costs more than to read it."""
    return article.title, article.text, article.language
