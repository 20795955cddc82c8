"""Leases on roles that only one process may have, such as polling Telegram.

A process that shares its database also holds one that says it is alive (`alive:…`), and renews it
every few seconds: what it leases is free again soon after it was killed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, update
from sqlmodel import Field, SQLModel, col, select

from storage.engine import Unit
from storage.insert import insert_new

ALIVE: Final = "alive:"
_LENGTH: Final = 32  # of a name


class Lease(SQLModel, table=True):
    name: str = Field(primary_key=True, max_length=_LENGTH)
    owner: str
    lease_until: datetime


async def hold(unit: Unit, name: str, owner: str, lease: timedelta) -> bool:
    """Take or renew the lease *name* for *owner*; return whether *owner* has it now."""
    until = unit.now + lease
    renewed = await unit.session.exec(
        update(Lease)
        .where(
            col(Lease.name) == name,
            or_(col(Lease.owner) == owner, col(Lease.lease_until) <= unit.now),
        )
        .values(owner=owner, lease_until=until)
    )
    if renewed.rowcount:
        return True
    row = {"name": name, "owner": owner, "lease_until": until}
    return bool(await insert_new(unit, Lease, [row], returning=Lease.name))


async def keep(unit: Unit, name: str, owner: str, lease: timedelta) -> bool:
    """Renew the lease, also one that is over, as long as nobody else has had it since.

    Nobody can take it before this unit ends.
    """
    connection = await unit.session.connection()
    renewed = await connection.execute(
        update(Lease)
        .where(col(Lease.name) == name, col(Lease.owner) == owner)
        .values(lease_until=unit.now + lease)
    )
    return bool(renewed.rowcount)


async def lease_of(unit: Unit, name: str) -> tuple[str, datetime]:
    """Return who had the lease last and until when; ("", now) if nobody, or it was let go."""
    connection = await unit.session.connection()
    wanted = select(Lease.owner, Lease.lease_until).where(col(Lease.name) == name)
    row = (await connection.execute(wanted)).first()
    return (row.owner, row.lease_until) if row else ("", unit.now)


async def let_go(unit: Unit, name: str, owner: str) -> None:
    await unit.session.exec(delete(Lease).where(col(Lease.name) == name, col(Lease.owner) == owner))


async def drop_leases_of_others(unit: Unit, owner: str) -> None:
    await unit.session.exec(delete(Lease).where(col(Lease.owner) != owner))


def alive_name(owner: str) -> str:
    """Return the name of the lease that says *owner* is alive; what differs ends an owner."""
    return ALIVE + owner[len(ALIVE) - _LENGTH :]


async def dead_owners(unit: Unit) -> list[str]:
    """Return the processes that have not said for a lease that they are alive."""
    silent = col(Lease.name).startswith(ALIVE), col(Lease.lease_until) <= unit.now
    return list(await unit.session.exec(select(Lease.owner).where(*silent)))


async def drop_leases_of(unit: Unit, owners: Iterable[str]) -> None:
    await unit.session.exec(delete(Lease).where(col(Lease.owner).in_(owners)))
