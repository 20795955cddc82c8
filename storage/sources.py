"""Sources: the places we read, one row for one URL, and which chats follow them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, Index, and_, delete, update
from sqlmodel import Field, SQLModel, col, select

from storage.among import as_one, by_dialect
from storage.columns import NUMBERED, ROW_ID, Leased, stored_as
from storage.engine import Unit
from storage.entries import Entry
from storage.insert import insert_new
from storage.words import FullText, SourceKind, SourceState


class Source(Leased, table=True):
    __table_args__ = (
        Index("ix_source_due", "state", "next_fetch_at"),
        Index("ix_source_asked", "host", "lease_until"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    url: str = Field(max_length=2000)
    url_hash: str = Field(max_length=32, unique=True)  # of the canonical URL
    host: str
    title: str = ""
    folder: list[str] = Field(default_factory=list, sa_type=JSON)  # from the outermost inwards
    kind: SourceKind = Field(default=SourceKind.FEED, sa_type=stored_as(SourceKind))
    state: SourceState = Field(default=SourceState.ACTIVE, sa_type=stored_as(SourceState))
    public: bool = False  # the operator's; else it reaches only the chats that follow it
    own_network: bool = False  # where the operator allows everything
    every_seconds: int | None = None  # the operator's wish; None: as the source itself suggests
    full_text: FullText = Field(default=FullText.AUTO, sa_type=stored_as(FullText))
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
    rhythm_seconds: int | None = None  # how often its last body deserved a look
    ttl_seconds: int | None = None  # how long it wants to be left alone after each look
    skip_hours: int = 0  # bits: hour 0 to 23, UTC
    skip_days: int = 0  # bits: Monday is 0
    fetches: int = 0
    unchanged: int = 0  # of those, answered 304 or with the same bytes

    failures: int = 0  # in a row
    trouble: str | None = None  # one word, see bot/sources/getting/answers.py
    trouble_text: str | None = None  # the sentence for people
    trouble_since: datetime | None = None
    last_trouble_text: str | None = None  # kept when it is over
    last_trouble_at: datetime | None = None
    moved_to: str | None = None
    moved_seen: int = 0

    hub: str | None = None  # that it names, and under which address it is known there
    hub_topic: str | None = None
    hinted_at: datetime | None = None  # when a hub last made it due
    pushed_until: datetime | None = None  # until then a hub that kept its word tells of news


class Follow(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )


async def change_source(unit: Unit, source_id: int, values: Mapping[str, Any]) -> None:
    await unit.session.exec(update(Source).where(col(Source.id) == source_id).values(**values))


async def make_source_public(unit: Unit, source: Source, values: Mapping[str, Any]) -> int:
    """Let the private source reach everybody, with the *values* of its columns; return its row.

    Its entries are forgotten, and a visit under way finds its lease gone: what it showed as a
    private source becomes no public article, for it may have shown anything then.
    """
    source_id = source.id
    await unit.session.exec(delete(Entry).where(col(Entry.source_id) == source_id))
    freed = {"state": SourceState.ACTIVE, "owner": None, "lease_until": None}
    kept = {"created_at": source.created_at, "public": True}
    await change_source(unit, source_id, {**freed, **values, **kept})
    return source_id


async def source_of(unit: Unit, url_hash: str) -> Source | None:
    found = await unit.session.exec(select(Source).where(col(Source.url_hash) == url_hash))
    return found.first()


class KnownSource(NamedTuple):
    id: int
    url_hash: str
    is_inside: bool  # the operator's own network, and not for everybody


_KNOWN: Final = by_dialect(
    "source.url_hash",
    lambda among: (
        select(Source.id, Source.url_hash, and_(col(Source.own_network), ~col(Source.public)))
        .where(among)
        .order_by(col(Source.id))
        .with_for_update(read=True, key_share=True)
    ),
    "text",
)


async def sources_known(unit: Unit, url_hashes: Collection[str]) -> list[KnownSource]:
    """Return those of them that are there; none of these goes before this unit ends."""
    if not url_hashes:
        return []
    connection = await unit.session.connection()
    rows = await connection.execute(_KNOWN[unit.dialect], {"ids": as_one(unit, url_hashes)})
    return [KnownSource(*row) for row in rows]


async def private_among(unit: Unit, source_ids: Collection[int]) -> set[int]:
    """Return those of the sources that reach only the chats that follow them."""
    asked = select(Source.id).where(col(Source.id).in_(source_ids), ~col(Source.public))
    return {source_id for source_id in await unit.session.exec(asked) if source_id}


async def all_sources(unit: Unit) -> list[Source]:
    """Return every source, the operator's first, then by host."""
    order = (col(Source.public).desc(), col(Source.host), col(Source.id))
    return list(await unit.session.exec(select(Source).order_by(*order)))


async def add_source(unit: Unit, values: Mapping[str, Any]) -> int | None:
    """Return the new row's id; None if a source of this URL is there already."""
    new = await insert_new(unit, Source, [values], returning=Source.id)
    return new[0] if new else None


async def remove_source(unit: Unit, url_hash: str) -> bool:
    """Forget the source and its entries; the articles stay, and what was sent stays true."""
    gone = await unit.session.exec(delete(Source).where(col(Source.url_hash) == url_hash))
    return bool(gone.rowcount)
