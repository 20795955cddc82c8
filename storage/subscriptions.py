"""Subscriptions: which chat wants which topic, and how."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID, stored_as
from storage.words import Mode


class Subscription(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("chat_id", "topic_id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    topic_id: int = Field(foreign_key="topic.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    mode: Mode = Field(sa_type=stored_as(Mode))
    created_at: datetime  # only articles stored later alert
    paused: bool = False
