"""Sources: the places we read, one row for one URL, and which chats follow them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BindParameter,
    ColumnElement,
    Index,
    SQLColumnExpression,
    case,
    delete,
    exists,
    false,
    func,
    inspect,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import POSTGRESQL, Transaction
from storage.db.leases import (
    FREE,
    ClaimParameters,
    claim,
    claim_parameters,
    claim_statement,
    claim_values,
    held,
    lock_claims,
    release,
    release_each,
)
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, enum_column, insert_new, upsert
from storage.entries import Entry
from storage.enums import FullText, Notification, SourceKind, SourceState


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
    kind: SourceKind = Field(default=SourceKind.FEED, sa_type=enum_column(SourceKind))
    state: SourceState = Field(default=SourceState.ACTIVE, sa_type=enum_column(SourceState))
    public: bool = False  # the operator's; else it reaches only the chats that follow it
    own_network: bool = False  # where the operator allows everything
    every_seconds: int | None = None  # the operator's wish; None: as the source itself suggests
    full_text: FullText = Field(default=FullText.AUTO, sa_type=enum_column(FullText))
    created_at: datetime

    # Validators are opaque: sent back as they came.
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    fingerprints: bytes = b""  # of the entries that it showed last, 8 bytes each

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
    error: str | None = None  # a code, see bot/sources/fetch/problems.py
    error_detail: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    error_since: datetime | None = None
    last_error: str | None = None  # kept when it is over
    last_error_detail: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    last_error_at: datetime | None = None
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


class AwaitedPage(Leased, table=True):
    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    url: str
    host: str = Field(index=True)
    inside: bool = False  # the source is in the operator's own network
    private: bool = Field(default=False)
    awaited_since: datetime
    due_at: datetime


class HostPause(SQLModel, table=True):
    host: str = Field(primary_key=True)
    until: datetime


class BoilerplateBlocks(SQLModel, table=True):
    host: str = Field(primary_key=True)
    blocks: str  # as the reader of pages writes them; small, for it forgets


# The columns of a source that nobody holds and that was never read.
UNREAD: Final[Mapping[str, Any]] = {
    **FREE,
    "fingerprints": b"",
    **dict.fromkeys(("etag", "last_modified", "body_hash", "first_read_at")),
}


async def change_source(tx: Transaction, source_id: int, values: Mapping[str, Any]) -> None:
    await tx.session.exec(update(Source).where(col(Source.id) == source_id).values(**values))


async def make_source_public(tx: Transaction, source: Source, values: Mapping[str, Any]) -> int:
    """Let the private source reach everybody, with the *values* of its columns; return its row.

    Its entries are forgotten, and a visit under way finds its lease gone: what it showed as a
    private source becomes no public article, for it may have shown anything then.
    """
    source_id = source.id
    await tx.session.exec(delete(Entry).where(col(Entry.source_id) == source_id))
    kept = {"created_at": source.created_at, "public": True, "fingerprints": b""}
    await change_source(tx, source_id, {**FREE, "state": SourceState.ACTIVE, **values, **kept})
    return source_id


async def source_of(tx: Transaction, url_hash: str) -> Source | None:
    found = await tx.session.exec(select(Source).where(col(Source.url_hash) == url_hash))
    return found.first()


async def private_sources(tx: Transaction, source_ids: Collection[int]) -> set[int]:
    """Return those of the sources that reach only the chats that follow them."""
    asked = select(Source.id).where(among(col(Source.id), source_ids), ~col(Source.public))
    return {source_id for source_id in await tx.session.exec(asked) if source_id}


async def all_sources(tx: Transaction) -> list[Source]:
    """Return every source, the operator's first, then by host."""
    order = (col(Source.public).desc(), col(Source.host), col(Source.id))
    return list(await tx.session.exec(select(Source).order_by(*order)))


async def add_source(tx: Transaction, values: Mapping[str, Any]) -> int | None:
    """Return the new row's id; None if a source of this URL is there already."""
    new = await insert_new(tx, Source, [values], returning=Source.id)
    return new[0] if new else None


async def remove_source(tx: Transaction, url_hash: str) -> bool:
    """Forget the source and its entries; the articles stay, and what was sent stays true."""
    gone = await tx.session.exec(delete(Source).where(col(Source.url_hash) == url_hash))
    return bool(gone.rowcount)


# Whose turn it is: which sources are read now, and what reading them yielded.


# Put together once: to do it for each claim takes longer than the claim.
_OTHER = inspect(Source).local_table.alias("other")

_PAGE = inspect(AwaitedPage).local_table.alias("page")


async def claim_due_sources(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta
) -> list[Source]:
    """Claim sources that are due, and none of a host that somebody is asking.

    The operator's own hosts may be asked at any time.
    """
    await lock_claims(tx, Source)
    values = claim_values(tx, owner, limit, lease)
    options = {"synchronize_session": False, "populate_existing": True}
    claiming = _claiming(tx.dialect)
    rows = await tx.session.exec(claiming, params=values, execution_options=options)
    return list(rows.scalars())


@cache
def _claiming(dialect: str) -> ReturningUpdate[Any]:
    asked = claim_parameters()
    due = (col(Source.state) == SourceState.ACTIVE) & (col(Source.next_fetch_at) <= asked.now)
    free = ~_is_host_fetching(asked) & ~_has_page_read(dialect, asked)
    where = due & ~is_paused(col(Source.host), asked.now) & (col(Source.own_network) | free)
    order = col(Source.next_fetch_at), col(Source.id)
    return claim_statement(Source, where, order, asked).returning(Source)


def _is_host_fetching(asked: ClaimParameters) -> ColumnElement[bool]:
    """Whether another source of the host is being read, or was until a moment ago."""
    return exists().where(
        _OTHER.c.host == col(Source.host),
        _OTHER.c.lease_until > asked.now,
        _OTHER.c.own_network.is_(False),
    )


def _has_page_read(dialect: str, asked: ClaimParameters) -> ColumnElement[bool]:
    """Whether another process reads a page of the host. One process sees to that by itself."""
    if dialect != POSTGRESQL:
        return false()
    return exists().where(
        _PAGE.c.host == col(Source.host),
        _PAGE.c.lease_until > asked.now,
        _PAGE.c.owner != asked.owner,
    )


async def finish_fetches(
    tx: Transaction, owner: str, fetches: Mapping[int, Mapping[str, Any]]
) -> set[int]:
    """Store the results of fetches, by the source's id, and let go of the sources.

    A `lease_until` among it is how long their host rests. Return those that *owner* still had;
    nothing is stored of the others.
    """
    if not fetches:
        return set()
    ours = await held(tx, Source, fetches, owner)
    await release_each(tx, Source, {source_id: fetches[source_id] for source_id in ours})
    return ours


async def delay_host(tx: Transaction, host: str, until: datetime) -> None:
    """Ask none of *host*'s sources before *until*, those included that it gets meanwhile."""
    await pause_host(tx, host, until)
    sooner = (col(Source.host) == host, col(Source.next_fetch_at) < until)
    await tx.session.exec(update(Source).where(*sooner).values(next_fetch_at=until))


# The pages that articles wait for: rows only as long as they are to be read.


_LAST: Final = 2**48  # above every article's id


async def enqueue_pages(tx: Transaction, pages: Sequence[AwaitedPage]) -> None:
    if pages:
        rows = [page.model_dump() for page in pages]
        await insert_new(tx, AwaitedPage, rows)
        tx.notifications.add(Notification.PAGES)


async def claim_pages(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta
) -> list[AwaitedPage]:
    """Lease pages that are due, one of each host, and none of a host that somebody is asking.

    Of a host those of public articles come first: a chat's own feed holds up nobody's news.
    """
    await lock_claims(tx, Source)
    other = aliased(AwaitedPage)
    asked = exists().where(
        col(other.host) == col(AwaitedPage.host), col(other.lease_until) > tx.now
    )
    # The least of each host, also for another process: it finds that one taken, and no other.
    first = (
        select(func.min(_page_order(other))).where(col(other.due_at) <= tx.now).group_by(other.host)
    )
    due = _page_order(AwaitedPage).in_(first)
    return await claim(
        tx,
        AwaitedPage,
        due & ~asked & ~_is_polled(tx, owner) & ~is_paused(col(AwaitedPage.host), tx.now),
        order=(col(AwaitedPage.article_id),),
        limit=limit,
        owner=owner,
        lease=lease,
    )


def _page_order(page: type[AwaitedPage]) -> ColumnElement[int]:
    """Return what orders the pages of a host: the private ones behind all others."""
    return col(page.article_id) + case((col(page.private), _LAST), else_=0)


def _is_polled(tx: Transaction, owner: str) -> ColumnElement[bool]:
    """Whether another process reads a source of the host. One process sees to that by itself."""
    if tx.dialect != POSTGRESQL:
        return false()
    return exists().where(
        col(Source.host) == col(AwaitedPage.host),
        col(Source.lease_until) > tx.now,
        col(Source.owner).is_distinct_from(owner),
        col(Source.own_network).is_(False),
    )


async def delay_next_page(tx: Transaction, page: AwaitedPage, pause: timedelta) -> None:
    """Let the host of *page* rest from other processes; the one that read it sees to that."""
    if tx.dialect == POSTGRESQL and not page.inside:
        await pause_host(tx, page.host, tx.now + pause)


async def postpone_page(tx: Transaction, article_id: int, owner: str, until: datetime) -> None:
    await release(tx, AwaitedPage, [article_id], owner, due_at=until)


async def finish_page(tx: Transaction, article_id: int, owner: str) -> bool:
    """Await the page no longer; False if another reads it by now."""
    done = await tx.session.exec(
        delete(AwaitedPage).where(
            col(AwaitedPage.article_id) == article_id, col(AwaitedPage.owner) == owner
        )
    )
    return bool(done.rowcount)


# Hosts that asked to be left alone for a while: all their sources wait, in every process.


async def pause_host(tx: Transaction, host: str, until: datetime) -> None:
    """A longer pause that *host* asked for before stays."""
    await tx.session.exec(delete(HostPause).where(col(HostPause.until) <= tx.now))
    longer = "until = excluded.until WHERE hostpause.until < excluded.until"
    await upsert(tx, HostPause, [{"host": host, "until": until}], key="host", changes=longer)


def is_paused(
    host: SQLColumnExpression[str], now: datetime | BindParameter[datetime]
) -> ColumnElement[bool]:
    pause = select(HostPause.host).where(col(HostPause.host) == host, col(HostPause.until) > now)
    return exists(pause)


# What each host prints on all its pages, as far as it has been learned from them.


async def boilerplate_of(tx: Transaction, host: str) -> str:
    """Return what has been learned of *host*, "" for nothing."""
    row = await tx.session.get(BoilerplateBlocks, host)
    return row.blocks if row else ""


async def store_boilerplate(tx: Transaction, host: str, blocks: str) -> None:
    """Of two processes that learn of one host at the same moment, the later one counts."""
    rows = [{"host": host, "blocks": blocks}]
    await upsert(tx, BoilerplateBlocks, rows, key="host", changes="blocks = excluded.blocks")
