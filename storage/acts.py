"""Acts of those who run the bot: who did what to whom, and when. Kept for a year."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, delete, func, update
from sqlmodel import Field, SQLModel, col, select

from storage.columns import NUMBERED, ROW_ID, stored_as
from storage.engine import Unit
from storage.words import Deed

KEPT = timedelta(days=365)
LONGEST_SUBJECT = 200
SOMEBODY = 0  # who did it has had all about themselves erased
# Done to a chat, which is named by its Telegram number.
TO_A_CHAT = frozenset({Deed.APPOINTED, Deed.BANNED, Deed.ALLOWED, Deed.LIMITED})


class Act(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
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


async def forget_who(unit: Unit, telegram_id: int) -> None:
    """Let the acts stay, and none name this person or chat any more."""
    acts = update(Act).execution_options(synchronize_session=False)
    by_them = acts.where(col(Act.person_id) == telegram_id)
    await unit.session.exec(by_them.values(person_id=SOMEBODY))
    to_them = acts.where(col(Act.deed).in_(TO_A_CHAT), col(Act.subject) == str(telegram_id))
    await unit.session.exec(to_them.values(subject=""))


async def acts_done(unit: Unit, *, offset: int = 0, limit: int = 100) -> list[Act]:
    """Return the acts, the newest first."""
    newest = select(Act).order_by(col(Act.id).desc())
    return list(await unit.session.exec(newest.offset(offset).limit(limit)))


async def count_acts(unit: Unit) -> int:
    return (await unit.session.exec(select(func.count()).select_from(Act))).one()
