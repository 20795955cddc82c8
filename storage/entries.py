"""Entries: what each source holds, by (source, guid)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID


class Entry(SQLModel, table=True):
    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    guid_hash: str = Field(primary_key=True, max_length=32)
    article_id: int = Field(
        foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    content_hash: str = Field(max_length=32)
    first_seen_at: datetime
