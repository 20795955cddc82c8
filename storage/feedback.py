"""Feedback: what people write to whoever runs the bot, until it is answered."""

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Field, SQLModel, col, select

from storage.columns import ROW_ID
from storage.engine import Unit


class Feedback(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    made_at: datetime
    words: str
    answered_at: datetime | None = None


async def count_feedback(unit: Unit, chat_id: int, since: timedelta) -> int:
    """How much of it the chat wrote lately."""
    lately = (col(Feedback.chat_id) == chat_id, col(Feedback.made_at) > unit.now - since)
    return (
        await unit.session.exec(select(func.count()).select_from(Feedback).where(*lately))
    ).one()
