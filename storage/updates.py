"""Updates that were handled and must have no effect when Telegram sends them again.

Most actions are idempotent and record nothing: a button carries the wanted state, and rows have
keys. Only an action that makes something new each time (an invitation, a draft, new addresses of
feeds) or that counts (a wrong code) records its update, in the same transaction. Where it made a
row, the record names it, and the second time shows the same one. Records are kept for a day,
because Telegram keeps an unconfirmed update no longer than that.
"""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, delete, update
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import ROW_ID, insert_new
from storage.enums import UpdateRef


class ProcessedUpdate(SQLModel, table=True):
    bot_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    update_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    at: datetime = Field(index=True)
    made: int | None = Field(default=None, sa_type=ROW_ID)  # the row that its answer shows


KEPT = timedelta(days=1)


async def is_duplicate(tx: Transaction, once: UpdateRef | None) -> bool:
    """Note, with this transaction, that *once* is handled; True if it was before.

    None: it came by no update, and is meant each time.
    """
    if once is None:
        return False
    await tx.session.exec(delete(ProcessedUpdate).where(col(ProcessedUpdate.at) < tx.now - KEPT))
    row = {"bot_id": once.bot_id, "update_id": once.update_id, "at": tx.now}
    return not await insert_new(tx, ProcessedUpdate, [row], returning=ProcessedUpdate.update_id)


async def record_result(tx: Transaction, once: UpdateRef | None, made: int | None) -> None:
    """Note which row the act made, for the second time to show."""
    if once:
        await tx.session.exec(update(ProcessedUpdate).where(*_of(once)).values(made=made))


async def result_of(tx: Transaction, once: UpdateRef | None) -> int | None:
    if once is None:
        return None
    return (await tx.session.exec(select(ProcessedUpdate.made).where(*_of(once)))).first()


def _of(once: UpdateRef) -> tuple[ColumnElement[bool], ...]:
    return col(ProcessedUpdate.bot_id) == once.bot_id, col(
        ProcessedUpdate.update_id
    ) == once.update_id
