"""Stores the results of fetches, several of them in one transaction.

Fetches that finish together share one transaction, because a commit costs more than storing a
typical fetch. A large fetch takes several transactions: its oldest entries are stored first, and
the last transaction finishes the fetch. If the process stops before that, the source is due again
when its lease expires, and the next fetch skips the stored entries. If one result cannot be stored,
each result gets transactions of its own. A result that fails even then is shown in the source's
health.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, TypeAlias

import structlog

from bot.budgets import USUAL, Budgets, Cost, weight
from bot.sources.decide import (
    MOST_A_DAY,
    Fetched,
    FetchOutcome,
    Known,
    SourceEntries,
    decide,
    new_address,
    postponed,
)
from bot.sources.drafts import ArticleDraft, IdentifiedItem, identify
from bot.sources.entries import (
    PreparedEntries,
    Stored,
    prepare,
    prepare_from,
    store_prepared,
    stored_before,
)
from bot.sources.feeds.model import DocumentKind
from bot.sources.fetch.problems import NOTHING_SPENT, Problem, ProblemCode
from bot.sources.fetch.source import FetchResult
from bot.sources.fetch.throttle import PAUSE_SECONDS
from bot.sources.host_answers import answer_of, heed
from bot.sources.payment import charge_sources, cost_of, rooms
from bot.sources.urls import logged_url
from storage import sources
from storage.db.engine import Storage, Transaction
from storage.db.leases import lock_own
from storage.db.problems import is_unavailable
from storage.entries import KnownEntry, count_newest, known_entries
from storage.enums import SourceKind, UsageKind
from storage.source_rules import (
    LONGEST_TITLE_KEPT,
    dropped_entries,
    note_selector_problem,
    remember_dropped,
)
from storage.sources import Source

log = structlog.get_logger(__name__)

_DAY: Final = timedelta(days=1)
_UNCOUNTED: Final = 25  # new entries of one fetch, above which the entries of the day are counted
_MOST: Final = 100  # articles in one transaction, so that other writers wait 20 ms at most
_FAILED: Final = FetchResult(problem=Problem(ProblemCode.INTERNAL_ERROR))

_Identified: TypeAlias = Mapping[int, Sequence[IdentifiedItem]]
"""The entries that are new or may have changed, by the id of their source."""


async def store_fetched(
    storage: Storage, owner: str, fetched: Sequence[Fetched], budgets: Budgets = USUAL
) -> set[int]:
    """Store the results; return the sources that were not stored because the database was away.

    The *budgets* are those of the accounts that follow private sources.
    """
    try:
        await store_together(storage, owner, fetched, budgets)
    except Exception as error:  # a bad source must not stop the others
        if len(fetched) > 1:
            left = [await store_fetched(storage, owner, [each], budgets) for each in fetched]
            return set().union(*left)
        names = _names_in_log(fetched[0].source)
        if is_unavailable(error):
            reason = str(error).partition("\n")[0]
            log.warning("the result of a fetch could not be stored", **names, reason=reason)
            return {fetched[0].source_id}
        log.exception("a source could not be read", **names)
        if fetched[0].result != _FAILED:
            failed = replace(fetched[0], result=_FAILED)
            return await store_fetched(storage, owner, [failed], budgets)
    return set()


Then: TypeAlias = Callable[[Transaction], Awaitable[None]]


async def _nothing(_tx: Transaction) -> None:
    pass


async def store_together(
    storage: Storage,
    owner: str,
    fetched: Sequence[Fetched],
    budgets: Budgets = USUAL,
    then: Then = _nothing,
) -> None:
    """Decide about the fetched documents, and store the results in portions.

    The last transaction also stores the fetches without a document, because these need no stored
    state, and runs *then*, which may await only statements. Raises if one result cannot be stored.
    """
    with_documents = [each for each in fetched if each.result.document]
    portions, prepared = await _decided(storage, with_documents, budgets)
    unsettled: set[int] = set()
    for parts, following in pairwise(portions):
        await _store_portion(storage, owner, _Portion(parts, prepared), budgets, unsettled)
        prepared = await prepare(storage, _entries_of(following))
    simple = [each for each in fetched if not each.result.document]
    last = _Portion(portions[-1], prepared, simple, then)
    await _store_portion(storage, owner, last, budgets, unsettled)


async def _decided(
    storage: Storage, fetched: Sequence[Fetched], budgets: Budgets
) -> tuple[list[Sequence[_Part]], list[PreparedEntries]]:
    """Return the parts for each transaction, and the prepared entries of the first one.

    Identifies the entries of the documents, loads their stored state, and decides. Long work
    happens in threads, and before the write lock is taken. All is read in one transaction, because
    usually the first portion is the only one.
    """
    if not fetched:
        return [()], []
    fetched = sorted(fetched, key=_rank)
    identified = await asyncio.to_thread(_identify, fetched)
    async with storage.reading() as tx:
        known = await _known(tx, fetched, identified, budgets)
        outcomes = await asyncio.to_thread(
            lambda: [
                decide(each, identified[each.source_id], known[each.source_id], tx.now)
                for each in fetched
            ]
        )
        portions = list(_portions(outcomes))
        entries = _entries_of(portions[0])
        before = await stored_before(tx, entries) if entries else None
    for outcome in outcomes:
        if outcome.left_out:
            names = _names_in_log(outcome.fetched.source)
            log.warning("new entries were left out", **names, entries=outcome.left_out)
    return portions, await prepare_from(before, entries) if before else []


def _entries_of(parts: Iterable[_Part]) -> list[SourceEntries]:
    return [part.entries for part in parts if part.entries.drafts]


@dataclass(frozen=True, slots=True)
class _Portion:
    """The content of one transaction: *parts*, and the *simple* fetches, those without a document.

    *then* runs at its end.
    """

    parts: Sequence[_Part]
    prepared: Sequence[PreparedEntries]
    simple: Sequence[Fetched] = ()
    then: Then = _nothing


async def _store_portion(
    storage: Storage, owner: str, portion: _Portion, budgets: Budgets, unsettled: set[int]
) -> None:
    """Store the portion; add the sources that must be read again in full to *unsettled*."""

    async def store(tx: Transaction) -> tuple[list[_Part], Stored]:
        known = Known(channels=await _count_channels(tx, portion.simple))
        outcomes = [decide(each, (), known, tx.now) for each in portion.simple]
        simple = [_Part(outcome, outcome.entries, is_last=True) for outcome in outcomes]
        ours = await _finish(tx, owner, [*portion.parts, *simple], budgets)
        our_ids = {part.source_id for part in ours}
        ready = [each for each in portion.prepared if each.source_id in our_ids]
        stored = await store_prepared(tx, ready)
        unsettled.update(stored.unsettled)
        await _note_rules(tx, ours)
        ended = {part.source_id for part in ours if part.is_last}
        await sources.forget_validators(tx, unsettled & ended)
        await portion.then(tx)
        return ours, stored

    ours, stored = await storage.write_at_once(store)
    for part in ours:
        _report(part, stored.articles[part.source_id])


async def _note_rules(tx: Transaction, parts: Iterable[_Part]) -> None:
    """Remember the entries that rules have dropped, and whether selectors could be used."""
    for part in parts:
        rules, document = part.fetched.rules, part.fetched.result.document
        if rules is None or document is None or not part.is_last:
            continue
        if part.outcome.dropped:
            await remember_dropped(tx, part.source_id, list(map(dropped_row, part.outcome.dropped)))
        is_page = document.kind is DocumentKind.PAGE
        if is_page and rules.reading.has_selectors and document.selector_problem != rules.problem:
            await note_selector_problem(tx, part.source_id, document.selector_problem)


def dropped_row(draft: ArticleDraft) -> dict[str, str]:
    return {
        "guid_hash": draft.guid_hash,
        "content_hash": draft.content_hash,
        "title": draft.title[:LONGEST_TITLE_KEPT],
    }


def _rank(fetched: Fetched) -> tuple[bool, int]:
    """Sort searches last, so that the source of record is first among those with one article."""
    return fetched.source.kind is SourceKind.SEARCH, fetched.source_id


def _identify(fetched: Iterable[Fetched]) -> _Identified:
    return {
        each.source_id: identify(each.result.document, each.source.url)
        for each in fetched
        if each.result.document
    }


async def _known(
    tx: Transaction, fetched: Sequence[Fetched], identified: _Identified, budgets: Budgets
) -> dict[int, Known]:
    judged = {
        each.source_id
        for each in fetched
        if each.rules and each.rules.are_any and identified[each.source_id]
    }
    guids = {
        source_id: [identity.guid_hash for _, identity in entries]
        for source_id, entries in identified.items()
        if entries
    }
    known = await known_entries(tx, guids) if guids else {}
    private = {each.source_id for each in fetched if not each.source.public} & guids.keys()
    room = await _public_rooms(tx, identified, known, private)
    room |= await rooms(tx, private, UsageKind.ENTRIES, budgets)
    pages = await rooms(tx, private, UsageKind.PAGES, budgets)
    channels = await _count_channels(tx, fetched)
    dropped = await dropped_entries(tx, {each: guids[each] for each in judged}) if judged else {}
    return {
        each.source_id: Known(
            known.get(each.source_id, {}),
            room.get(each.source_id),
            pages.get(each.source_id),
            channels,
            dropped.get(each.source_id, {}),
        )
        for each in fetched
    }


async def _count_channels(tx: Transaction, fetched: Iterable[Fetched]) -> int:
    """Return how many channels are read; 0, without a statement, if none was fetched here."""
    if any(each.source.kind is SourceKind.CHANNEL for each in fetched):
        return await sources.count_channels(tx)
    return 0


async def _public_rooms(
    tx: Transaction,
    identified: _Identified,
    known: Mapping[int, Mapping[str, KnownEntry]],
    private: Collection[int],
) -> dict[int, int]:
    """Return how many more entries each public source with many new ones may store today."""
    busy = [
        source_id
        for source_id, entries in identified.items()
        if source_id not in private and len(entries) - len(known.get(source_id, ())) > _UNCOUNTED
    ]
    return {source_id: await public_room(tx, source_id) for source_id in busy}


async def public_room(tx: Transaction, source_id: int) -> int:
    """Return how many more entries the public source may store today."""
    return MOST_A_DAY - await count_newest(tx, source_id, tx.now - _DAY, MOST_A_DAY)


@dataclass(frozen=True, slots=True)
class _Part:
    """The entries of a fetch that one transaction stores. *is_last*: it also finishes the fetch."""

    outcome: FetchOutcome
    entries: SourceEntries
    is_last: bool

    @property
    def source_id(self) -> int:
        return self.outcome.source_id

    @property
    def fetched(self) -> Fetched:
        return self.outcome.fetched

    @property
    def cost(self) -> Cost:
        spent = self.fetched.result.spent if self.is_last else NOTHING_SPENT
        return cost_of(
            spent,
            entries=weight_of(self.entries.new),
            pages=sum(draft.awaits_page for draft in self.entries.drafts),
        )


def _portions(outcomes: Iterable[FetchOutcome]) -> Iterator[Sequence[_Part]]:
    """Yield the parts for each transaction, which together weigh at most `_MOST` if possible."""
    portion: list[_Part] = []
    portion_weight = 0
    for outcome in outcomes:
        *firsts, last = parted(outcome.entries.drafts)
        for drafts in firsts:
            yield [_Part(outcome, replace(outcome.entries, drafts=drafts), is_last=False)]
        last_weight = weight_of(last)
        if portion and portion_weight + last_weight > _MOST:
            yield portion
            portion, portion_weight = [], 0
        portion.append(_Part(outcome, replace(outcome.entries, drafts=last), is_last=True))
        portion_weight += last_weight
    if portion:
        yield portion


def parted(drafts: Sequence[ArticleDraft]) -> list[Sequence[ArticleDraft]]:
    """Split entries into one part for each transaction, the oldest first; return at least one."""
    if weight_of(drafts) <= _MOST:
        return [drafts]
    parts: list[list[ArticleDraft]] = [[]]
    room = _MOST
    for draft in reversed(drafts):
        draft_weight = weight_of([draft])
        if parts[-1] and draft_weight > room:
            parts.append([])
            room = _MOST
        parts[-1].append(draft)
        room -= draft_weight
    return [part[::-1] for part in parts]


def weight_of(drafts: Iterable[ArticleDraft]) -> int:
    return sum(weight(draft.text, draft.item.summary) for draft in drafts)


async def _finish(
    tx: Transaction, owner: str, parts: Sequence[_Part], budgets: Budgets
) -> list[_Part]:
    """Finish the fetches whose last parts are here; return the parts whose leases are still ours.

    The other leases have expired, and another process may be reading those sources. Awaits nothing
    but statements.
    """
    private = {part.source_id: part for part in parts if not part.fetched.source.public}
    costs = {source_id: part.cost for source_id, part in private.items()}
    over_budget = await charge_sources(tx, costs, budgets)
    changes = {}
    for part in parts:
        if part.is_last:
            is_over = part.source_id in over_budget
            outcome = postponed(part.outcome, tx.now) if is_over else part.outcome
            changes[part.source_id] = await _changes(tx, outcome)
    ours = await sources.finish_fetches(tx, owner, changes)
    if going_on := [part.source_id for part in parts if not part.is_last]:
        ours |= await lock_own(tx, Source, going_on, owner)
    parts = [part for part in parts if part.source_id in ours]
    ended = [part.fetched for part in parts if part.is_last]
    await heed(tx, (answer_of(each.result, tx.now, public=each.source.public) for each in ended))
    return parts


async def _changes(tx: Transaction, outcome: FetchOutcome) -> dict[str, Any]:
    """Return the columns that change; a source moves unless another one has its new address."""
    changes = dict(outcome.changes)
    if moved := new_address(outcome):
        there = await sources.source_of(tx, moved["url_hash"])
        if there is None or there.id == outcome.source_id:  # http and https have the same hash
            changes |= moved
    if not changes.get("own_network", outcome.fetched.source.own_network):
        changes["lease_until"] = tx.now + timedelta(seconds=PAUSE_SECONDS)  # the pause of its host
    return changes


def _report(part: _Part, articles: int) -> None:
    names, problem = _names_in_log(part.fetched.source), part.outcome.problem
    if problem and part.is_last:
        log.warning("source is unhealthy", **names, error=problem.code.value, **problem.detail)
    elif articles:
        log.info("new articles", **names, articles=articles)


def _names_in_log(source: Source) -> dict[str, Any]:
    return {"source_id": source.id, "source": logged_url(source.url, public=source.public)}
