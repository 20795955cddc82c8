"""Tallies: how often something happened on a day, in UTC, for whoever looks after the bot."""

from datetime import date, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import POSTGRESQL, Transaction
from storage.enums import Event

KEPT = timedelta(days=30)


class Tally(SQLModel, table=True):
    event: str = Field(primary_key=True, max_length=16)
    day: date = Field(primary_key=True)
    count: int


async def tally(unit: Transaction, event: Event) -> None:
    """Count it once more today."""
    today = unit.now.date()
    await unit.session.exec(delete(Tally).where(col(Tally.day) < today - KEPT))
    vendor = postgresql if unit.dialect == POSTGRESQL else sqlite
    counted = vendor.insert(Tally).values(event=event.value, day=today, count=1)
    more = {"count": col(Tally.count) + 1}
    connection = await unit.session.connection()
    await connection.execute(
        counted.on_conflict_do_update(index_elements=["event", "day"], set_=more)
    )


async def tallied_today(unit: Transaction, event: Event) -> int:
    wanted = select(Tally.count).where(
        col(Tally.event) == event.value, col(Tally.day) == unit.now.date()
    )
    return (await unit.session.exec(wanted)).first() or 0
