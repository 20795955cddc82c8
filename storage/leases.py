"""Leases on roles that only one process may have, such as polling Telegram."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlmodel import Field, SQLModel, col

from storage.engine import Unit
from storage.insert import insert_new


class Lease(SQLModel, table=True):
    name: str = Field(primary_key=True, max_length=32)
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


async def let_go(unit: Unit, name: str, owner: str) -> None:
    await unit.session.exec(delete(Lease).where(col(Lease.name) == name, col(Lease.owner) == owner))


async def drop_leases_of_others(unit: Unit, owner: str) -> None:
    await unit.session.exec(delete(Lease).where(col(Lease.owner) != owner))
