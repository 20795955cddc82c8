"""Queries: one row for each distinct one, and the change number that lets every index follow."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from sqlalchemy import Integer, bindparam, update
from sqlmodel import BigInteger, Field, SQLModel, col, select

from storage.among import as_one, by_dialect
from storage.columns import NUMBERED, ROW_ID
from storage.engine import Unit
from storage.insert import insert_new, put_all
from storage.topics import Topic
from storage.words import Hint

CHANGES = "queries"  # the counter of their changes


class Query(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
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
_MORE: Final = (
    update(Counter)
    .where(col(Counter.name) == CHANGES)
    .values(value=col(Counter.value) + bindparam("more", type_=BigInteger))
    .returning(col(Counter.value))
    .execution_options(synchronize_session=False)
)
_BY_ID: Final = select(Query.id, Query.canonical).where(
    col(Query.id).in_(bindparam("ids", expanding=True))
)
_LIVE: Final = by_dialect(
    "query.canonical_hash",
    lambda among: (
        select(Query.canonical_hash, Query.id).where(among, col(Query.live)).order_by(col(Query.id))
    ),
    "text",
)


async def query_for(unit: Unit, canonical: str) -> Query:
    """Return the live row of the query *canonical*; make or revive it where there is none.

    The row stays as it is until this unit ends, so that nobody retires it in between.
    """
    if (found := await _query(unit, canonical)) and found.live:
        return found
    number = await _next_changes(unit, 1)
    # Whoever held the counter before us may have made the row.
    found = await _query(unit, canonical)
    if found is None:
        found = Query(canonical=canonical, canonical_hash=_hash(canonical), changed=number)
    elif not found.live:
        found.live, found.changed = True, number
    unit.session.add(found)
    await unit.session.flush()
    return found


async def queries_for(unit: Unit, canonicals: Iterable[str]) -> dict[str, int]:
    """`query_for` of many: return their rows, by canonical text.

    Those that are made or revived are numbered in the order of *canonicals*.
    """
    wanted = {_hash(canonical): canonical for canonical in canonicals}
    # Locked only after the counter is, as by who retires one: else each would wait for the other.
    live = await _live(unit, wanted, locked=False)
    while True:
        if lacking := [hashed for hashed in wanted if hashed not in live]:
            await _revive(unit, {hashed: wanted[hashed] for hashed in lacking})
        live = await _live(unit, wanted, locked=True)
        if len(live) == len(wanted):  # else one was retired in between
            return {wanted[hashed]: query_id for hashed, query_id in live.items()}


async def query_known(unit: Unit, canonical: str) -> int | None:
    """Return the row of the query *canonical*, whether anybody asks for it or not."""
    wanted = select(Query.id).where(Query.canonical_hash == _hash(canonical))
    return (await unit.session.exec(wanted)).one_or_none()


async def retire_query(unit: Unit, query_id: int) -> bool:
    """Retire the query if no topic asks for it any more; return whether it is retired now."""
    if await _is_asked_for(unit, query_id):
        return False
    number = await _next_changes(unit, 1)
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
    return [Change(changed, query_id, text, live) for changed, query_id, text, live in rows]


async def live_queries(unit: Unit, after: int, limit: int) -> list[tuple[int, str]]:
    """Id and canonical text of each that a topic asks for, from the id *after* on."""
    rows = await unit.session.exec(
        select(Query.id, Query.canonical)
        .where(col(Query.id) > after, col(Query.live))
        .order_by(col(Query.id))
        .limit(limit)
    )
    return [(query_id, canonical) for query_id, canonical in rows]


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


async def _live(unit: Unit, hashes: Collection[str], *, locked: bool) -> dict[str, int]:
    if not hashes:
        return {}
    wanted = _LIVE[unit.dialect]
    wanted = wanted.with_for_update(read=True) if locked else wanted
    connection = await unit.session.connection()
    rows = await connection.execute(wanted, {"ids": as_one(unit, hashes)})
    return {hashed: query_id for hashed, query_id in rows if query_id is not None}


async def _revive(unit: Unit, lacking: Mapping[str, str]) -> None:
    """Make or revive the queries, by hash; one that is live by now stays as it is."""
    first = await _next_changes(unit, len(lacking)) - len(lacking) + 1
    rows = [
        {"canonical": text, "canonical_hash": hashed, "live": True, "changed": number}
        for number, (hashed, text) in enumerate(lacking.items(), first)
    ]
    await put_all(
        unit,
        Query,
        rows,
        key=["canonical_hash"],
        changing=["live", "changed"],
        where=~col(Query.live),
    )


async def _is_asked_for(unit: Unit, query_id: int) -> bool:
    asked = select(Topic.id).where(Topic.query_id == query_id).limit(1)
    return (await unit.session.exec(asked)).first() is not None


async def _next_changes(unit: Unit, count: int) -> int:
    """Take the next *count* change numbers; return the last. Their row is locked until the end."""
    unit.hints.add(Hint.QUERIES)
    more = {"more": count}
    given = (await unit.session.exec(_MORE, params=more)).scalar()
    if given is None:
        await insert_new(unit, Counter, [{"name": CHANGES, "value": 0}], returning=Counter.name)
        given = (await unit.session.exec(_MORE, params=more)).scalar_one()
    return int(given)


def _hash(canonical: str) -> str:
    return blake2b(canonical.encode(), digest_size=16).hexdigest()
