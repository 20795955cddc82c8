"""Adds sources: one GET checks, reads and stores a source with its backlog, which alerts nobody.

A user names a feed or a page. If a page has one feed, the feed is added. If it has none, the page
itself is added. If it has several, nothing is added, and the result lists them to choose from.

Many sources, such as the starter feeds, are added host by host.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any, Final, TypeAlias
from uuid import uuid4

from bot.budgets import FREE, Cost
from bot.sources.channels.addresses import source_address
from bot.sources.channels.gaps import pack_newest
from bot.sources.decide import SourceEntries, kind_of, source_changes
from bot.sources.discovery.discover import (
    DiscoveryResult,
    FoundFeed,
    ReadsLinks,
    SampleSite,
    discover,
    feeds_by_rule,
    is_list,
)
from bot.sources.discovery.links import FeedLink, Where
from bot.sources.discovery.opml import Outline
from bot.sources.discovery.publishers import with_publishers
from bot.sources.drafts import ArticleDraft, draft_of, identify, url_hash
from bot.sources.entries import PreparedEntries, prepare, store_prepared
from bot.sources.fetch.problems import NOTHING_SPENT, Problem, ProblemCode
from bot.sources.fetch.response import NOT_A_FEED
from bot.sources.fetch.schedule import MIN_OPERATOR_INTERVAL
from bot.sources.fetch.source import Fetches, FetchRequest, FetchResult, fetch_source
from bot.sources.hosts import shown_host
from bot.sources.payment import cost_of
from bot.sources.store import parted, weight_of
from bot.sources.urls import host_of
from storage import sources
from storage.db.engine import Storage, Transaction
from storage.db.leases import lock_own
from storage.db.problems import DatabaseError
from storage.enums import FullText, SourceKind, SourceState
from storage.sources import Source

LEASE: Final = timedelta(minutes=1)
_NO_ROW: Final = 0  # stands for the id of a source that is not stored yet
# The columns that show that a source has been read.
_READ: Final = ("first_read_at", "etag", "last_modified", "body_hash", "next_fetch_at")


class AddOutcome(StrEnum):
    ADDED = "added"
    THERE = "already there"
    SEVERAL = "has several feeds"
    REFUSED = "could not be added"


@dataclass(frozen=True, slots=True)
class Addition:
    """The result of adding: `source_id` if the address is a source now, else `problem`.

    `found_at`: the page that names the feed. `choice`: the feeds that were read, to choose from.
    `unread`: links that may be feeds too. `cost`: the cost of the fetch and the stored entries.
    """

    url: str
    outcome: AddOutcome
    title: str = ""
    articles: int = 0
    problem: Problem | None = None
    source_id: int | None = None
    found_at: str = ""
    choice: tuple[FoundFeed, ...] = ()
    unread: tuple[FeedLink, ...] = ()
    cost: Cost = FREE


class Form(StrEnum):
    """The kinds of source that may be added for the address of a page."""

    ANY = "any"  # its one feed; if it has none, the page itself
    FEED = "feed"  # its one feed and nothing else
    PAGE = "page"  # the page itself, whatever feeds it has


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """The interval, title, folder in a list and other options of a source; None: unchanged."""

    every: timedelta | None = None
    title: str = ""
    folder: tuple[str, ...] = ()
    form: Form = Form.ANY
    full_text: FullText | None = None


@dataclass(frozen=True, slots=True)
class SourceAdder:
    """Adds sources; *options* apply to every source that is added without its own options.

    *public*: the sources are the operator's, so every chat may get their articles, and addresses
    in the allowed networks may be read. It has no default, because a forgotten argument must not
    publish what a chat adds.

    *room*: how many entries the account may still pay for today. A longer backlog is left to the
    polls. None: no account pays. *newsroom*: the playground's, whose feeds are always public.
    """

    storage: Storage
    fetcher: Fetches
    reader: ReadsLinks
    public: bool = field(kw_only=True)
    options: SourceOptions = SourceOptions()
    room: int | None = None
    newsroom: SampleSite | None = None

    async def for_account(self, url: str, /, *, room: int) -> Addition:
        """Add the source at *url*, with at most *room* entries."""
        return await replace(self, room=room).add(url)

    async def add(self, url: str, options: SourceOptions | None = None) -> Addition:
        """Add the source at *url* once: a feed, the one feed of a page, or the page itself."""
        options = options or self.options
        url = source_address(url)
        if self.newsroom and self.newsroom.has(self.newsroom.address(url)):
            url = self.newsroom.address(url)
            options = replace(options, every=self.newsroom.every)
            return await replace(self, public=True, newsroom=None, room=None).add(url, options)
        if existing := await self._existing(url, options):
            return existing
        spent = NOTHING_SPENT
        if options.form is not Form.PAGE:
            known = await feeds_by_rule(
                self.fetcher, self.reader, url, inside=self.public, public=self.public
            )
            if known.feeds:
                return await self._add_page(url, known, options)
            spent = known.spent
        result = await fetch_source(
            self.fetcher,
            self.reader,
            FetchRequest(url, inside=self.public, public=self.public),
        )
        result = replace(result, spent=spent + result.spent)
        if options.form is not Form.PAGE and not is_list(result):
            found = await discover(
                self.fetcher,
                self.reader,
                url,
                result=result,
                inside=self.public,
                public=self.public,
            )
            if found.is_page:
                return await self._add_page(url, found, options)
        return await self._add_fetched(url, result, options)

    async def _add_page(self, url: str, found: DiscoveryResult, options: SourceOptions) -> Addition:
        """Add the one feed of a page, or else the page itself."""
        feeds = [feed for feed in found.feeds if feed.tells_news]
        unread = [link for link in found.unread if link.where is not Where.SITEMAP]
        if len(feeds) + len(unread) > 1:
            several = _several_feeds(url, feeds, unread, options)
            return replace(several, cost=cost_of(found.spent))
        if feeds:
            feed = feeds[0]
            added = await self._existing(feed.url, options)
            added = added or await self._add_fetched(feed.url, feed.result, options)
            return replace(added, found_at=url)
        if options.form is Form.FEED:
            return Addition(url, AddOutcome.REFUSED, options.title, problem=NOT_A_FEED)
        if found.result.document is None:
            problem = found.result.problem
            if problem is None or problem.code is not ProblemCode.LOGIN_PAGE:
                problem = Problem(ProblemCode.NO_FEED_OR_ARTICLE)
            return Addition(url, AddOutcome.REFUSED, options.title, problem=problem)
        return await self._add_fetched(url, found.result, options)

    async def _add_fetched(self, url: str, result: FetchResult, options: SourceOptions) -> Addition:
        if problem := problem_with(result, options.every):
            cost = cost_of(result.spent)
            return Addition(url, AddOutcome.REFUSED, options.title, problem=problem, cost=cost)
        final = result.address_of(url)
        if final != url and (existing := await self._existing(final, options)):
            return existing
        return await self._store(final, result, options)

    async def _existing(self, url: str, options: SourceOptions) -> Addition | None:
        """Change the source at *url* by *options* and return it; None if it does not exist."""
        async with self.storage.reading() as tx:
            source = await sources.source_of(tx, url_hash(url))
        if source is None:
            return None
        if source.state is SourceState.PASSIVE:
            problem = None if source.public else Problem(ProblemCode.NOT_ALLOWED)
            outcome = AddOutcome.REFUSED if problem else AddOutcome.THERE
            return Addition(url, outcome, source.title, problem=problem, source_id=source.id)
        if self.public and not source.public:
            return await self._make_public(source, options)
        changes = self._changes(source, options)
        is_back = self.public and source.state is SourceState.GONE
        if is_back:
            changes["state"] = SourceState.ACTIVE
        if changes:
            async with self.storage.writing() as tx:
                await sources.change_source(tx, source.id, changes)
                if is_back:
                    await sources.make_due(tx, source)
        title = changes.get("title", source.title)
        problem = Problem(ProblemCode.ASKED_AGAIN) if is_back else None
        return Addition(url, AddOutcome.THERE, title, problem=problem, source_id=source.id)

    async def _make_public(self, source: Source, options: SourceOptions) -> Addition:
        """Make the source public and read it as if it were new.

        Its earlier entries stay visible to its followers only.
        """
        request = FetchRequest(source.url, inside=True, public=True)
        result = await fetch_source(self.fetcher, self.reader, request)
        if problem := problem_with(result, options.every):
            return Addition(source.url, AddOutcome.REFUSED, source.title, problem=problem)
        return await self._store(source.url, result, options, private=source)

    def _changes(self, source: Source, options: SourceOptions) -> dict[str, Any]:
        """Return the options to change; only the operator may change those of a public source."""
        if not self.public:
            return {}
        changes: dict[str, Any] = {}
        if options.every is not None:
            changes["every_seconds"] = round(options.every.total_seconds())
        if options.full_text is not None:
            changes["full_text"] = options.full_text
        if options.title and options.title != source.title:
            changes["title"] = options.title
        if options.folder and list(options.folder) != source.folder:
            changes["folder"] = list(options.folder)
        return changes

    async def _store(
        self,
        url: str,
        result: FetchResult,
        options: SourceOptions,
        *,
        private: Source | None = None,
    ) -> Addition:
        """Store the source with its backlog; *private*: that source becomes public."""
        async with self.storage.reading() as tx:
            row = self._first_row(url, result, options, tx.now)
        first, *others = parted(await asyncio.to_thread(_backlog, row, result, row["created_at"]))
        count = weight_of(chain(first, *others))
        if self.room is not None and count > self.room:
            first, others, count = [], [], 0
            row |= dict.fromkeys(_READ) | {"next_fetch_at": row["created_at"]}
        cost = cost_of(result.spent, entries=count)
        entries = await self._prepared(private.id if private else _NO_ROW, first)
        owner = f"adding {uuid4().hex}"
        async with self.storage.writing() as tx:
            row_now = row | (_unread_columns(tx, owner) if others else {})
            if private is None:
                source_id = await sources.add_source(tx, row_now)
            else:
                await sources.make_source_public(tx, private, row_now)
                source_id = private.id
            if source_id is None:  # another process added it meanwhile
                return Addition(url, AddOutcome.THERE, row["title"], cost=cost_of(result.spent))
            articles = await _store_backlog(tx, source_id, entries)
        for some in others:
            ending = {name: row[name] for name in _READ} if some is others[-1] else None
            articles += await self._store_more(source_id, owner, some, ending)
        outcome = AddOutcome.THERE if private else AddOutcome.ADDED
        return Addition(url, outcome, row["title"], articles, source_id=source_id, cost=cost)

    async def _prepared(
        self, source_id: int, drafts: Sequence[ArticleDraft]
    ) -> list[PreparedEntries]:
        return await prepare(self.storage, [SourceEntries(source_id, drafts, inside=False)])

    def _first_row(
        self, url: str, result: FetchResult, options: SourceOptions, now: datetime
    ) -> dict[str, Any]:
        new = new_source(url, result, now, options.every)
        title = options.title or (result.document.title if result.document else "")
        return {
            **source_changes(new, result, now, 0),
            "url": new.url,
            "url_hash": new.url_hash,
            "host": new.host,
            "title": title or shown_host(new.host),
            "folder": list(options.folder),
            "kind": new.kind,
            "fingerprints": _newest_post(new.kind, result),
            "public": self.public,
            "every_seconds": new.every_seconds,
            "full_text": options.full_text or FullText.AUTO,
            "created_at": now,
        }

    async def _store_more(
        self,
        source_id: int,
        owner: str,
        drafts: Sequence[ArticleDraft],
        ending: dict[str, Any] | None,
    ) -> int:
        """Store a part of a backlog that is too long for one transaction.

        *ending*: the columns to change with the last part.
        """
        entries = await self._prepared(source_id, drafts)
        async with self.storage.writing() as tx:
            if not await lock_own(tx, Source, [source_id], owner):
                return 0  # a poller has claimed the source and stores the rest
            if ending:
                await sources.finish_fetches(tx, owner, {source_id: ending})
            return await _store_backlog(tx, source_id, entries)


async def _store_backlog(
    tx: Transaction, source_id: int, entries: Sequence[PreparedEntries]
) -> int:
    """Store the first entries that a source shows; return the number of new articles."""
    ready = [each.of_source(source_id) for each in entries]
    stored = await tx.at_once(store_prepared(tx, ready))
    await sources.forget_validators(tx, stored.unsettled)
    return stored.articles[source_id]


def new_source(
    url: str, result: FetchResult, now: datetime, every: timedelta | None = None
) -> Source:
    """Return the row of a source as it is before *result*, its first fetch, is stored."""
    return Source(
        url=url,
        url_hash=url_hash(url),
        host=host_of(url),
        kind=kind_of(result),
        every_seconds=None if every is None else round(every.total_seconds()),
        created_at=now,
        next_fetch_at=now,
    )


def _newest_post(kind: SourceKind, result: FetchResult) -> bytes:
    """Return what the next read of a channel must know; b"" for any other source."""
    if kind is not SourceKind.CHANNEL or result.document is None:
        return b""
    return pack_newest(result.document)


def problem_with(result: FetchResult, every: timedelta | None) -> Problem | None:
    """Return why the source cannot be added; None if it can."""
    if result.problem:
        return result.problem
    if result.document is None:
        return Problem(ProblemCode.NOTHING_TO_READ)
    if every is not None and every < MIN_OPERATOR_INTERVAL and not result.own_network:
        return Problem(ProblemCode.INTERVAL_TOO_SHORT)
    return None


def _several_feeds(
    url: str, feeds: Sequence[FoundFeed], unread: Sequence[FeedLink], options: SourceOptions
) -> Addition:
    """Return the choice of feeds without their documents; a list may have a thousand such sites."""
    return Addition(
        url,
        AddOutcome.SEVERAL,
        options.title,
        choice=tuple(replace(feed, result=FetchResult()) for feed in feeds),
        unread=tuple(unread),
    )


def _backlog(row: Mapping[str, Any], result: FetchResult, now: datetime) -> list[ArticleDraft]:
    if result.document is None:
        return []
    document = with_publishers(result.document, row["kind"], row["host"])
    url = row["url"]
    return [
        draft_of(*each, source_url=url, now=now, backlog=True) for each in identify(document, url)
    ]


def _unread_columns(tx: Transaction, owner: str) -> dict[str, Any]:
    """Return the columns until the backlog is stored, so that the source is read after a crash."""
    leased = {"owner": owner, "lease_until": tx.now + LEASE, "next_fetch_at": tx.now}
    return dict.fromkeys(_READ) | leased


HOSTS_AT_ONCE: Final = 16

# An address, and how to read it.
Wanted: TypeAlias = tuple[str, SourceOptions]


def as_listed(outlines: Iterable[Outline], options: SourceOptions) -> list[Wanted]:
    """Return the sources in a list. A page that is listed as a feed must have exactly one feed."""
    return [
        (
            each.url or each.site,
            replace(
                options,
                title=each.title,
                folder=each.folder,
                form=Form.PAGE if each.is_page else Form.FEED,
            ),
        )
        for each in outlines
    ]


async def add_all(
    adder: SourceAdder,
    wanted: Sequence[Wanted],
    trying: Callable[[Sequence[Addition], str], None],
) -> list[Addition]:
    """Add sources, one at a time per host; return the additions in the order of completion.

    *trying* gets the additions so far and the name of the source that is read next.
    """
    done: list[Addition] = []
    hosts = iter(_by_host(wanted))

    async def add_hosts() -> None:
        for one_host in hosts:
            for url, options in one_host:
                trying(done, options.title or url)
                done.append(await _add(adder, url, options))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(HOSTS_AT_ONCE, len(wanted))):
            group.create_task(add_hosts())
    return done


def count_failures(done: Iterable[Addition]) -> int:
    fine = {AddOutcome.ADDED, AddOutcome.THERE}
    return sum(addition.outcome not in fine for addition in done)


def _by_host(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    """Yield the sources of each host, the largest host first because it takes the longest."""
    hosts: dict[str, list[Wanted]] = defaultdict(list)
    for url, options in wanted:
        hosts[host_of(url)].append((url, options))
    yield from sorted(hosts.values(), key=len, reverse=True)


async def _add(adder: SourceAdder, url: str, options: SourceOptions) -> Addition:
    """Add a source; return a database error as an outcome, so that the others are still added."""
    try:
        return await adder.add(url, options)
    except DatabaseError as error:
        detail = {"reason": str(error.orig).splitlines()[0]}
        problem = Problem(ProblemCode.NOT_STORED, detail)
        return Addition(url, AddOutcome.REFUSED, options.title, problem=problem)
