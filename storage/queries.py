"""Queries: one row for each distinct one, and the change number that lets every index follow."""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from sqlalchemy import Integer, bindparam, update
from sqlmodel import BigInteger, Field, SQLModel, col, select

from storage.columns import ROW_ID
from storage.engine import Unit
from storage.insert import insert_new
from storage.topics import Topic
from storage.words import Hint

CHANGES = "queries"  # the counter of their changes


class Query(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    canonical: str
    canonical_hash: str = Field(max_length=32, unique=True)
    live: bool = True  # False: no topic asks for it any more
    changed: int = Field(sa_type=BigInteger, index=True)  # given by the `queries` counter, in order


class Counter(SQLModel, table=True):
    """A number given under its row's lock: a later one is never visible before an earlier."""

    name: str = Field(primary_key=True, max_length=32)
    value: int = Field(default=0, sa_type=BigInteger)


@dataclass(frozen=True, slots=True)
class Change:
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
_ONE_MORE: Final = (
    update(Counter)
    .where(col(Counter.name) == CHANGES)
    .values(value=col(Counter.value) + 1)
    .returning(col(Counter.value))
    .execution_options(synchronize_session=False)
)
_BY_ID: Final = select(Query.id, Query.canonical).where(
    col(Query.id).in_(bindparam("ids", expanding=True))
)


async def query_for(unit: Unit, canonical: str) -> Query:
    """Return the live row of the query *canonical*; make or revive it where there is none.

    The row stays as it is until this unit ends, so that nobody retires it in between.
    """
    if (found := await _query(unit, canonical)) and found.live:
        return found
    number = await _next_change(unit)
    # Whoever held the counter before us may have made the row.
    found = await _query(unit, canonical)
    if found is None:
        found = Query(canonical=canonical, canonical_hash=_hash(canonical), changed=number)
    elif not found.live:
        found.live, found.changed = True, number
    unit.session.add(found)
    await unit.session.flush()
    return found


async def query_known(unit: Unit, canonical: str) -> int | None:
    """Return the row of the query *canonical*, whether anybody asks for it or not."""
    wanted = select(Query.id).where(Query.canonical_hash == _hash(canonical))
    return (await unit.session.exec(wanted)).one_or_none()


async def retire_query(unit: Unit, query_id: int) -> bool:
    """Retire the query if no topic asks for it any more; return whether it is retired now."""
    if await _is_asked_for(unit, query_id):
        return False
    number = await _next_change(unit)
    found = (
        await unit.session.exec(select(Query).where(Query.id == query_id).with_for_update())
    ).one()
    if not found.live or await _is_asked_for(unit, query_id):
        return not found.live
    found.live, found.changed = False, number
    await unit.session.flush()
    return True


async def changes_since(unit: Unit, number: int, limit: int) -> list[Change]:
    """The queries that were made, revived or retired after the change *number*, in that order."""
    connection = await unit.session.connection()
    rows = await connection.execute(_CHANGES, {"number": number, "limit": limit})
    return [Change(changed, query_id or 0, text, live) for changed, query_id, text, live in rows]


async def live_queries(unit: Unit, after: int, limit: int) -> list[tuple[int, str]]:
    """Id and canonical text of each that a topic asks for, from the id *after* on."""
    rows = await unit.session.exec(
        select(Query.id, Query.canonical)
        .where(col(Query.id) > after, col(Query.live))
        .order_by(col(Query.id))
        .limit(limit)
    )
    return [(query_id or 0, canonical) for query_id, canonical in rows]


async def latest_change(unit: Unit) -> int:
    """The number of the last change among the queries; 0 where there was none."""
    given = await unit.session.exec(select(Counter.value).where(Counter.name == CHANGES))
    return given.one_or_none() or 0


async def queries_by_id(unit: Unit, ids: Collection[int]) -> dict[int, str]:
    """The canonical text of each."""
    connection = await unit.session.connection()
    rows = await connection.execute(_BY_ID, {"ids": list(ids)})
    return {query_id: canonical for query_id, canonical in rows if query_id is not None}


async def _query(unit: Unit, canonical: str) -> Query | None:
    wanted = select(Query).where(Query.canonical_hash == _hash(canonical))
    locked = wanted.with_for_update(read=True).execution_options(populate_existing=True)
    return (await unit.session.exec(locked)).one_or_none()


async def _is_asked_for(unit: Unit, query_id: int) -> bool:
    asked = select(Topic.id).where(Topic.query_id == query_id).limit(1)
    return (await unit.session.exec(asked)).first() is not None


async def _next_change(unit: Unit) -> int:
    """The next change number; its row stays locked until this unit ends."""
    unit.hints.add(Hint.QUERIES)
    given = (await unit.session.exec(_ONE_MORE)).scalar()
    if given is None:
        await insert_new(unit, Counter, [{"name": CHANGES, "value": 0}], returning=Counter.name)
        given = (await unit.session.exec(_ONE_MORE)).scalar_one()
    return int(given)


def _hash(canonical: str) -> str:
    return blake2b(canonical.encode(), digest_size=16).hexdigest()
