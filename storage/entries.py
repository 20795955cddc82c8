"""Entries: what each source holds, by (source, guid)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, col, select

from storage.columns import ROW_ID
from storage.engine import Unit
from storage.insert import insert_new

LONGEST_OUTLET = 100  # characters


class Entry(SQLModel, table=True):
    # What each source carried, newest last, without a look at the rows.
    __table_args__ = (Index("ix_entry_source_id_article_id", "source_id", "article_id"),)

    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    guid_hash: str = Field(primary_key=True, max_length=32)
    article_id: int = Field(
        foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    content_hash: str = Field(max_length=32)
    first_seen_at: datetime
    outlet: str = Field(
        default="", max_length=LONGEST_OUTLET
    )  # named by a search that found it there


async def known_entries(unit: Unit, source_id: int, guid_hashes: Collection[str]) -> set[str]:
    """Return those of *guid_hashes* that the source has shown before."""
    seen = select(Entry.guid_hash).where(
        col(Entry.source_id) == source_id, col(Entry.guid_hash).in_(guid_hashes)
    )
    return set(await unit.session.exec(seen))


async def store_entries(unit: Unit, entries: Sequence[Entry]) -> None:
    rows = [entry.model_dump() for entry in entries]
    await insert_new(unit, Entry, rows, returning=Entry.guid_hash)
