"""Entries: what each source holds, by (source, guid)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Index, bindparam, update
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


class Seen(NamedTuple):
    """What the source showed last under one guid."""

    article_id: int
    content_hash: str


async def known_entries(
    unit: Unit, source_id: int, guid_hashes: Collection[str]
) -> dict[str, Seen]:
    """Return those of *guid_hashes* that the source has shown before."""
    seen = select(Entry.guid_hash, Entry.article_id, Entry.content_hash).where(
        col(Entry.source_id) == source_id, col(Entry.guid_hash).in_(guid_hashes)
    )
    found = await unit.session.exec(seen)
    return {guid_hash: Seen(article_id, content) for guid_hash, article_id, content in found}


async def store_entries(unit: Unit, entries: Sequence[Entry]) -> None:
    rows = [entry.model_dump() for entry in entries]
    await insert_new(unit, Entry, rows, returning=Entry.guid_hash)


async def note_contents(unit: Unit, source_id: int, hashes: Mapping[str, str]) -> None:
    """Remember what the source shows now, by the hash of the guid."""
    if not hashes:
        return
    rows = [{"b_guid": guid, "b_content": content} for guid, content in hashes.items()]
    change = (
        update(Entry)
        .where(col(Entry.source_id) == source_id, col(Entry.guid_hash) == bindparam("b_guid"))
        .values(content_hash=bindparam("b_content"))
    )
    connection = await unit.session.connection()
    await connection.execute(change, rows)
