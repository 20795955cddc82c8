"""Acts of those who run the bot: who did what to whom, and when. Kept for a year."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, delete, func
from sqlmodel import Field, SQLModel, col, select

from storage.columns import ROW_ID, stored_as
from storage.engine import Unit
from storage.words import Deed

KEPT = timedelta(days=365)
LONGEST_SUBJECT = 200


class Act(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    at: datetime = Field(index=True)
    person_id: int | None = Field(default=None, sa_type=BigInteger)  # None: on the command line
    deed: Deed = Field(sa_type=stored_as(Deed))
    subject: str = Field(max_length=LONGEST_SUBJECT)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


async def write_act(
    unit: Unit, by: int | None, deed: Deed, subject: object, **details: object
) -> None:
    """Write down what *by* does in this unit, with which it stands and falls.

    *by* is Telegram's number of a person; None: whoever has the command line.
    """
    await unit.session.exec(delete(Act).where(col(Act.at) < unit.now - KEPT))
    named = str(subject)[:LONGEST_SUBJECT]
    unit.session.add(Act(at=unit.now, person_id=by, deed=deed, subject=named, details=details))
    await unit.session.flush()


async def acts_done(unit: Unit, *, offset: int = 0, limit: int = 100) -> list[Act]:
    """Return the acts, the newest first."""
    newest = select(Act).order_by(col(Act.id).desc())
    return list(await unit.session.exec(newest.offset(offset).limit(limit)))


async def count_acts(unit: Unit) -> int:
    return (await unit.session.exec(select(func.count()).select_from(Act))).one()
