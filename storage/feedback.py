"""Feedback: what people write to the operator, until it is answered."""

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID
from storage.outbox import Delivery

FEEDBACK_NOTICE = "feedback"  # the kind of notice that passes it on to admins


class Feedback(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    made_at: datetime
    words: str
    passed_on_at: datetime | None = None  # to the admins; None: there was none
    answered_at: datetime | None = None


async def add_feedback(
    tx: Transaction, chat_id: int, words: str, *, is_passed_on: bool
) -> Feedback:
    passed_on_at = tx.now if is_passed_on else None
    feedback = Feedback(chat_id=chat_id, made_at=tx.now, words=words, passed_on_at=passed_on_at)
    return await tx.add(feedback)


async def count_feedback(tx: Transaction, chat_id: int, since: timedelta) -> int:
    """How much of it the chat wrote lately."""
    lately = (col(Feedback.chat_id) == chat_id, col(Feedback.made_at) > tx.now - since)
    return (await tx.session.exec(select(func.count()).select_from(Feedback).where(*lately))).one()


async def notices_of_feedback(tx: Transaction) -> dict[int, int]:
    """Return the deliveries by which admins got feedback, each with the feedback's number."""
    sent = select(Delivery.id, Delivery.subject).where(col(Delivery.notice) == FEEDBACK_NOTICE)
    return {number: int(subject) for number, subject in await tx.session.exec(sent)}


async def unsent_feedback(tx: Transaction) -> list[tuple[str, Feedback]]:
    """Return what nobody has answered nor been sent, with the name of its chat."""
    unsent = (
        select(Chat.name, Feedback)
        .join(Chat, col(Chat.id) == Feedback.chat_id)
        .where(col(Feedback.answered_at).is_(None), col(Feedback.passed_on_at).is_(None))
        .order_by(col(Feedback.id))
    )
    return list(await tx.session.exec(unsent))
