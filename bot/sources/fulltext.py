"""The step that reads the pages for which articles wait; it holds up no source and no article.

An article goes on when its page is in, when that has failed, or when it is late. One page of a
host at a time, so that a slow host holds up only its own.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot.matching.text import folded_text
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
from bot.sources.revise import PageOutcome
from bot.sources.urls import logged_url
from storage import articles, sources
from storage.articles import Article, FoldedText, Wording
from storage.db.engine import Storage, Transaction, is_unavailable
from storage.enums import Notification
from storage.sources import AwaitedPage

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=2)
_TRIES: Final = 3  # to store a page whose article others revise; then its lease brings it back


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
            name = logged_url(page.url, public=not page.private)
            if is_unavailable(error):
                self._left.add(page.article_id)
                reason = str(error).partition("\n")[0]
                log.warning("what a page says could not be stored", page=name, reason=reason)
            else:
                log.exception("a page could not be read", page=name)

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
        """Store what was *found*, compared with the article before the write lock is taken."""
        for _ in range(_TRIES):
            outcome, learned = await self._outcome(page, found) if found else (None, "")
            with suppress(revise.OutdatedError):  # somebody else revised the article meanwhile
                async with self.storage.writing() as tx:
                    if await sources.finish_page(tx, page.article_id, self.owner):
                        await sources.delay_next_page(tx, page, timedelta(seconds=PAUSE_SECONDS))
                        if learned and not page.private:
                            await sources.store_boilerplate(tx, page.host, learned)
                        await _go_on(tx, page, outcome)
                return
        raise revise.OutdatedError

    async def _outcome(self, page: AwaitedPage, found: Item) -> tuple[PageOutcome | None, str]:
        """Return what a page changes, and what is known of its host's boilerplate after it.

        That is stored for public pages only. Else a feed that lists one page under many addresses
        would have its text taken for boilerplate.
        """
        async with self.storage.reading() as tx:
            known = await sources.boilerplate_of(tx, page.host)
        text, learned = await asyncio.to_thread(_without_boilerplate, known, found)
        own = replace(found, text=text)
        outcome = await revise.outcome_of(self.storage, page.article_id, page.url, own)
        return outcome, learned


def _without_boilerplate(known: str, found: Item) -> tuple[str, str]:
    """Return the text without what the host prints everywhere, and what is known of it now."""
    paragraphs = found.text.split("\n\n")
    learned = HostBoilerplate.of(known).after(found.title, paragraphs)
    return "\n\n".join(learned.without(paragraphs)), learned.written()


async def _go_on(tx: Transaction, page: AwaitedPage, outcome: PageOutcome | None) -> None:
    """Let the article go on, with its page if there is one."""
    if outcome:
        await _apply(tx, outcome)
        return
    for article in await articles.articles_to_revise(tx, [page.article_id]):
        if articles.is_untouched(article):
            _let_go(tx, article, {})


async def _apply(tx: Transaction, outcome: PageOutcome) -> None:
    """Complete the article with its page; where it has gone on without, revise it."""
    locked = await articles.articles_to_revise(tx, outcome.article_ids)
    by_id = {article.id: article for article in locked}
    article = by_id[outcome.article.id]
    if Wording.of(article) != Wording.of(outcome.article):
        raise revise.OutdatedError
    kept = article
    if outcome.namesake:
        kept = await revise.unite(tx, by_id, article, outcome.namesake)
    values: Mapping[str, Any] = {}
    if articles.is_untouched(kept):
        values = revise.completed(kept, outcome.page)
        _let_go(tx, kept, values)
    elif kept is article and revise.may_be_revised_by_page(kept, outcome.kind, tx.now):
        values = revise.revised_by_page(kept, outcome.page)
        articles.revise_article(tx, kept, values)
    if values:  # to index a text again costs more than to read it
        title = folded_text(kept.title)
        folded = FoldedText(kept.id, title, outcome.folded, kept.language)
        await articles.replace_folded(tx, [folded])


def _let_go(tx: Transaction, article: Article, values: Mapping[str, Any]) -> None:
    articles.revise_article(tx, article, {"ready_at": None, **values})
    tx.notifications.add(Notification.ARTICLES)
