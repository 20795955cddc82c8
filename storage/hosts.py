"""Hosts that asked to be left alone for a while: all their sources wait, in every process."""

from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, delete, exists, update
from sqlmodel import Field, SQLModel, col, select

from storage.engine import Unit
from storage.insert import insert_new


class HostPause(SQLModel, table=True):
    host: str = Field(primary_key=True)
    until: datetime


async def pause_host(unit: Unit, host: str, until: datetime) -> None:
    """A longer pause that *host* asked for before stays."""
    await unit.session.exec(delete(HostPause).where(col(HostPause.until) <= unit.now))
    row = {"host": host, "until": until}
    if not await insert_new(unit, HostPause, [row], returning=HostPause.host):
        longer = (col(HostPause.host) == host, col(HostPause.until) < until)
        await unit.session.exec(update(HostPause).where(*longer).values(until=until))


def is_paused(host: SQLColumnExpression[str], now: datetime) -> ColumnElement[bool]:
    pause = select(HostPause.host).where(col(HostPause.host) == host, col(HostPause.until) > now)
    return exists(pause)
