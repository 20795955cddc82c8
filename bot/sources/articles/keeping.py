"""Keeping what visits to sources brought: many sources in one transaction.

A transaction costs more than most visits bring, so those that end about the same time share one,
and what is too much for one takes several: its oldest entries are stored first, and the last unit
finishes the visit. If that never comes, the source is due again when its lease ends, and what is
stored by then is known. Where one cannot be stored, each visit gets units of its own; what cannot
be stored even then is told in the source's health.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot.matching.slices import Slices, in_turns
from bot.sources.articles.completion import awaiting_pages
from bot.sources.articles.identity import Identified, identifying
from bot.sources.articles.intake import Draft, Identity, content_hash, draft, url_hash
from bot.sources.articles.storing import Shown, store_shown
from bot.sources.fetch.problems import INTERNAL_ERROR, Problem, ProblemKind
from bot.sources.fetch.source import FetchResult
from bot.sources.fetch.throttle import PAUSE_SECONDS
from bot.sources.formats.records import Item
from bot.sources.formats.sitemaps import moment_of
from bot.sources.health import changes_after, host_to_pause, new_address
from bot.sources.urls import host_of
from storage.db.engine import Storage, Transaction, is_unavailable
from storage.db.leases import held
from storage.entries import KnownEntry, count_newest, known_entries
from storage.sources import Source, delay_host, finish_fetches, source_of

log = structlog.get_logger(__name__)

MOST_A_DAY: Final = 4_000  # new entries of one source
_DAY: Final = timedelta(days=1)
_UNCOUNTED: Final = 25  # new entries of one visit: hardly one brings more, and to count takes time
_MOST: Final = 200  # articles in one transaction, stored in about 20 ms: others wait for it
_LONG: Final = 4_000  # characters that weigh as much as an article
_TOO_MUCH: Final = Problem(
    ProblemKind.TOO_BIG, f"is too big to be read (over {MOST_A_DAY:,} new entries in a day)"
)

Entries = Mapping[int, Sequence[Identified]]  # by the source's id


@dataclass(frozen=True, slots=True)
class Brought:
    """*jitter*, in [-1, 1], spreads the next visit."""

    source: Source
    visited: FetchResult
    jitter: float = 0.0

    @property
    def source_id(self) -> int:
        return self.source.id


@dataclass(frozen=True, slots=True)
class _Part:
    """What one transaction stores of a visit. *is_last*: and with it the visit ends."""

    brought: Brought
    shown: Shown | None = None
    is_last: bool = True

    @property
    def source_id(self) -> int:
        return self.brought.source_id

    @property
    def drafts(self) -> Sequence[Draft]:
        return self.shown.drafts if self.shown else ()


@dataclass(frozen=True, slots=True)
class Keeping:
    storage: Storage
    owner: str

    async def keep(self, visits: Sequence[Brought]) -> set[int]:
        """Store what they brought; return the sources for which the database was away."""
        try:
            for some in _portions(await self._shown(visits)):
                await self._store(some)
        except Exception as error:  # a bad source must not stop the others
            if len(visits) > 1:
                left = [await self.keep([each]) for each in visits]
                return set().union(*left)
            url = visits[0].source.url
            if is_unavailable(error):
                reason = str(error).partition("\n")[0]
                log.warning("what a source brought could not be stored", source=url, reason=reason)
                return {visits[0].source_id}
            log.exception("a source could not be read", source=url)
            if visits[0].visited.problem != INTERNAL_ERROR:
                return await self.keep(
                    [replace(visits[0], visited=FetchResult(problem=INTERNAL_ERROR))]
                )
        return set()

    async def _shown(self, visits: Sequence[Brought]) -> list[_Part]:
        """Each with what its source shows for the first time or in other words."""
        entries = {
            each.source_id: await in_turns(identifying(each.visited.document, each.source.url))
            for each in visits
            if each.visited.document
        }
        if not any(entries.values()):
            return [_Part(each) for each in visits]
        asked = {at: [identity.guid_hash for _, identity in all_] for at, all_ in entries.items()}
        async with self.storage.reading() as tx:
            seen = await known_entries(tx, asked)
            room = await _room(tx, entries, seen)
            now = tx.now
        parts = []
        for each in visits:
            known = seen.get(each.source_id, {})
            told, found = _within(
                room.get(each.source_id), each, entries.get(each.source_id, ()), known
            )
            news = await in_turns(_news(told, found, known, now)) if found else None
            parts.append(_Part(told, news))
        return parts

    async def _store(self, parts: Sequence[_Part]) -> None:
        async with self.storage.writing() as tx:
            parts = await tx.at_once(self._finish(tx, parts))
            articles = await store_shown(tx, [part.shown for part in parts if part.shown])
        for part in parts:
            _report(part, articles.get(part.source_id, 0))

    async def _finish(self, tx: Transaction, parts: Sequence[_Part]) -> Sequence[_Part]:
        """Finish the visits that end; return the parts whose sources are still ours.

        The leases of the others were over: somebody else reads them now. It awaits statements
        alone.
        """
        changes = {p.source_id: await _changes(tx, p.brought) for p in parts if p.is_last}
        ours = await finish_fetches(tx, self.owner, changes)
        if going_on := [part.source_id for part in parts if not part.is_last]:
            ours |= await held(tx, Source, going_on, self.owner)
        parts = [part for part in parts if part.source_id in ours]
        for answer in (part.brought.visited.response for part in parts if part.is_last):
            if pause := host_to_pause(answer, tx.now):
                await delay_host(tx, *pause)
        return parts


async def _room(
    tx: Transaction, entries: Entries, seen: Mapping[int, Mapping[str, KnownEntry]]
) -> dict[int, int]:
    """Return how many new entries are taken of those sources that bring many."""
    many = [at for at, all_ in entries.items() if len(all_) - len(seen.get(at, ())) > _UNCOUNTED]
    since = tx.now - _DAY
    return {at: MOST_A_DAY - await count_newest(tx, at, since, MOST_A_DAY) for at in many}


def _within(
    room: int | None,
    brought: Brought,
    entries: Sequence[Identified],
    seen: Mapping[str, KnownEntry],
) -> tuple[Brought, Sequence[Identified]]:
    """Leave out new entries for which there is no *room*, the oldest, and say so."""
    if room is None:
        return brought, entries
    new = [(item, identity) for item, identity in entries if identity.guid_hash not in seen]
    new.sort(key=lambda entry: moment_of(entry[0]), reverse=True)
    left_out = {identity.guid_hash for _, identity in new[room:]}
    if not left_out:
        return brought, entries
    log.warning("new entries were left out", source=brought.source.url, entries=len(left_out))
    kept = [entry for entry in entries if entry[1].guid_hash not in left_out]
    return replace(brought, visited=replace(brought.visited, problem=_TOO_MUCH)), kept


def _news(
    brought: Brought, entries: Sequence[Identified], seen: Mapping[str, KnownEntry], now: datetime
) -> Slices[Shown]:
    source = brought.source
    backlog = source.first_read_at is None
    drafts = []
    for each in entries:
        if not _is_known(*each, seen):
            drafts.append(draft(*each, source_url=source.url, now=now, backlog=backlog))
        yield
    marked = awaiting_pages(drafts, source.full_text, source.kind)
    return Shown(brought.source_id, marked, seen, inside=brought.visited.own_network)


def _is_known(item: Item, identity: Identity, seen: Mapping[str, KnownEntry]) -> bool:
    known = seen.get(identity.guid_hash)
    return known is not None and known.content_hash == content_hash(item)


def _portions(visits: Iterable[_Part]) -> Iterator[Sequence[_Part]]:
    """As few as have no more articles than a transaction should."""
    portion: list[_Part] = []
    weight = 0
    for whole in visits:
        *firsts, last = parted(whole.drafts)
        for drafts in firsts:
            yield [_of(whole, drafts, is_last=False)]
        if portion and weight + _weight(last) > _MOST:
            yield portion
            portion, weight = [], 0
        portion.append(_of(whole, last, is_last=True) if firsts else whole)
        weight += _weight(last)
    if portion:
        yield portion


def _of(whole: _Part, drafts: Sequence[Draft], *, is_last: bool) -> _Part:
    return replace(
        whole, shown=whole.shown and replace(whole.shown, drafts=drafts), is_last=is_last
    )


def parted(drafts: Sequence[Draft]) -> list[Sequence[Draft]]:
    """In parts that a transaction should store, the oldest entries first; at least one part."""
    parts: list[list[Draft]] = [[]]
    room = _MOST
    for each in reversed(drafts):
        weight = _weight([each])
        if parts[-1] and weight > room:
            parts.append([])
            room = _MOST
        parts[-1].append(each)
        room -= weight
    return [part[::-1] for part in parts]


def _weight(drafts: Iterable[Draft]) -> int:
    return sum(1 + (len(each.text) + len(each.item.summary)) // _LONG for each in drafts)


async def _changes(tx: Transaction, brought: Brought) -> dict[str, Any]:
    changes = changes_after(brought.source, brought.visited, tx.now, brought.jitter)
    if (target := new_address(changes)) and not await source_of(tx, url_hash(target)):
        changes |= {"url": target, "url_hash": url_hash(target), "host": host_of(target)}
        changes |= {"moved_to": None, "moved_seen": 0}
    if not changes.get("own_network", brought.source.own_network):
        changes["lease_until"] = tx.now + timedelta(seconds=PAUSE_SECONDS)
    return changes


def _report(part: _Part, articles: int) -> None:
    url, problem = part.brought.source.url, part.brought.visited.problem
    if problem and part.is_last:
        log.warning("source in trouble", source=url, trouble=problem.sentence)
    elif articles:
        log.info("new articles", source=url, articles=articles)
