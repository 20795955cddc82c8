"""Sources: the places we read, one row for one URL, and which chats follow them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Index,
    Update,
    bindparam,
    delete,
    exists,
    inspect,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.columns import ROW_ID, Leased, stored_as
from storage.engine import Unit, claim, claim_alone
from storage.hosts import is_paused, pause_host
from storage.insert import insert_new
from storage.words import FullText, SourceKind, SourceState


class Source(Leased, table=True):
    __table_args__ = (
        Index("ix_source_due", "state", "next_fetch_at"),
        Index("ix_source_asked", "host", "lease_until"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
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
    trouble: str | None = None  # one word, see bot/sources/answers.py
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


async def claim_due_sources(
    unit: Unit, *, owner: str, limit: int, lease: timedelta
) -> list[Source]:
    """Claim sources that are due, and none of a host of which somebody reads a source."""
    await claim_alone(unit, Source)
    due = (col(Source.state) == SourceState.ACTIVE) & (col(Source.next_fetch_at) <= unit.now)
    return await claim(
        unit,
        Source,
        due & ~is_paused(col(Source.host), unit.now) & (col(Source.own_network) | ~_is_asked(unit)),
        order=(col(Source.next_fetch_at), col(Source.id)),
        limit=limit,
        owner=owner,
        lease=lease,
    )


_OTHER = inspect(Source).local_table.alias("other")


def _is_asked(unit: Unit) -> ColumnElement[bool]:
    """Whether the host has its turn with somebody. The operator's own may be asked at any time."""
    return exists().where(
        _OTHER.c.host == col(Source.host),
        _OTHER.c.lease_until > unit.now,
        _OTHER.c.own_network.is_(False),
    )


async def finish_fetches(
    unit: Unit, owner: str, fetches: Mapping[int, Mapping[str, Any]]
) -> set[int]:
    """Store what fetches brought, by the source's id, and let go of the sources.

    A `lease_until` among it is how long their host rests. Return those that *owner* still had;
    nothing is stored of the others.
    """
    connection = await unit.session.connection()
    had = select(Source.id).where(col(Source.id).in_(fetches), col(Source.owner) == owner)
    ours = {each for each in (await connection.scalars(had.with_for_update())) if each}
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for source_id in sorted(ours):
        values = fetches[source_id]
        row = {"_id": source_id, **values}
        alike.setdefault(tuple(sorted(values)), []).append(row)
    for columns, rows in alike.items():
        await connection.execute(_finishing(columns), rows)
    return ours


@lru_cache(maxsize=32)
def _finishing(columns: tuple[str, ...]) -> Update:
    """To put this together takes longer than to run it; there are a few kinds."""
    free: dict[str, Any] = {"owner": None, "lease_until": None}
    told: dict[str, Any] = {column: bindparam(column) for column in columns}
    return update(Source).values(free | told).where(col(Source.id) == bindparam("_id"))


async def wait_for_host(unit: Unit, host: str, until: datetime) -> None:
    """Ask none of *host*'s sources before *until*, those included that it gets meanwhile."""
    await pause_host(unit, host, until)
    sooner = (col(Source.host) == host, col(Source.next_fetch_at) < until)
    await unit.session.exec(update(Source).where(*sooner).values(next_fetch_at=until))


async def change_source(unit: Unit, source_id: int, values: Mapping[str, Any]) -> None:
    await unit.session.exec(update(Source).where(col(Source.id) == source_id).values(**values))


async def source_of(unit: Unit, url_hash: str) -> Source | None:
    found = await unit.session.exec(select(Source).where(col(Source.url_hash) == url_hash))
    return found.first()


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
