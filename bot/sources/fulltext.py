"""The page stage: reads the pages for which articles wait, without holding up any source.

An article goes on to matching when its page is read, fails or is late. Each host is asked for one
page at a time, so that a slow host holds up only its own articles. Pages of private articles have
slots of their own.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Self

import structlog

from bot.budgets import USUAL, Budgets, weight
from bot.sources import revise
from bot.sources.drafts import PAGE_WANTED_FOR
from bot.sources.entry_rules import EntryRules
from bot.sources.feeds.model import (
    AS_USUAL,
    DocumentKind,
    Item,
    ReadingRules,
    SelectorProblem,
    Unreadable,
)
from bot.sources.fetch.problems import NOTHING_SPENT, FetchError, HostPaused, Spent
from bot.sources.fetch.response import login_page, problem_of
from bot.sources.fetch.source import Fetches, ReadsDocuments
from bot.sources.fetch.throttle import PAUSE_SECONDS
from bot.sources.host_answers import HostAnswer, answer_in, heed, silence_of
from bot.sources.pages.boilerplate import HostBoilerplate
from bot.sources.pages.selectors import with_preset
from bot.sources.payment import charge_sources, cost_of
from bot.sources.poll import handed_back
from bot.sources.revise import PageOutcome
from bot.sources.sealing import NO_KEYS, CannotOpenError, Keyring
from bot.sources.source_access import fetcher_for
from bot.sources.urls import logged_url
from bot.tasks import Slots
from bot.text.folding import folded_text
from storage import articles, sources
from storage.articles import Article, Wording
from storage.db.engine import Storage, Transaction
from storage.db.problems import is_unavailable
from storage.enums import Notification
from storage.source_rules import note_selector_problem, rules_of
from storage.sources import AwaitedPage

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=2)
_TRIES: Final = 3  # to store a page whose article keeps changing; then it is read again later
_APART_SECONDS: Final = 0.2  # between two claims, because each examines all awaited pages
PUBLIC_SLOTS: Final = 12  # pages
PRIVATE_SLOTS: Final = 4
# The pauses after unexpected errors. After the last one, the page is given up.
RETRIES: Final = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The result of reading a page.

    `item`: None if the page cannot be read. `answer`: the response or time-out of its host.
    `selector_problem`: see `Document`.
    """

    item: Item | None = None
    answer: HostAnswer | None = None
    selector_problem: SelectorProblem | None = None
    spent: Spent = NOTHING_SPENT


_NOT_READ: Final = _Outcome()


@dataclass(eq=False)
class PageStage:
    """Claims pages for its free slots and reads them. Use inside `async with`.

    Several processes may each run one.
    """

    storage: Storage
    fetcher: Fetches
    reader: ReadsDocuments
    owner: str
    budgets: Budgets = USUAL
    keyring: Keyring = NO_KEYS
    public: Slots = field(default_factory=lambda: Slots(PUBLIC_SLOTS))
    private: Slots = field(default_factory=lambda: Slots(PRIVATE_SLOTS))
    _left: set[int] = field(default_factory=set)
    """Articles whose pages could not be stored and are still leased."""
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        await self._opened.enter_async_context(self.public)
        await self._opened.enter_async_context(self.private)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Cancel running requests; their pages are due again when their leases expire."""
        await self._opened.aclose()

    async def run_once(self) -> int:
        """Claim pages for the free slots, one per host, and start to read them; return how many."""
        if self.public.is_used or self.private.is_used:
            await asyncio.sleep(_APART_SECONDS)
        public, private, now = await self._claim()
        for slots, pages in ((self.public, public), (self.private, private)):
            for page in pages:
                is_wanted = page.awaited_since > now - PAGE_WANTED_FOR
                slots.start(self._complete(page, is_wanted=is_wanted))
        return len(public) + len(private)

    async def complete_due(self) -> int:
        """Read one awaited page of each host; return how many were claimed."""
        async with self:
            claimed = await self.run_once()
            await self.public.all_done()
            await self.private.all_done()
        return claimed

    def call_on_done(self, call: Callable[[], None]) -> None:
        """Call *call* whenever a slot becomes free."""
        self.public.on_done = self.private.on_done = call

    async def _claim(self) -> tuple[list[AwaitedPage], list[AwaitedPage], datetime]:
        with handed_back(self._left) as left:
            return await self.storage.write_at_once(partial(self._claim_in, left))

    async def _claim_in(
        self, left: Collection[int], tx: Transaction
    ) -> tuple[list[AwaitedPage], list[AwaitedPage], datetime]:
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
                name = logged_url(page.url, public=not page.private)
                log.exception("a page could not be read", page=name, failures=page.failures)
                await self._try_later(page)
        except Exception as error:  # noqa: BLE001 - as above; the page is due again
            self._left.add(page.article_id)
            reason = str(error).partition("\n")[0]
            name = logged_url(page.url, public=not page.private)
            log.warning("what a page says could not be stored", page=name, reason=reason)

    async def _read_and_store(self, page: AwaitedPage, *, is_wanted: bool) -> None:
        if not is_wanted:
            name = logged_url(page.url, public=not page.private)
            log.info("a page is not read, because its host had no time for it", page=name)
        rules = await self._rules_for(page) if is_wanted else None
        reading = with_preset(rules.reading if rules else AS_USUAL, page.host)
        try:
            outcome = await self._read(page, reading) if is_wanted else _NOT_READ
        except HostPaused as wait:
            await self._put_off(page, wait.left)
        else:
            if outcome.answer and outcome.answer.asked:
                await self._put_off(page, outcome.answer.asked, outcome)
            else:
                await self._finish(page, outcome)
                await self._note_selectors(page, rules, outcome)

    async def _note_selectors(
        self, page: AwaitedPage, rules: EntryRules | None, read: _Outcome
    ) -> None:
        """Record whether the selectors of the page's source could be used, if that is new."""
        if rules is None or page.settings_of is None or not rules.reading.has_selectors:
            return
        if read.item and read.selector_problem != rules.problem:
            async with self.storage.writing() as tx:
                await note_selector_problem(tx, page.settings_of, read.selector_problem)

    async def _read(self, page: AwaitedPage, rules: ReadingRules) -> _Outcome:
        public = not page.private
        fetcher = self.fetcher
        if page.settings_of is not None:
            try:
                fetcher = await fetcher_for(
                    self.storage, self.keyring, fetcher, page.settings_of, page=page.url
                )
            except CannotOpenError:
                return _NOT_READ
        try:
            response = await fetcher.fetch(page.url, inside=page.inside, public=public)
        except HostPaused:
            raise
        except FetchError as error:
            silence = silence_of(error.host, error.problem, public=public)
            return _Outcome(answer=silence, spent=error.spent)
        answer = answer_in(response, datetime.now(UTC), public=public)
        if problem_of(response) or login_page(response, asked=page.url):
            return _Outcome(answer=answer, spent=response.spent)
        try:
            document = await self.reader.read(
                response.body,
                url=response.url,
                public=public,
                content_type=response.content_type,
                rules=rules,
            )
        except Unreadable:
            return _Outcome(answer=answer, spent=response.spent)
        is_page = document.kind is DocumentKind.PAGE and document.items
        item = document.items[0] if is_page else None
        return _Outcome(item, answer, document.selector_problem, response.spent)

    async def _rules_for(self, page: AwaitedPage) -> EntryRules | None:
        """Return the rules of the source that the page's article came from, if it has any."""
        if page.settings_of is None:
            return None
        async with self.storage.reading() as tx:
            rules = (await rules_of(tx, [page.settings_of])).get(page.settings_of)
            return EntryRules.of(rules, tx.now) if rules else None

    async def _put_off(
        self, page: AwaitedPage, wait: timedelta, read: _Outcome = _NOT_READ
    ) -> None:
        """Send the article on without its page, and read the page after the pause of its host."""
        async with self.storage.writing() as tx:
            await self._settle(tx, page, read)
            if tx.now + wait < page.awaited_since + PAGE_WANTED_FOR:
                await sources.postpone_page(tx, page.article_id, self.owner, tx.now + wait)
            elif not await sources.finish_page(tx, page.article_id, self.owner):
                return
            await _go_on(tx, page, None)

    async def _try_later(self, page: AwaitedPage) -> None:
        """Try the page again after the next pause in `RETRIES`; give it up after the last."""
        async with self.storage.writing() as tx:
            if page.failures < len(RETRIES):
                due_at, failures = tx.now + RETRIES[page.failures], page.failures + 1
                await sources.postpone_page(
                    tx, page.article_id, self.owner, due_at, failures=failures
                )
            else:
                await sources.finish_page(tx, page.article_id, self.owner)

    async def _finish(self, page: AwaitedPage, read: _Outcome) -> None:
        """Compare the page with its article, then take the write lock and store it.

        Raises OutdatedError if the article was revised in between each time.
        """
        for _ in range(_TRIES):
            outcome, learned = await self._outcome(page, read.item) if read.item else (None, "")
            with suppress(revise.OutdatedError):  # the article was revised in between
                async with self.storage.writing() as tx:
                    if await sources.finish_page(tx, page.article_id, self.owner):
                        await sources.delay_next_page(tx, page, timedelta(seconds=PAUSE_SECONDS))
                        await self._settle(tx, page, read)
                        if learned and not page.private:
                            await sources.store_boilerplate(tx, page.host, learned)
                        await _go_on(tx, page, outcome)
                return
        raise revise.OutdatedError

    async def _settle(self, tx: Transaction, page: AwaitedPage, read: _Outcome) -> None:
        """Apply the host's pauses, and charge a private page to the followers of its source."""
        await heed(tx, [read.answer])
        scope_id = await articles.scope_of(tx, page.article_id) if page.private else None
        if scope_id is not None:
            text = read.item.text if read.item else ""
            cost = cost_of(read.spent, entries=weight(text) - 1)
            await charge_sources(tx, {scope_id: cost}, self.budgets)

    async def _outcome(self, page: AwaitedPage, item: Item) -> tuple[PageOutcome | None, str]:
        """Return what a page changes, and the known boilerplate of its host, this page included.

        Boilerplate is stored for public pages only. Otherwise a feed that lists one page under many
        addresses could make its text pass for boilerplate.
        """
        async with self.storage.reading() as tx:
            known = await sources.boilerplate_of(tx, page.host)
        text, learned = await asyncio.to_thread(_without_boilerplate, known, item)
        own = replace(item, text=text)
        outcome = await revise.outcome_of(self.storage, page.article_id, page.url, own)
        return outcome, learned


def _without_boilerplate(known: str, item: Item) -> tuple[str, str]:
    """Return the text without the boilerplate of its host, and the updated boilerplate."""
    paragraphs = item.text.split("\n\n")
    learned = HostBoilerplate.of(known).after(item.title, paragraphs)
    return "\n\n".join(learned.without(paragraphs)), learned.written()


async def _go_on(tx: Transaction, page: AwaitedPage, outcome: PageOutcome | None) -> None:
    """Send the article on to matching, with its page if there is one."""
    if outcome:
        await _apply(tx, outcome)
        return
    for article in await articles.articles_to_revise(tx, [page.article_id]):
        if articles.is_untouched(article):
            _let_go(tx, article, {})


async def _apply(tx: Transaction, outcome: PageOutcome) -> None:
    """Complete the article with its page, or revise it if it has already gone on without it."""
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
    revise.add_picture(kept, outcome.page)
    has_new_labels = revise.add_labels(kept, outcome.page)
    # Otherwise nothing is indexed again, which costs more than reading the page.
    if values or has_new_labels:
        text = outcome.folded if values else folded_text(kept.text)
        folded = revise.folded_article(kept, folded_text(kept.title), text)
        await articles.replace_folded(tx, [folded])


def _let_go(tx: Transaction, article: Article, values: Mapping[str, Any]) -> None:
    articles.revise_article(tx, article, {"ready_at": None, **values})
    tx.notifications.add(Notification.ARTICLES)
