"""Searches: sources that are made for what chats watch, and retired when nobody watches it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, update
from sqlmodel import col, select

from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.sql import among, insert_new
from storage.enums import ChatState, SourceKind, SourceState
from storage.queries import Query
from storage.sources import Source
from storage.subscriptions import Subscription, is_muted_for_good
from storage.topics import Topic

_WELL = {"failures": 0, "error": None, "error_detail": None, "error_since": None}


@dataclass(frozen=True, slots=True)
class SearchFeed:
    id: int
    url_hash: str
    is_retired: bool


async def subscribed_queries(tx: Transaction, limit: int) -> list[str]:
    """The canonical texts of what chats watch, what most of them watch first."""
    watched = (
        select(Topic.query_id, func.count().label("chats"))
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .join(Chat, col(Chat.id) == Subscription.chat_id)
        .where(~is_muted_for_good(), col(Chat.state) == ChatState.ACTIVE)
        .group_by(col(Topic.query_id))
        .order_by(func.count().desc(), col(Topic.query_id))
        .limit(limit)
        .subquery()
    )
    rows = await tx.session.exec(
        select(Query.canonical)
        .join(watched, watched.c.query_id == col(Query.id))
        .order_by(watched.c.chats.desc(), col(Query.id))
    )
    return list(rows)


async def search_feeds(tx: Transaction) -> list[SearchFeed]:
    """Every search there is, the oldest first, retired ones too."""
    rows = await tx.session.exec(
        select(Source.id, Source.url_hash, Source.state)
        .where(col(Source.kind) == SourceKind.SEARCH)
        .order_by(col(Source.id))
    )
    return [SearchFeed(id_, hashed, state is SourceState.RETIRED) for id_, hashed, state in rows]


async def add_search_feeds(tx: Transaction, sources: Sequence[Source]) -> int:
    """Store those whose address no source has yet, the operator's included; return how many."""
    rows = [source.model_dump(exclude={"id"}) for source in sources]
    return len(await insert_new(tx, Source, rows, returning=Source.id))


async def revive_search_feeds(tx: Transaction, ids: Collection[int]) -> None:
    """Read them again; what they hold by now is backlog, as at the first time."""
    values = {"state": SourceState.ACTIVE, "next_fetch_at": tx.now, "first_read_at": None}
    await tx.session.exec(update(Source).where(among(col(Source.id), ids)).values(**values))


async def retire_search_feeds(tx: Transaction, ids: Collection[int]) -> None:
    """Read them no more. What they found stays theirs, and so stays visible."""
    values = {"state": SourceState.RETIRED, **_WELL}
    await tx.session.exec(update(Source).where(among(col(Source.id), ids)).values(**values))


async def delete_search_feeds(tx: Transaction, before: datetime) -> int:
    """Forget those that are retired and were not read since *before*; return how many."""
    last = func.coalesce(col(Source.fetched_at), col(Source.created_at))
    gone = await tx.session.exec(
        delete(Source).where(
            col(Source.kind) == SourceKind.SEARCH,
            col(Source.state) == SourceState.RETIRED,
            last < before,
        )
    )
    return gone.rowcount
