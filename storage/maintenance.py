"""Maintenance: until when the bot answers only its admins and sends nothing by itself.

The time is in the database, so that all processes keep it. The row stays after the end, because
what waited meanwhile is late only since then.
"""

from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import Executable, bindparam
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import upsert

LONGEST_MESSAGE: Final = 300  # characters
_THE_ONE: Final = 1


class Maintenance(SQLModel, table=True):
    """The only row holds the last maintenance, which may be over."""

    id: int = Field(default=_THE_ONE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    until: datetime
    message: str = Field(default="", max_length=LONGEST_MESSAGE)  # of the operator, for users


async def current_maintenance(tx: Transaction) -> Maintenance | None:
    """Return the maintenance that is going on; None if there is none."""
    row: Maintenance | None = await tx.first(_lasting(), now=tx.now)
    return row


@cache
def _lasting() -> Executable:
    return select(Maintenance).where(col(Maintenance.until) > bindparam("now"))


async def last_maintenance_end(tx: Transaction) -> datetime | None:
    """Return when the last maintenance ended or will end; None if there never was one."""
    until: datetime | None = await tx.first(select(Maintenance.until))
    return until


async def set_maintenance(tx: Transaction, until: datetime, message: str = "") -> None:
    row = {"id": _THE_ONE, "until": until, "message": message}
    changes = "until = excluded.until, message = excluded.message"
    await upsert(tx, Maintenance, [row], key="id", changes=changes)
