"""Drafts for tests, made of items as a feed would show them; and storing them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.slices import finished
from bot.sources.drafts import ArticleDraft, draft_of, identify
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.prepare import Shown, prepared, stored_before
from bot.sources.store import Stored, store_shown
from storage.db.engine import Transaction


def drafts(
    items: Iterable[Item], now: datetime, *, source_url: str = "u", backlog: bool = False
) -> list[ArticleDraft]:
    shown = identify(Document(DocumentKind.FEED, items=tuple(items)), source_url)
    return [draft_of(*each, source_url=source_url, now=now, backlog=backlog) for each in shown]


async def store_in(tx: Transaction, *shown: Shown) -> Stored:
    """Prepare and store in one transaction what sources show."""
    before = await stored_before(tx, shown)
    return await store_shown(tx, [finished(prepared(each, before)) for each in shown])


async def store_drafts(
    tx: Transaction, source_id: int, drafts: Sequence[ArticleDraft], *, inside: bool = False
) -> int:
    """Store the entries of a source that showed none of them before; return how many are new."""
    stored = await store_in(tx, Shown(source_id, drafts, inside=inside))
    return stored.articles[source_id]
