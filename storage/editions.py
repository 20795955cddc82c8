"""Editions: the dated digests of each chat, and the stories that each one told."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID


class Edition(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("chat_id", "local_date", "slot"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    local_date: date
    slot: int = 0
    due_at: datetime
    made_at: datetime
    since: datetime  # what it reaches back to
    stories: int = 0


class EditionStory(SQLModel, table=True):
    """A story that a chat was told in a digest; it is never told again as new."""

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    story_id: int = Field(
        primary_key=True, foreign_key="story.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    edition_id: int = Field(
        foreign_key="edition.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
