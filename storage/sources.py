"""Sources: the places we read, one row for one URL, and which chats follow them."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID, Leased, stored_as
from storage.words import SourceKind, SourceState


class Source(Leased, table=True):
    __table_args__ = (Index("ix_source_due", "state", "next_fetch_at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    url: str = Field(max_length=2000, unique=True)
    host: str
    title: str = ""
    kind: SourceKind = Field(default=SourceKind.FEED, sa_type=stored_as(SourceKind))
    state: SourceState = Field(default=SourceState.ACTIVE, sa_type=stored_as(SourceState))
    public: bool = False
    every_seconds: int | None = None  # the operator's wish; None: as the source itself suggests
    created_at: datetime

    # Validators are opaque: sent back as they came.
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None

    next_fetch_at: datetime
    fetched_at: datetime | None = None
    succeeded_at: datetime | None = None
    first_read_at: datetime | None = None  # None: what it holds now is its backlog
    newest_at: datetime | None = None
    interval_seconds: int | None = None
    fetches: int = 0
    unchanged: int = 0  # of those, answered 304 or with the same bytes

    failures: int = 0  # in a row
    trouble: str | None = None  # one word, see bot/sources/answers.py
    trouble_text: str | None = None  # the sentence for people
    trouble_since: datetime | None = None
    moved_to: str | None = None
    moved_seen: int = 0


class Follow(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
