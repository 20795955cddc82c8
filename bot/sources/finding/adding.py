"""Adding a source: one GET checks, reads and stores it with its backlog, which alerts nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from bot.matching.slices import Slices, in_turns
from bot.sources.articles.identity import identifying
from bot.sources.articles.intake import Draft, draft, url_hash
from bot.sources.articles.keeping import parted
from bot.sources.articles.storing import store_drafts
from bot.sources.bookkeeping import first_row
from bot.sources.finding.discovery import ReadsLinks
from bot.sources.finding.feedlinks import Link
from bot.sources.finding.finds import Find
from bot.sources.finding.outlets import as_shown
from bot.sources.getting.cadence import SHORTEST_WISH
from bot.sources.getting.visiting import Asked, Fetches, Visit, visit
from storage.db.engine import Storage, Transaction
from storage.db.leases import held
from storage.enums import FullText, SourceState
from storage.sources import (
    Source,
    add_source,
    change_source,
    finish_fetches,
    make_source_public,
    source_of,
)


class Outcome(StrEnum):
    ADDED = "added"
    THERE = "already there"
    SEVERAL = "has several feeds"
    REFUSED = "could not be added"


@dataclass(frozen=True, slots=True)
class Addition:
    """What came of it; `sentence` says why not. `source_id` is there if it is a source now.

    `found_at`: the page that names it, where that was asked for. `choice`: what there is to pick
    from, as far as it was read, and `unread` what may be there besides.
    """

    url: str
    outcome: Outcome
    title: str = ""
    articles: int = 0
    sentence: str = ""
    source_id: int | None = None
    found_at: str = ""
    choice: tuple[Find, ...] = ()
    unread: tuple[Link, ...] = ()


class Form(StrEnum):
    """What may be added where an address turns out to be a page."""

    ANY = "any"  # its one feed; where it has none, the page itself
    FEED = "feed"  # its one feed and nothing else
    PAGE = "page"  # the page itself, whatever feeds it has


@dataclass(frozen=True, slots=True)
class Wish:
    """How a source is wanted: its interval, its name here, where it stands in a list.

    What is None stays as it is.
    """

    every: timedelta | None = None
    title: str = ""
    folder: tuple[str, ...] = ()
    form: Form = Form.ANY
    full_text: FullText | None = None


AS_IT_COMES = Wish()

LEASE: Final = timedelta(minutes=1)
# What says of a source that it has been read.
_READ: Final = ("first_read_at", "etag", "last_modified", "body_hash", "next_fetch_at")


@dataclass(frozen=True, slots=True)
class Adding:
    """*public*: the operator asks, so that every chat may get it and the own network is open."""

    storage: Storage
    fetcher: Fetches
    reader: ReadsLinks
    public: bool = True

    async def add(
        self, url: str, wish: Wish = AS_IT_COMES, *, visited: Visit | None = None
    ) -> Addition:
        """Add what is at *url*, once; *visited* is what was just read there, if somebody has."""
        url = url.strip()
        if there := await self.there(url, wish):
            return there
        visited = visited or await visit(self.fetcher, self.reader, Asked(url, inside=self.public))
        if why_not := refusal(visited, wish.every):
            return Addition(url, Outcome.REFUSED, wish.title, sentence=why_not)
        final = visited.settled(url)
        if final != url and (there := await self.there(final, wish)):
            return there
        return await self._store(final, visited, wish)

    async def there(self, url: str, wish: Wish = AS_IT_COMES) -> Addition | None:
        """Say so if *url* is a source already, changed as is wanted now; None if it is none."""
        async with self.storage.reading() as tx:
            source = await source_of(tx, url_hash(url))
            now = tx.now
        if source is None:
            return None
        if self.public and not source.public:
            return await self._make_public(source, wish)
        changes = self._changes(source, wish)
        is_back = self.public and source.state is SourceState.GONE
        if is_back:
            changes |= {"state": SourceState.ACTIVE, "next_fetch_at": now}
        if changes:
            async with self.storage.writing() as tx:
                await change_source(tx, source.id, changes)
        title = changes.get("title", source.title)
        sentence = "was gone, and is asked again" if is_back else ""
        return Addition(url, Outcome.THERE, title, sentence=sentence, source_id=source.id)

    async def _make_public(self, source: Source, wish: Wish) -> Addition:
        """Read the source as if it were new: whatever it said for its followers stays theirs."""
        visited = await visit(self.fetcher, self.reader, Asked(source.url, inside=True))
        if why_not := refusal(visited, wish.every):
            return Addition(source.url, Outcome.REFUSED, source.title, sentence=why_not)
        return await self._store(source.url, visited, wish, private=source)

    def _changes(self, source: Source, wish: Wish) -> dict[str, Any]:
        """Adding once more says what is wanted now; nobody can take what the operator gave."""
        if not self.public:
            return {}
        changes: dict[str, Any] = {}
        if wish.every is not None:
            changes["every_seconds"] = round(wish.every.total_seconds())
        if wish.full_text is not None:
            changes["full_text"] = wish.full_text
        if wish.title and wish.title != source.title:
            changes["title"] = wish.title
        if wish.folder and list(wish.folder) != source.folder:
            changes["folder"] = list(wish.folder)
        return changes

    async def _store(
        self, url: str, visited: Visit, wish: Wish, *, private: Source | None = None
    ) -> Addition:
        """Store the source with its backlog; a *private* one becomes public by that."""
        async with self.storage.writing() as tx:
            row = first_row(url, visited, wish.every, tx.now)
            row |= {"public": self.public, "folder": list(wish.folder)}
            row["full_text"] = wish.full_text or FullText.AUTO
            row["title"] = wish.title or row["title"] or row["host"]
            first, *others = parted(await in_turns(_backlog(row, visited, tx.now)))
            owner = f"adding {uuid4().hex}"
            row_now = row | (_unread(tx, owner) if others else {})
            if private is None:
                source_id = await add_source(tx, row_now)
            else:
                source_id = await make_source_public(tx, private, row_now)
            if source_id is None:  # somebody else added it while we were reading
                return Addition(url, Outcome.THERE, row["title"])
            articles = await store_drafts(tx, source_id, first)
        for some in others:
            ending = {name: row[name] for name in _READ} if some is others[-1] else None
            articles += await self._store_more(source_id, owner, some, ending)
        outcome = Outcome.THERE if private else Outcome.ADDED
        return Addition(url, outcome, row["title"], articles, source_id=source_id)

    async def _store_more(
        self, source_id: int, owner: str, drafts: Sequence[Draft], ending: dict[str, Any] | None
    ) -> int:
        """Store a part of a backlog too long for one transaction; *ending*: the last one."""
        async with self.storage.writing() as tx:
            if not await held(tx, Source, [source_id], owner):
                return 0  # whoever reads it now stores the rest
            if ending:
                await finish_fetches(tx, owner, {source_id: ending})
            return await store_drafts(tx, source_id, drafts)


def refusal(visited: Visit, every: timedelta | None) -> str:
    """Say why the source cannot be added; "" if it can."""
    if visited.problem:
        return visited.problem.sentence
    if visited.document is None:
        return "gives nothing to read"
    if every is not None and every < SHORTEST_WISH and not visited.own_network:
        return "may be asked every 5 minutes at most, because it is not in ALLOWED_NETWORKS"
    return ""


def _backlog(row: Mapping[str, Any], visited: Visit, now: datetime) -> Slices[list[Draft]]:
    if visited.document is None:
        return []
    document = as_shown(visited.document, row["kind"], row["host"])
    drafts = []
    for each in (yield from identifying(document, row["url"])):
        drafts.append(draft(*each, source_url=row["url"], now=now, backlog=True))
        yield
    return drafts


def _unread(tx: Transaction, owner: str) -> dict[str, Any]:
    """How a source is stored whose backlog is not: if that never comes, it is read anew."""
    leased = {"owner": owner, "lease_until": tx.now + LEASE, "next_fetch_at": tx.now}
    return dict.fromkeys(_READ) | leased
