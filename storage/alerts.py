"""Alerts: the decision, made once, that a chat is told a story at once."""

from datetime import datetime

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID


class Alert(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("chat_id", "story_id", "chapter"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    story_id: int = Field(foreign_key="story.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    chapter: int = 1
    article_id: int = Field(foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID)
    topic_ids: list[int] = Field(default_factory=list, sa_type=JSON)
    made_at: datetime
