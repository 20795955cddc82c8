"""Feedback: what people write to whoever runs the bot, until it is answered."""

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID
from storage.enums import FEEDBACK_NOTICE, DeliveryKind
from storage.outbox import Delivery


class Feedback(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    made_at: datetime
    words: str
    answered_at: datetime | None = None


async def count_feedback(unit: Transaction, chat_id: int, since: timedelta) -> int:
    """How much of it the chat wrote lately."""
    lately = (col(Feedback.chat_id) == chat_id, col(Feedback.made_at) > unit.now - since)
    return (
        await unit.session.exec(select(func.count()).select_from(Feedback).where(*lately))
    ).one()


async def notices_of_feedback(unit: Transaction) -> dict[int, int]:
    """Return the deliveries that told those who run the bot of feedback, with its number."""
    told = select(Delivery.id, Delivery.key).where(
        col(Delivery.kind) == DeliveryKind.NOTICE,
        col(Delivery.key).between("notice:", "notice;"),
        col(Delivery.key).contains(f":{FEEDBACK_NOTICE}:"),
    )
    rows = await unit.session.exec(told)
    return {number: int(key.rpartition(":")[2]) for number, key in rows}


async def unsent_feedback(unit: Transaction) -> list[tuple[str, Feedback]]:
    """Return what nobody has answered nor been sent, with the name of its chat."""
    told = set((await notices_of_feedback(unit)).values())
    open_ = (
        select(Chat.name, Feedback)
        .join(Chat, col(Chat.id) == Feedback.chat_id)
        .where(col(Feedback.answered_at).is_(None))
        .order_by(col(Feedback.id))
    )
    return [(name, one) for name, one in await unit.session.exec(open_) if one.id not in told]
