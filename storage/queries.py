"""Queries: one row for each distinct one, and the change number that lets every index follow."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final, NamedTuple

from sqlalchemy import JSON, Index, Integer, bindparam, update
from sqlmodel import BigInteger, Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import CLUSTERED, NUMBERED, ROW_ID, among, insert_new, upsert
from storage.enums import Notification
from storage.topics import Topic


class Query(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    canonical: str
    canonical_hash: str = Field(max_length=32, unique=True)
    live: bool = True  # False: no topic asks for it any more
    changed: int = Field(sa_type=BigInteger, index=True)  # given by the `queries` counter, in order


class ChangeNumber(SQLModel, table=True):
    """A number given under its row's lock: a later one is never visible before an earlier."""

    name: str = Field(primary_key=True, max_length=32)
    value: int = Field(default=0, sa_type=BigInteger)


class Match(SQLModel, table=True):
    __table_args__ = (Index("ix_match_query_news", "query_id", "news_at"), CLUSTERED)

    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    query_id: int = Field(
        primary_key=True, foreign_key="query.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    words: list[str] = Field(default_factory=list, sa_type=JSON)
    in_title: bool = False
    news_at: datetime  # the article's, so that a digest's range needs no join
    found_at: datetime


CHANGES = "queries"  # the counter of their changes


@dataclass(frozen=True, slots=True)
class QueryChange:
    """The last one of a query, which is *live* since then or not."""

    number: int
    query_id: int
    canonical: str
    live: bool


# Made once: the step that matches asks this for each claim.
_CHANGES: Final = (
    select(Query.changed, Query.id, Query.canonical, Query.live)
    .where(col(Query.changed) > bindparam("number"))
    .order_by(col(Query.changed))
    .limit(bindparam("limit", type_=Integer))
)

_NEXT: Final = (
    update(ChangeNumber)
    .where(col(ChangeNumber.name) == CHANGES)
    .values(value=col(ChangeNumber.value) + 1)
    .returning(col(ChangeNumber.value))
    .execution_options(synchronize_session=False)
)

_BY_ID: Final = select(Query.id, Query.canonical).where(among(col(Query.id), bindparam("ids")))


async def query_for(tx: Transaction, canonical: str) -> Query:
    """Return the live row of the query *canonical*; make or revive it where there is none.

    The row stays as it is until this transaction ends, so that nobody retires it in between.
    """
    if (found := await _query(tx, canonical)) and found.live:
        return found
    number = await _next_change(tx)
    # The process that held the counter before us may have made the row.
    found = await _query(tx, canonical)
    if found is None:
        found = Query(canonical=canonical, canonical_hash=_hash(canonical), changed=number)
    elif not found.live:
        found.live, found.changed = True, number
    tx.session.add(found)
    await tx.session.flush()
    return found


async def find_query(tx: Transaction, canonical: str) -> int | None:
    """Return the row of the query *canonical*, whether anybody asks for it or not."""
    wanted = select(Query.id).where(Query.canonical_hash == _hash(canonical))
    return (await tx.session.exec(wanted)).one_or_none()


async def retire_query(tx: Transaction, query_id: int) -> bool:
    """Retire the query if no topic asks for it any more; return whether it is retired now."""
    if await _is_in_use(tx, query_id):
        return False
    number = await _next_change(tx)
    found = (
        await tx.session.exec(select(Query).where(Query.id == query_id).with_for_update())
    ).one()
    if not found.live or await _is_in_use(tx, query_id):
        return not found.live
    found.live, found.changed = False, number
    await tx.session.flush()
    return True


async def changes_since(tx: Transaction, number: int, limit: int) -> list[QueryChange]:
    """The queries that were made, revived or retired after the change *number*, in that order."""
    connection = await tx.session.connection()
    rows = await connection.execute(_CHANGES, {"number": number, "limit": limit})
    return [QueryChange(changed, query_id, text, live) for changed, query_id, text, live in rows]


async def live_queries(tx: Transaction, after: int, limit: int) -> list[tuple[int, str]]:
    """Id and canonical text of each that a topic asks for, from the id *after* on."""
    rows = await tx.session.exec(
        select(Query.id, Query.canonical)
        .where(col(Query.id) > after, col(Query.live))
        .order_by(col(Query.id))
        .limit(limit)
    )
    return [(query_id, canonical) for query_id, canonical in rows]


async def latest_change(tx: Transaction) -> int:
    """The number of the last change among the queries; 0 where there was none."""
    given = await tx.session.exec(select(ChangeNumber.value).where(ChangeNumber.name == CHANGES))
    return given.one_or_none() or 0


async def queries_by_id(tx: Transaction, ids: Collection[int]) -> dict[int, str]:
    """The canonical text of each."""
    connection = await tx.session.connection()
    rows = await connection.execute(_BY_ID, {"ids": ids})
    return {query_id: canonical for query_id, canonical in rows if query_id is not None}


async def _query(tx: Transaction, canonical: str) -> Query | None:
    wanted = select(Query).where(Query.canonical_hash == _hash(canonical))
    locked = wanted.with_for_update(read=True).execution_options(populate_existing=True)
    return (await tx.session.exec(locked)).one_or_none()


async def _is_in_use(tx: Transaction, query_id: int) -> bool:
    asked = select(Topic.id).where(Topic.query_id == query_id).limit(1)
    return (await tx.session.exec(asked)).first() is not None


async def _next_change(tx: Transaction) -> int:
    """Take the next change number; its row is locked until the end of the transaction."""
    tx.notifications.add(Notification.QUERIES)
    given = (await tx.session.exec(_NEXT)).scalar()
    if given is None:
        await insert_new(tx, ChangeNumber, [{"name": CHANGES, "value": 0}])
        given = (await tx.session.exec(_NEXT)).scalar_one()
    return int(given)


def _hash(canonical: str) -> str:
    return blake2b(canonical.encode(), digest_size=16).hexdigest()


# Matches: a query and an article, with the words that matched.


class MatchFound(NamedTuple):
    article_id: int
    query_id: int
    words: list[str]
    in_title: bool
    news_at: datetime


async def store_matches(tx: Transaction, found: Sequence[MatchFound]) -> None:
    """Store those not known yet."""
    await insert_new(tx, Match, [match._asdict() | {"found_at": tx.now} for match in found])


# Folding: by which version of the rules articles and queries are stored.


class FoldingProgress(NamedTuple):
    """The *version* that everything has, and how far refolding to the *target* has come."""

    version: int = 0
    target: int = 0
    article_id: int = 0
    query_id: int = 0


async def folding_progress(tx: Transaction) -> FoldingProgress:
    names = {f"folding {name}": name for name in FoldingProgress._fields}
    wanted = select(ChangeNumber.name, ChangeNumber.value).where(
        among(col(ChangeNumber.name), list(names))
    )
    return FoldingProgress(**{names[name]: value for name, value in await tx.session.exec(wanted)})


async def set_folding_progress(tx: Transaction, progress: FoldingProgress) -> None:
    rows = [
        {"name": f"folding {name}", "value": value} for name, value in progress._asdict().items()
    ]
    await upsert(tx, ChangeNumber, rows, key="name", changes="value = excluded.value")


async def topics_of_queries_after(
    tx: Transaction, query_id: int, limit: int
) -> dict[int, tuple[str, list[Topic]]]:
    """Return the live queries with ids above *query_id*: canonical text and topics, by id."""
    found = await live_queries(tx, query_id, limit)
    queries: dict[int, tuple[str, list[Topic]]] = {each: (text, []) for each, text in found}
    topics = select(Topic).where(among(col(Topic.query_id), list(queries)))
    for topic in await tx.session.exec(topics.order_by(col(Topic.id))):
        queries[topic.query_id][1].append(topic)
    return queries


async def rewrite_query(tx: Transaction, query_id: int, canonical: str) -> None:
    """Let the row stand for *canonical*, with its matches, unless another row does already."""
    if await find_query(tx, canonical) is not None:
        return
    number = await _next_change(tx)
    await tx.session.exec(
        update(Query)
        .where(col(Query.id) == query_id)
        .values(canonical=canonical, canonical_hash=_hash(canonical), changed=number)
    )
