"""The stage that reads the pages for which articles wait; it holds up no source and no article.

An article goes on when its page is in, when that has failed, or when it is late. One page of a
host at a time, so that a slow host holds up only its own. Pages of private articles have slots of
their own.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import structlog

from bot.matching.slices import in_turns
from bot.sources import revise
from bot.sources.drafts import PAGE_WANTED_FOR
from bot.sources.feeds.model import DocumentKind, Item, Unreadable
from bot.sources.fetch.problems import FetchError, HostWaits
from bot.sources.fetch.response import problem_of
from bot.sources.fetch.source import Fetches, ReadsDocuments
from bot.sources.fetch.throttle import PAUSE_SECONDS
from bot.sources.hosts import HostAnswer, answer_in, heed, silence_of
from bot.sources.pages.boilerplate import HostBoilerplate
from bot.sources.poll import handed_back
from bot.sources.slots import Slots
from storage import articles, sources
from storage.articles import Article
from storage.db.engine import Storage, Transaction, is_unavailable
from storage.enums import Notification
from storage.sources import AwaitedPage

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=2)
_APART_SECONDS: Final = 0.2  # two claims: each looks at all pages that are awaited
PUBLIC_SLOTS: Final = 12  # pages
PRIVATE_SLOTS: Final = 4
# When a page is tried again after an unexpected error; then its article goes on without it.
RETRIES: Final = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """`found`: what the page says, None if that cannot be had. `answer`: of its host."""

    found: Item | None = None
    answer: HostAnswer | None = None


@dataclass(eq=False)
class Completing:
    """Keeps its slots filled with pages, inside `async with`; many processes may run one each."""

    storage: Storage
    fetcher: Fetches
    reader: ReadsDocuments
    owner: str
    public: Slots = field(default_factory=lambda: Slots(PUBLIC_SLOTS))
    private: Slots = field(default_factory=lambda: Slots(PRIVATE_SLOTS))
    _left: set[int] = field(default_factory=set)
    """Articles whose pages are still leased, though what these say could not be stored."""
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        await self._opened.enter_async_context(self.public)
        await self._opened.enter_async_context(self.private)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Cancel what is in hand: it is leased, and comes back when its lease is over."""
        await self._opened.aclose()

    async def run_once(self) -> int:
        """Claim pages for the free slots, each of another host; return how many."""
        if self.public.is_used or self.private.is_used:
            await asyncio.sleep(_APART_SECONDS)
        public, private, now = await self._claim()
        for slots, pages in ((self.public, public), (self.private, private)):
            for page in pages:
                is_wanted = page.awaited_since > now - PAGE_WANTED_FOR
                slots.start(self._complete(page, is_wanted=is_wanted))
        return len(public) + len(private)

    async def complete_due(self) -> int:
        """Read a page of each host that has some; return how many were claimed."""
        async with self:
            claimed = await self.run_once()
            await self.public.all_done()
            await self.private.all_done()
        return claimed

    def call_on_done(self, call: Callable[[], None]) -> None:
        """Let *call* be called whenever a slot is free."""
        self.public.on_done = self.private.on_done = call

    async def _claim(self) -> tuple[list[AwaitedPage], list[AwaitedPage], datetime]:
        with handed_back(self._left) as left:
            async with self.storage.writing() as tx:
                for article_id in sorted(left):
                    await sources.postpone_page(tx, article_id, self.owner, tx.now)
                public = await self._claim_for(tx, self.public, private=False)
                private = await self._claim_for(tx, self.private, private=True)
                return public, private, tx.now

    async def _claim_for(
        self, tx: Transaction, slots: Slots, *, private: bool
    ) -> list[AwaitedPage]:
        if slots.room <= 0:
            return []
        return await sources.claim_pages(
            tx, owner=self.owner, limit=slots.room, lease=LEASE, private=private
        )

    async def _complete(self, page: AwaitedPage, *, is_wanted: bool) -> None:
        structlog.contextvars.bind_contextvars(article=page.article_id)
        try:
            try:
                await self._read_and_store(page, is_wanted=is_wanted)
            except Exception as error:  # a bad page must not stop the others
                if is_unavailable(error):
                    raise
                log.exception("a page could not be read", page=page.url, failures=page.failures)
                await self._try_later(page)
        except Exception as error:  # noqa: BLE001 - see above; its lease brings it back
            self._left.add(page.article_id)
            reason = str(error).partition("\n")[0]
            log.warning("what a page says could not be stored", page=page.url, reason=reason)

    async def _read_and_store(self, page: AwaitedPage, *, is_wanted: bool) -> None:
        if not is_wanted:
            log.info("a page is not read, because its host had no time for it", page=page.url)
        try:
            outcome = await self._read(page) if is_wanted else _Outcome()
        except HostWaits as wait:
            await self._put_off(page, wait.left)
        else:
            if outcome.answer and outcome.answer.asked:
                await self._put_off(page, outcome.answer.asked, outcome.answer)
            else:
                await self._finish(page, outcome)

    async def _read(self, page: AwaitedPage) -> _Outcome:
        public = not page.private
        try:
            response = await self.fetcher.fetch(page.url, inside=page.inside, public=public)
        except HostWaits:
            raise
        except FetchError as error:
            return _Outcome(answer=silence_of(error.host, error.problem, public=public))
        answer = answer_in(response, datetime.now(UTC), public=public)
        if problem_of(response):
            return _Outcome(answer=answer)
        try:
            document = await self.reader.read(
                response.body,
                url=response.url,
                public=public,
                content_type=response.content_type,
            )
        except Unreadable:
            return _Outcome(answer=answer)
        is_page = document.kind is DocumentKind.PAGE and document.items
        return _Outcome(document.items[0] if is_page else None, answer)

    async def _put_off(
        self, page: AwaitedPage, wait: timedelta, answer: HostAnswer | None = None
    ) -> None:
        """Let the article go on without its page, which is read once its host may be asked."""
        async with self.storage.writing() as tx:
            await heed(tx, [answer])
            if tx.now + wait < page.awaited_since + PAGE_WANTED_FOR:
                await sources.postpone_page(tx, page.article_id, self.owner, tx.now + wait)
            elif not await sources.finish_page(tx, page.article_id, self.owner):
                return
            await _go_on(tx, page, None)

    async def _try_later(self, page: AwaitedPage) -> None:
        """Read the page again after ever longer pauses, then never; others are read meanwhile."""
        async with self.storage.writing() as tx:
            if page.failures < len(RETRIES):
                due_at, failures = tx.now + RETRIES[page.failures], page.failures + 1
                await sources.postpone_page(
                    tx, page.article_id, self.owner, due_at, failures=failures
                )
            else:
                await sources.finish_page(tx, page.article_id, self.owner)

    async def _finish(self, page: AwaitedPage, outcome: _Outcome) -> None:
        async with self.storage.writing() as tx:
            if await sources.finish_page(tx, page.article_id, self.owner):
                await sources.delay_next_page(tx, page, timedelta(seconds=PAUSE_SECONDS))
                await heed(tx, [outcome.answer])
                found = outcome.found
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
