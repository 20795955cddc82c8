"""Queries: one row for each distinct query, with the change numbers that query indexes follow."""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple

from sqlalchemy import Integer, bindparam, update
from sqlmodel import BigInteger, Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, insert_new, upsert
from storage.enums import Notification
from storage.topics import Topic


class Query(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    canonical: str
    canonical_hash: str = Field(max_length=32, unique=True)
    live: bool = True  # False: no topic has it any more
    changed: int = Field(
        sa_type=BigInteger, index=True
    )  # its last change number, of the counter `queries`


class ChangeNumber(SQLModel, table=True):
    """A counter. The lock of its row ensures that no number is visible before a smaller one."""

    name: str = Field(primary_key=True, max_length=32)
    value: int = Field(default=0, sa_type=BigInteger)


CHANGES = "queries"  # the name of the counter of changes to queries


@dataclass(frozen=True, slots=True)
class QueryChange:
    """The last change of a query, which made it *live* or retired it."""

    number: int
    query_id: int
    canonical: str
    live: bool


async def query_for(tx: Transaction, canonical: str) -> Query:
    """Return the live row of the query *canonical*; create or revive it if there is none.

    Locks the row, so that nobody retires the query before this transaction ends.
    """
    query = await _lock_query(tx, canonical)
    if query and query.live:
        return query
    number = await _next_change(tx)
    # The process that held the counter's lock before us may have created the row.
    query = await _lock_query(tx, canonical)
    if query is None:
        return await tx.add(
            Query(canonical=canonical, canonical_hash=_hash(canonical), changed=number)
        )
    if not query.live:
        query.live, query.changed = True, number
        await tx.flush()
    return query


async def find_query(tx: Transaction, canonical: str) -> int | None:
    """Return the id of the query *canonical*, live or not."""
    wanted = select(Query.id).where(Query.canonical_hash == _hash(canonical))
    query_id: int | None = await tx.first(wanted)
    return query_id


async def retire_query(tx: Transaction, query_id: int) -> bool:
    """Retire the query if no topic has it any more; return whether it is retired."""
    if await _is_in_use(tx, query_id):
        return False
    number = await _next_change(tx)
    query = await tx.one(select(Query).where(Query.id == query_id).with_for_update())
    if not query.live or await _is_in_use(tx, query_id):
        return not query.live
    query.live, query.changed = False, number
    await tx.flush()
    return True


# Built once, because matching runs it for each claim.
_CHANGES: Final = (
    select(Query.changed, Query.id, Query.canonical, Query.live)
    .where(col(Query.changed) > bindparam("number"))
    .order_by(col(Query.changed))
    .limit(bindparam("limit", type_=Integer))
)


async def changes_since(tx: Transaction, number: int, limit: int) -> list[QueryChange]:
    """Return the changes after the change *number*, in order."""
    return [QueryChange(*row) for row in await tx.rows(_CHANGES, number=number, limit=limit)]


async def live_queries(tx: Transaction, after: int, limit: int) -> list[tuple[int, str]]:
    """Return id and canonical text of the live queries with ids above *after*."""
    return list(
        await tx.rows(
            select(Query.id, Query.canonical)
            .where(col(Query.id) > after, col(Query.live))
            .order_by(col(Query.id))
            .limit(limit)
        )
    )


async def latest_change(tx: Transaction) -> int:
    """Return the number of the last change of a query; 0 if there was none."""
    number = await tx.first(select(ChangeNumber.value).where(ChangeNumber.name == CHANGES))
    return number or 0


_BY_ID: Final = select(Query.id, Query.canonical).where(among(col(Query.id), bindparam("ids")))


async def queries_by_id(tx: Transaction, ids: Collection[int]) -> dict[int, str]:
    """Return the canonical text of each query."""
    return dict(await tx.rows(_BY_ID, ids=ids))


async def _lock_query(tx: Transaction, canonical: str) -> Query | None:
    query: Query | None = await tx.first(
        select(Query)
        .where(Query.canonical_hash == _hash(canonical))
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return query


async def _is_in_use(tx: Transaction, query_id: int) -> bool:
    topics = select(Topic.id).where(Topic.query_id == query_id).limit(1)
    return await tx.first(topics) is not None


async def _next_change(tx: Transaction) -> int:
    """Take the next change number; lock the counter's row until the transaction ends."""
    tx.notifications.add(Notification.QUERIES)
    count_up = (
        update(ChangeNumber)
        .where(col(ChangeNumber.name) == CHANGES)
        .values(value=col(ChangeNumber.value) + 1)
        .returning(col(ChangeNumber.value))
    )
    counted = await tx.first(count_up)
    if counted is None:
        await insert_new(tx, ChangeNumber, [{"name": CHANGES, "value": 0}])
        counted = await tx.one(count_up)
    (number,) = counted
    return int(number)


def _hash(canonical: str) -> str:
    return blake2b(canonical.encode(), digest_size=16).hexdigest()


# Folding: the version of the folding rules that stored articles and queries follow.


class FoldingProgress(NamedTuple):
    """The *version* that all rows have, and the last ids that were refolded to *target*."""

    version: int = 0
    target: int = 0
    article_id: int = 0
    query_id: int = 0


async def folding_progress(tx: Transaction) -> FoldingProgress:
    names = {f"folding {name}": name for name in FoldingProgress._fields}
    wanted = select(ChangeNumber.name, ChangeNumber.value).where(
        among(col(ChangeNumber.name), list(names))
    )
    return FoldingProgress(**{names[name]: value for name, value in await tx.rows(wanted)})


async def set_folding_progress(tx: Transaction, progress: FoldingProgress) -> None:
    rows = [
        {"name": f"folding {name}", "value": value} for name, value in progress._asdict().items()
    ]
    await upsert(tx, ChangeNumber, rows, key="name", changes="value = excluded.value")


async def topics_of_queries_after(
    tx: Transaction, query_id: int, limit: int
) -> dict[int, tuple[str, list[Topic]]]:
    """Return the canonical text and topics of live queries with ids above *query_id*, by id."""
    queries: dict[int, tuple[str, list[Topic]]] = {
        live_id: (canonical, []) for live_id, canonical in await live_queries(tx, query_id, limit)
    }
    topics = select(Topic).where(among(col(Topic.query_id), list(queries)))
    for topic in await tx.rows(topics.order_by(col(Topic.id))):
        queries[topic.query_id][1].append(topic)
    return queries


async def rewrite_query(tx: Transaction, query_id: int, canonical: str) -> None:
    """Change the query's text to *canonical*, unless another row has it. Its matches stay."""
    if await find_query(tx, canonical) is not None:
        return
    number = await _next_change(tx)
    await tx.change(
        update(Query)
        .where(col(Query.id) == query_id)
        .values(canonical=canonical, canonical_hash=_hash(canonical), changed=number)
    )
