"""Leases: on roles that one process may have, such as polling Telegram, and on rows to work on.

A role is had by `acquire_lease`, `renew_lease`, `release_lease`; rows of any table that is `Leased`
by `claim`, `renew`, `release`.

A process that shares its database also holds one that says it is alive (`alive:…`), and renews it
every few seconds: what it leases is free again soon after it was killed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Update,
    bindparam,
    delete,
    func,
    inspect,
    or_,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import POSTGRESQL, Transaction
from storage.db.sql import Leased, among, insert_new

_LENGTH: Final = 32  # of a name


class Lease(SQLModel, table=True):
    name: str = Field(primary_key=True, max_length=_LENGTH)
    owner: str
    lease_until: datetime


Row = TypeVar("Row", bound=Leased)

GROUPING: Final = "group"  # the lease of the one process that groups articles
PRESENCE: Final = "alive:"


async def acquire_lease(tx: Transaction, name: str, owner: str, lease: timedelta) -> bool:
    """Take or renew the lease *name* for *owner*; return whether *owner* has it now."""
    until = tx.now + lease
    renewed = await tx.session.exec(
        update(Lease)
        .where(
            col(Lease.name) == name,
            or_(col(Lease.owner) == owner, col(Lease.lease_until) <= tx.now),
        )
        .values(owner=owner, lease_until=until)
    )
    if renewed.rowcount:
        return True
    row = {"name": name, "owner": owner, "lease_until": until}
    return bool(await insert_new(tx, Lease, [row], returning=Lease.name))


async def renew_lease(tx: Transaction, name: str, owner: str, lease: timedelta) -> bool:
    """Renew the lease, also one that is over, as long as nobody else has had it since.

    Nobody can take it before this transaction ends.
    """
    connection = await tx.session.connection()
    renewed = await connection.execute(
        update(Lease)
        .where(col(Lease.name) == name, col(Lease.owner) == owner)
        .values(lease_until=tx.now + lease)
    )
    return bool(renewed.rowcount)


async def lease_of(tx: Transaction, name: str) -> tuple[str, datetime]:
    """Return who had the lease last and until when; ("", now) if nobody, or it was let go."""
    connection = await tx.session.connection()
    wanted = select(Lease.owner, Lease.lease_until).where(col(Lease.name) == name)
    row = (await connection.execute(wanted)).first()
    return (row.owner, row.lease_until) if row else ("", tx.now)


async def release_lease(tx: Transaction, name: str, owner: str) -> None:
    await tx.session.exec(delete(Lease).where(col(Lease.name) == name, col(Lease.owner) == owner))


async def delete_other_leases(tx: Transaction, owner: str) -> None:
    await tx.session.exec(delete(Lease).where(col(Lease.owner) != owner))


def presence_name(owner: str) -> str:
    """Return the name of the lease that says *owner* is alive; what differs ends an owner."""
    return PRESENCE + owner[len(PRESENCE) - _LENGTH :]


async def dead_owners(tx: Transaction) -> list[str]:
    """Return the processes that have not said for a lease that they are alive."""
    silent = col(Lease.name).startswith(PRESENCE), col(Lease.lease_until) <= tx.now
    return list(await tx.session.exec(select(Lease.owner).where(*silent)))


async def delete_leases_of(tx: Transaction, owners: Iterable[str]) -> None:
    await tx.session.exec(delete(Lease).where(among(col(Lease.owner), owners)))


# Rows that a process works on. A process that was too slow finds that another has them.


FREE: Final[Mapping[str, None]] = {"owner": None, "lease_until": None}


async def claim(  # noqa: PLR0913 - one statement, and each part of it is named
    tx: Transaction,
    table: type[Row],
    due: ColumnElement[bool],
    *,
    order: tuple[ColumnElement[Any] | Any, ...],
    limit: int,
    owner: str,
    lease: timedelta,
    values: Mapping[str, Any] | None = None,
) -> list[Row]:
    """Lease up to *limit* rows of *table* that are *due* and free, to *owner*; return them.

    A row is free when nobody leases it or its lease is over. Several processes may call this at
    once: on PostgreSQL they skip each other's rows, on SQLite writers queue.
    """
    now = tx.now
    leased = claim_statement(table, due, order, ClaimTerms(now, now + lease, owner, limit))
    statement = leased.values(**(values or {})).returning(table)
    options = {"synchronize_session": False, "populate_existing": True}
    rows = await tx.session.exec(statement, execution_options=options)
    return list(rows.scalars())


class ClaimTerms(NamedTuple):
    """What a claim asks for."""

    now: datetime
    until: datetime
    owner: str
    limit: int


class ClaimParameters(NamedTuple):
    """The same as parameters of a statement, which is made once: that takes as long as to run it.

    `claim_values` gives their values.
    """

    now: BindParameter[datetime]
    until: BindParameter[datetime]
    owner: BindParameter[str]
    limit: BindParameter[int]


def claim_parameters() -> ClaimParameters:
    most = bindparam("most", type_=Integer)
    return ClaimParameters(bindparam("now"), bindparam("until"), bindparam("who"), most)


def claim_values(tx: Transaction, owner: str, limit: int, lease: timedelta) -> dict[str, Any]:
    return {"now": tx.now, "until": tx.now + lease, "who": owner, "most": limit}


def claim_statement(
    table: type[Leased],
    due: ColumnElement[bool],
    order: tuple[Any, ...],
    terms: ClaimTerms | ClaimParameters,
) -> Update:
    """The statement that `claim` executes, for who needs only some columns of the rows."""
    key = inspect(table).primary_key[0]
    lease_until = col(table.lease_until)
    free = or_(lease_until.is_(None), lease_until <= terms.now)
    chosen = (
        select(key)
        .where(due, free)
        .order_by(*order)
        .limit(terms.limit)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(table)
        .where(key.in_(select(chosen.c[key.name])))
        .values(owner=terms.owner, lease_until=terms.until)
    )


async def lock_claims(tx: Transaction, table: type[SQLModel]) -> None:
    """Let no two transactions claim rows of *table* at once: what is free depends on other rows.

    Each must see what the other has claimed. On SQLite writers queue anyway.
    """
    if tx.dialect == POSTGRESQL:
        key = func.hashtext(f"claim {inspect(table).local_table.name}")
        await tx.session.exec(select(func.pg_advisory_xact_lock(key)))


async def renew(
    tx: Transaction,
    table: type[Leased],
    ids: Iterable[int],
    owner: str,
    lease: timedelta,
    **values: Any,
) -> set[int]:
    """Renew the leases of those rows that *owner* still has, with other *values*; return them.

    Nobody takes one of them over before this transaction ends.
    """
    return await _change(tx, table, ids, owner, {"lease_until": tx.now + lease, **values})


async def release(
    tx: Transaction, table: type[Leased], ids: Iterable[int], owner: str, **values: Any
) -> set[int]:
    """Free those rows that *owner* still has, with other *values*; return them."""
    return await _change(tx, table, ids, owner, {**FREE, **values})


async def _change(
    tx: Transaction,
    table: type[Leased],
    ids: Iterable[int],
    owner: str,
    values: Mapping[str, Any],
) -> set[int]:
    changed = {f"new_{column}": value for column, value in values.items()}
    connection = await tx.session.connection()
    done = await connection.execute(
        _changing(table, tuple(values)), {"held": ids, "holder": owner, **changed}
    )
    return set(done.scalars())


@lru_cache(maxsize=64)
def _changing(table: type[Leased], columns: tuple[str, ...]) -> Any:
    """Return the statement that changes those columns: there are a few kinds."""
    rows, key = inspect(table).local_table, inspect(table).primary_key[0]
    which = (among(key, bindparam("held")), rows.c.owner == bindparam("holder"))
    given: dict[str, Any] = {column: bindparam(f"new_{column}") for column in columns}
    return update(rows).where(*which).values(given).returning(key)


async def held(tx: Transaction, table: type[Leased], ids: Iterable[int], owner: str) -> set[int]:
    """Return those rows that *owner* still has, locked until this transaction ends."""
    key, rows = inspect(table).primary_key[0], inspect(table).local_table
    wanted = select(key).where(among(key, ids), rows.c.owner == owner).with_for_update()
    connection = await tx.session.connection()
    return set((await connection.execute(wanted)).scalars())


async def release_each(
    tx: Transaction, table: type[Leased], changes: Mapping[int, Mapping[str, Any]]
) -> None:
    """Free rows that are `held`, each with other values of its own.

    A `lease_until` among them is how long the row rests.
    """
    connection = await tx.session.connection()
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for key in sorted(changes):
        row = {"_key": key, **changes[key]}
        alike.setdefault(tuple(sorted(changes[key])), []).append(row)
    for columns, rows in alike.items():
        await connection.execute(_releasing(table, columns), rows)


@lru_cache(maxsize=64)
def _releasing(table: type[Leased], columns: tuple[str, ...]) -> Update:
    """To put this together takes longer than to run it; there are a few kinds."""
    given: dict[str, Any] = {column: bindparam(column) for column in columns}
    which = inspect(table).primary_key[0] == bindparam("_key")
    return update(inspect(table).local_table).where(which).values({**FREE, **given})


async def release_all_of_others(tx: Transaction, table: type[Row], owner: str) -> None:
    """Free every row of *table* that another than *owner* leases.

    Only for the one who holds the database alone (SQLite's file lock): the others are dead.
    """
    others = col(table.owner).is_not(None) & (col(table.owner) != owner)
    await tx.session.exec(update(table).where(others).values(**FREE))


async def release_all_of(tx: Transaction, table: type[Row], owners: Iterable[str]) -> None:
    """Free every row of *table* that one of *owners* leases: processes that are no more."""
    theirs = among(col(table.owner), owners)
    await tx.session.exec(update(table).where(theirs).values(**FREE))
