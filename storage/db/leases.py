"""Leases: on roles that only one process may have, such as polling Telegram, and on rows.

`acquire_lease`, `renew_lease` and `release_lease` are for roles. `claim`, `renew` and `release` are
for rows of any `Leased` table.

A process that shares its database also holds a presence lease (`alive:…`) and renews it every few
seconds. If the process is killed, the other processes release its leases soon after its presence
lease has expired.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Text,
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
from storage.db.sql import Leased, among, insert_new, update_each

_LENGTH: Final = 32  # the longest name


class Lease(SQLModel, table=True):
    name: str = Field(primary_key=True, max_length=_LENGTH)
    owner: str
    lease_until: datetime


Row = TypeVar("Row", bound=Leased)

GROUPING: Final = "group"  # the role of grouping articles
PRESENCE: Final = "alive:"
MAILBOX: Final = "mailbox"  # ends at once, so that it only says who last read the mailbox, and when


async def acquire_lease(tx: Transaction, name: str, owner: str, lease: timedelta) -> bool:
    """Take or renew the lease *name* for *owner*; return whether *owner* has it now."""
    until = tx.now + lease
    renewed = await tx.change(
        update(Lease)
        .where(
            col(Lease.name) == name,
            or_(col(Lease.owner) == owner, col(Lease.lease_until) <= tx.now),
        )
        .values(owner=owner, lease_until=until)
    )
    if renewed:
        return True
    row = {"name": name, "owner": owner, "lease_until": until}
    return bool(await insert_new(tx, Lease, [row], returning=Lease.name))


_RENEW_LEASE: Final = (
    update(Lease)
    .where(col(Lease.name) == bindparam("lease_name"), col(Lease.owner) == bindparam("holder"))
    .values(lease_until=bindparam("until"))
)


async def renew_lease(tx: Transaction, name: str, owner: str, lease: timedelta) -> bool:
    """Renew the lease, even an expired one; return False if another process has taken it.

    Nobody can take it before this transaction ends.
    """
    values = {"lease_name": name, "holder": owner, "until": tx.now + lease}
    return bool(await tx.change(_RENEW_LEASE, **values))


async def lease_of(tx: Transaction, name: str) -> tuple[str, datetime]:
    """Return the last owner of the lease and when it ends; ("", now) if there is none."""
    lease = await tx.first(select(Lease.owner, Lease.lease_until).where(col(Lease.name) == name))
    return lease or ("", tx.now)


async def release_lease(tx: Transaction, name: str, owner: str) -> None:
    await tx.change(delete(Lease).where(col(Lease.name) == name, col(Lease.owner) == owner))


async def delete_other_leases(tx: Transaction, owner: str) -> None:
    await tx.change(delete(Lease).where(col(Lease.owner) != owner))


def presence_name(owner: str) -> str:
    """Return the name of the presence lease of *owner*.

    Cuts off the beginning of a long owner, because owners differ in their endings.
    """
    return PRESENCE + owner[len(PRESENCE) - _LENGTH :]


async def dead_owners(tx: Transaction) -> list[str]:
    """Return the processes whose presence lease has expired."""
    expired = (col(Lease.name).startswith(PRESENCE), col(Lease.lease_until) <= tx.now)
    return list(await tx.rows(select(Lease.owner).where(*expired)))


async def delete_leases_of(tx: Transaction, owners: Iterable[str]) -> None:
    await tx.change(delete(Lease).where(among(col(Lease.owner), owners)))


# Leases on rows. A process that exceeds its lease may find that another process has its rows.


FREE: Final[Mapping[str, None]] = {"owner": None, "lease_until": None}

# The parameters of a claim statement, for which `claim_values` returns the values. A claim that
# runs often is built once, because building it takes as long as running it.
CLAIM_TIME: Final[BindParameter[datetime]] = bindparam("claim_time")
CLAIMER: Final[BindParameter[str]] = bindparam("claimer")
_CLAIM_UNTIL: Final[BindParameter[datetime]] = bindparam("claim_until")
_CLAIM_LIMIT: Final = bindparam("claim_limit", type_=Integer)


def claim_values(tx: Transaction, owner: str, limit: int, lease: timedelta) -> dict[str, Any]:
    return {
        "claim_time": tx.now,
        "claimer": owner,
        "claim_until": tx.now + lease,
        "claim_limit": limit,
    }


def claim_statement(
    table: type[Leased], due: ColumnElement[bool], order: tuple[Any, ...]
) -> Update:
    """Build the statement that leases rows of *table* that are *due* and free, in this *order*.

    A row is free if it has no lease or its lease has expired. Several processes may claim at once:
    on PostgreSQL they skip each other's rows, and on SQLite writers queue.
    """
    key = inspect(table).primary_key[0]
    lease_until = col(table.lease_until)
    chosen = (
        select(key)
        .where(due, or_(lease_until.is_(None), lease_until <= CLAIM_TIME))
        .order_by(*order)
        .limit(_CLAIM_LIMIT)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(table)
        .where(key.in_(select(chosen.c[key.name])))
        .values(owner=CLAIMER, lease_until=_CLAIM_UNTIL)
    )


async def claim(
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
    """Lease up to *limit* rows to *owner* with `claim_statement`; return them.

    *values*: other columns to set together with the lease.
    """
    statement = claim_statement(table, due, order).values(**(values or {})).returning(table)
    rows = await tx.rows(statement, **claim_values(tx, owner, limit, lease))
    return [row for (row,) in rows]


_LOCK_CLAIMS: Final = select(
    func.pg_advisory_xact_lock(func.hashtext(bindparam("claims", type_=Text)))
)


async def lock_claims(tx: Transaction, table: type[SQLModel]) -> None:
    """Serialise the claims of *table*, for tables where other rows decide whether a row is free.

    Such a claim must see the rows that other claims have taken. On SQLite writers queue anyway.
    """
    if tx.dialect == POSTGRESQL:
        await tx.rows(_LOCK_CLAIMS, claims=f"claim {inspect(table).local_table.name}")


async def renew(
    tx: Transaction,
    table: type[Leased],
    ids: Iterable[int],
    owner: str,
    lease: timedelta,
    **values: Any,
) -> set[int]:
    """Renew the leases that *owner* still has on these rows; return the ids of its rows.

    *values*: other columns to set. Nobody can take these rows before this transaction ends.
    """
    return await _update_own(tx, table, ids, owner, {"lease_until": tx.now + lease, **values})


async def release(
    tx: Transaction, table: type[Leased], ids: Iterable[int], owner: str, **values: Any
) -> set[int]:
    """Free the rows that *owner* still leases; return their ids. *values*: other columns to set."""
    return await _update_own(tx, table, ids, owner, {**FREE, **values})


async def _update_own(
    tx: Transaction,
    table: type[Leased],
    ids: Iterable[int],
    owner: str,
    values: Mapping[str, Any],
) -> set[int]:
    new = {f"new_{column}": value for column, value in values.items()}
    statement = _own_update(table, tuple(values))
    return {key for (key,) in await tx.rows(statement, ids=ids, holder=owner, **new)}


@cache
def _own_update(table: type[Leased], columns: tuple[str, ...]) -> Any:
    rows, key = inspect(table).local_table, inspect(table).primary_key[0]
    own = (among(key, bindparam("ids")), rows.c.owner == bindparam("holder"))
    new: dict[str, Any] = {column: bindparam(f"new_{column}") for column in columns}
    return update(rows).where(*own).values(new).returning(key)


async def lock_own(
    tx: Transaction, table: type[Leased], ids: Iterable[int], owner: str
) -> set[int]:
    """Lock the rows that *owner* still leases until this transaction ends; return their ids."""
    return set(await tx.rows(_own_lock(table), ids=ids, holder=owner))


@cache
def _own_lock(table: type[Leased]) -> Any:
    key, rows = inspect(table).primary_key[0], inspect(table).local_table
    own = (among(key, bindparam("ids")), rows.c.owner == bindparam("holder"))
    return select(key).where(*own).with_for_update()


async def release_each(
    tx: Transaction, table: type[Leased], changes: Mapping[int, Mapping[str, Any]], owner: str
) -> set[int]:
    """Free the rows that *owner* still leases, and set the columns in *changes*, by id.

    Returns the ids of these rows. A `lease_until` among the columns keeps a row from being claimed
    until then.
    """
    key = inspect(table).primary_key[0].name
    rows_by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row_id in sorted(changes):
        row = {key: row_id, **FREE, **changes[row_id]}
        rows_by_columns.setdefault(tuple(sorted(row)), []).append(row)
    released: set[int] = set()
    for rows in rows_by_columns.values():
        released |= await update_each(tx, table, rows, key=key, owner=owner)
    return released


async def release_all_of_others(tx: Transaction, table: type[Row], owner: str) -> None:
    """Free every row of *table* that a process other than *owner* leases.

    Only for a process that holds SQLite's file lock, because then all other processes are dead.
    """
    others = col(table.owner).is_not(None) & (col(table.owner) != owner)
    await tx.change(update(table).where(others).values(**FREE))


async def release_all_of(tx: Transaction, table: type[Row], owners: Iterable[str]) -> None:
    """Free every row of *table* that one of these dead processes leases."""
    await tx.change(update(table).where(among(col(table.owner), owners)).values(**FREE))
