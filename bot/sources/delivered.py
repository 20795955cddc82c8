"""Stores entries that are delivered to the bot, such as the posts of a channel or letters.

A passive source is never fetched. Delivered entries take the same way as those of a fetch: the same
limits, rules and revisions, then grouping and matching. The accounts that follow a private
source pay for its entries, and for a channel the account that allowed it. Beyond their budgets new
entries are dropped, because they cannot be fetched again. The source then shows the problem, and
each account gets a notice once a day.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.budgets import Cost
from bot.sources.decide import DeliveryOutcome, Known, decide_delivery
from bot.sources.drafts import identify
from bot.sources.entries import (
    NOTHING_STORED,
    PreparedEntries,
    Stored,
    prepare_from,
    store_prepared,
    stored_before,
)
from bot.sources.entry_rules import EntryRules
from bot.sources.feeds.model import Document, DocumentKind, bounded
from bot.sources.payment import Payers, charge_sources, rooms
from bot.sources.store import dropped_row, public_room, weight_of
from bot.sources.urls import logged_url
from storage.channel_sources import channel_of
from storage.entries import known_entries
from storage.enums import SourceKind, SourceState, UsageKind
from storage.feeds_followed import lock_passive_source
from storage.source_rules import remember_dropped, rules_of
from storage.sources import Source, change_source
from storage.usage import Payer, account_of_chat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.budgets import Budgets
    from bot.sources.drafts import IdentifiedItem
    from bot.sources.feeds.model import Item
    from storage.db.engine import Storage, Transaction

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A decided delivery. *entries*: None if it neither makes nor revises an article."""

    source: Source
    known: Known
    outcome: DeliveryOutcome
    entries: PreparedEntries | None


async def store_delivered(
    storage: Storage, source_id: int, items: Sequence[Item], budgets: Budgets
) -> int:
    """Store new entries and revise the changed ones; return the number of new articles.

    Everything is stored in one transaction, or nothing is. Entries that are stored already change
    nothing. Stores nothing in a source that is not passive, or that nobody follows any more. The
    *budgets* are those of the accounts that follow a private source.
    """
    document = bounded(Document(DocumentKind.FEED, items=tuple(items)))
    articles = 0
    while prepared := await _prepared(storage, source_id, document, budgets):
        stored = await _store(storage, prepared, budgets)
        if stored is None:  # another delivery to this source came between
            continue
        articles += stored.articles[source_id]
        if not stored.unsettled:  # otherwise an article changed while it was compared
            break
    return articles


async def _prepared(
    storage: Storage, source_id: int, document: Document, budgets: Budgets
) -> _Prepared | None:
    """Decide, compare and fold before the write lock is taken."""
    async with storage.reading() as tx:
        source = await tx.get(Source, source_id)
        if source is None or source.state is not SourceState.PASSIVE:
            return None
        identified = await asyncio.to_thread(identify, document, source.url)
        known = await _known(tx, source, identified, budgets)
        rules = await _rules(tx, source)
        outcome = await asyncio.to_thread(decide_delivery, source, identified, known, rules, tx.now)
        entries = [outcome.entries] if outcome.entries.drafts else []
        before = await stored_before(tx, entries) if entries else None
    if outcome.left_out:
        name = logged_url(source.url, public=source.public)
        log.warning("delivered entries were left out", source=name, entries=outcome.left_out)
    if before is None:
        is_noted = source.error is not None and source.error == outcome.changes["error"]
        is_news = outcome.dropped or (outcome.left_out and not is_noted)
        return _Prepared(source, known, outcome, None) if is_news else None
    (ready,) = await prepare_from(before, entries)
    return _Prepared(source, known, outcome, ready)


async def _rules(tx: Transaction, source: Source) -> EntryRules | None:
    if not source.has_rules:
        return None
    stored = (await rules_of(tx, [source.id])).get(source.id)
    return EntryRules.of(stored, tx.now) if stored else None


async def _known(
    tx: Transaction, source: Source, identified: Sequence[IdentifiedItem], budgets: Budgets
) -> Known:
    guids = [identity.guid_hash for _, identity in identified]
    entries = (await known_entries(tx, {source.id: guids})).get(source.id, {})
    if len(entries) == len(guids):
        return Known(entries)  # no new entry, so there is no room to find out
    if source.public:
        return Known(entries, await public_room(tx, source.id))
    payers = await _payers(tx, source)
    room = await rooms(tx, [source.id], UsageKind.ENTRIES, budgets, payers)
    return Known(entries, room[source.id])


async def _payers(tx: Transaction, source: Source) -> Payers | None:
    """Return the account that pays for a channel; None if the followers of the source pay."""
    if source.kind is not SourceKind.POSTS:
        return None
    channel = await channel_of(tx, source.id)
    if channel is None:
        return None
    owner_id = channel.channel.owner_id
    return {source.id: [Payer(await account_of_chat(tx, owner_id), owner_id)]}


async def _store(storage: Storage, prepared: _Prepared, budgets: Budgets) -> Stored | None:
    """Return what was stored; None if the entries must be decided upon again."""
    source, outcome, known = prepared.source, prepared.outcome, prepared.known
    shown = [draft.guid_hash for draft in outcome.entries.drafts]

    async def store(tx: Transaction) -> Stored | None:
        locked = await lock_passive_source(tx, source.id)
        if locked is None:
            return NOTHING_STORED
        now_known = (await known_entries(tx, {source.id: shown})).get(source.id, {})
        before = {guid: known.entries[guid] for guid in shown if guid in known.entries}
        if now_known != before or locked.public is not source.public:
            return None
        if not source.public:
            cost = Cost(entries=weight_of(outcome.entries.new) + outcome.left_out)
            payers = await _payers(tx, source)
            await charge_sources(tx, {source.id: cost}, budgets, payers)
        stored = await store_prepared(tx, [prepared.entries] if prepared.entries else [])
        await change_source(tx, source.id, outcome.changes)
        if outcome.dropped:
            await remember_dropped(tx, source.id, list(map(dropped_row, outcome.dropped)))
        return stored

    return await storage.write_at_once(store)
