"""Feedback: messages from users to the operator."""

from collections.abc import Sequence
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
    passed_on_at: datetime | None = None  # to the admins; None: there is no admin yet
    answered_at: datetime | None = None


async def add_feedback(
    tx: Transaction, chat_id: int, words: str, *, is_passed_on: bool
) -> Feedback:
    passed_on_at = tx.now if is_passed_on else None
    feedback = Feedback(chat_id=chat_id, made_at=tx.now, words=words, passed_on_at=passed_on_at)
    return await tx.add(feedback)


async def count_feedback(tx: Transaction, chat_id: int, since: timedelta) -> int:
    """Return how many messages the chat has written within *since*."""
    recent = (col(Feedback.chat_id) == chat_id, col(Feedback.made_at) > tx.now - since)
    return await tx.one(select(func.count()).select_from(Feedback).where(*recent))


async def notices_of_feedback(tx: Transaction) -> dict[int, int]:
    """Return the deliveries that passed feedback on to admins, each with the feedback's id."""
    sent = select(Delivery.id, Delivery.subject).where(col(Delivery.notice) == FEEDBACK_NOTICE)
    return {delivery_id: int(subject) for delivery_id, subject in await tx.rows(sent)}


async def unsent_feedback(tx: Transaction) -> Sequence[tuple[str, Feedback]]:
    """Return the feedback that was neither passed on nor answered, with the name of its chat."""
    return await tx.rows(
        select(Chat.name, Feedback)
        .join(Chat, col(Chat.id) == Feedback.chat_id)
        .where(col(Feedback.answered_at).is_(None), col(Feedback.passed_on_at).is_(None))
        .order_by(col(Feedback.id))
    )
