"""Drafts for tests, made from items of feeds, and functions that store them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.sources.decide import SourceEntries
from bot.sources.drafts import ArticleDraft, draft_of, identify
from bot.sources.entries import Stored, prepared, store_prepared, stored_before
from bot.sources.feeds.model import Document, DocumentKind, Item
from storage.db.engine import Transaction


def drafts(
    items: Iterable[Item], now: datetime, *, source_url: str = "u", backlog: bool = False
) -> list[ArticleDraft]:
    shown = identify(Document(DocumentKind.FEED, items=tuple(items)), source_url)
    return [draft_of(*each, source_url=source_url, now=now, backlog=backlog) for each in shown]


async def store_in(tx: Transaction, *entries: SourceEntries) -> Stored:
    """Prepare and store the drafts of sources in one transaction."""
    before = await stored_before(tx, entries)
    return await store_prepared(tx, [prepared(each, before) for each in entries])


async def store_drafts(
    tx: Transaction, source_id: int, drafts: Sequence[ArticleDraft], *, inside: bool = False
) -> int:
    """Store the entries of a source that has shown none of them before; return how many are new."""
    stored = await store_in(tx, SourceEntries(source_id, drafts, inside=inside))
    return stored.articles[source_id]
