"""Updates that were already handled, so that they have no effect when Telegram sends them again.

Most actions are idempotent and record nothing: a button carries the wanted state, and rows have
unique keys. An action records its update, in its own transaction, only if it makes something new
each time (an invitation, a draft, new feed URLs) or counts something (a wrong code). If it made a
row, the record names the row, and a repeated update shows that row again. Records are kept for a
day, because Telegram keeps an unconfirmed update no longer than that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, delete, update
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import ROW_ID, insert_new


@dataclass(frozen=True, slots=True)
class UpdateRef:
    """A Telegram update. Its id is unique for one bot."""

    bot_id: int
    update_id: int


class ProcessedUpdate(SQLModel, table=True):
    bot_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    update_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    at: datetime = Field(index=True)
    made: int | None = Field(default=None, sa_type=ROW_ID)  # the row that its reply shows


KEPT = timedelta(days=1)


async def is_duplicate(tx: Transaction, update_ref: UpdateRef | None) -> bool:
    """Record the update as handled; return True if it was already recorded.

    None stands for an action without an update, which is never a duplicate.
    """
    if update_ref is None:
        return False
    await tx.change(delete(ProcessedUpdate).where(col(ProcessedUpdate.at) < tx.now - KEPT))
    row = {"bot_id": update_ref.bot_id, "update_id": update_ref.update_id, "at": tx.now}
    return not await insert_new(tx, ProcessedUpdate, [row], returning=ProcessedUpdate.update_id)


async def record_result(tx: Transaction, update_ref: UpdateRef | None, made: int | None) -> None:
    """Record the row that the action made, so that a repeated update can show it."""
    if update_ref:
        await tx.change(update(ProcessedUpdate).where(*_is(update_ref)).values(made=made))


async def result_of(tx: Transaction, update_ref: UpdateRef | None) -> int | None:
    if update_ref is None:
        return None
    made: int | None = await tx.first(select(ProcessedUpdate.made).where(*_is(update_ref)))
    return made


def _is(update_ref: UpdateRef) -> tuple[ColumnElement[bool], ...]:
    return (
        col(ProcessedUpdate.bot_id) == update_ref.bot_id,
        col(ProcessedUpdate.update_id) == update_ref.update_id,
    )
