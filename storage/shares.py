"""Shares: queries that somebody shared and that are too long for a link, by a token for each."""

from datetime import datetime

from sqlmodel import Field, SQLModel, col, select

from storage.columns import NUMBERED, ROW_ID
from storage.engine import Unit


class Share(SQLModel, table=True):
    """It goes with the chat that shared it. *token*: nobody guesses it."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    token: str = Field(max_length=32, unique=True)
    typed: str
    created_at: datetime


async def share_of(unit: Unit, chat_id: int, typed: str) -> Share | None:
    """Return what the chat has shared with these words before."""
    same = (col(Share.chat_id) == chat_id, col(Share.typed) == typed)
    return (await unit.session.exec(select(Share).where(*same).limit(1))).first()


async def shared_by(unit: Unit, token: str) -> Share | None:
    return (await unit.session.exec(select(Share).where(Share.token == token))).one_or_none()
