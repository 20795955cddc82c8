"""Sources: the places we read, one row for one URL, and which chats follow them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    JSON,
    BindParameter,
    ColumnElement,
    Index,
    SQLColumnExpression,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    inspect,
    or_,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
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
        Index("ix_source_due", "state", "public", "next_fetch_at"),
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
    __table_args__ = (Index("ix_awaitedpage_due", "private", "host", "article_id", "due_at"),)

    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    url: str
    host: str = Field(index=True)
    inside: bool = False  # the source is in the operator's own network
    private: bool = Field(default=False)
    awaited_since: datetime
    due_at: datetime
    failures: int = 0  # unexpected errors


class HostPause(SQLModel, table=True):
    """A pause of a host that a public fetch has learned binds everybody, any other users alone."""

    host: str = Field(primary_key=True)
    public: bool = Field(primary_key=True)
    until: datetime
    timeouts: int = 0  # in a row


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


async def forget_validators(tx: Transaction, source_ids: Collection[int]) -> None:
    """Let the next fetch of these sources read all that they show, though it has not changed."""
    if source_ids:
        unread = {"etag": None, "last_modified": None, "body_hash": None, "fingerprints": b""}
        await tx.session.exec(
            update(Source).where(among(col(Source.id), source_ids)).values(**unread)
        )


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


async def claim_public_sources(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta
) -> list[Source]:
    """Claim public sources that are due, and none of a host that a public fetch is asking.

    Private sources keep no public one waiting. Several processes may ask the operator's own hosts
    at once.
    """
    await lock_claims(tx, Source)
    return await _claimed(tx, _claiming(tx.dialect, public=True), owner, limit, lease)


class PrivateClaim(NamedTuple):
    """*account*: the follower whose turn it is, as the Telegram chat; None: nobody follows it."""

    source: Source
    account: int | None


async def claim_private_source(
    tx: Transaction, *, owner: str, lease: timedelta, busy: Collection[int]
) -> PrivateClaim | None:
    """Claim the private source that is due longest, of a host that nobody is asking.

    The accounts that are *busy* have as many in hand as they may: none is claimed for them alone.
    """
    await lock_claims(tx, Source)
    claiming = _claiming(tx.dialect, public=False)
    found = await _claimed(tx, claiming, owner, 1, lease, busy=list(busy))
    if not found:
        return None
    followers = (
        select(func.min(Chat.telegram_id))
        .join(Follow, col(Follow.chat_id) == col(Chat.id))
        .where(col(Follow.source_id) == found[0].id, ~among(col(Chat.telegram_id), busy))
    )
    return PrivateClaim(found[0], (await tx.session.exec(followers)).one())


async def _claimed(
    tx: Transaction,
    statement: ReturningUpdate[Any],
    owner: str,
    limit: int,
    lease: timedelta,
    **values: Any,
) -> list[Source]:
    options = {"synchronize_session": False, "populate_existing": True}
    values |= claim_values(tx, owner, limit, lease) | {"horizon": tx.now + LONGEST_PAUSE}
    rows = await tx.session.exec(statement, params=values, execution_options=options)
    return list(rows.scalars())


@cache
def _claiming(dialect: str, *, public: bool) -> ReturningUpdate[Any]:
    asked = claim_parameters()
    where = [
        col(Source.state) == SourceState.ACTIVE,
        col(Source.public).is_(public),
        col(Source.next_fetch_at) <= asked.now,
        ~is_paused(col(Source.host), asked.now, bindparam("horizon"), public=public),
        ~_is_host_fetching(asked, public=public),
        ~_has_page_read(dialect, asked, public=public),
    ]
    if not public:
        where.append(_is_for_idle_accounts())
    order = col(Source.next_fetch_at), col(Source.id)
    return claim_statement(Source, and_(*where), order, asked).returning(Source)


def _is_for_idle_accounts() -> ColumnElement[bool]:
    """Whether a follower is of an account that is not busy, or nobody follows the source.

    One value, because planners answer two EXISTS by reading all followers there are.
    """
    is_idle = case((among(col(Chat.telegram_id), bindparam("busy")), 0), else_=1)
    idle = (
        select(func.max(is_idle))
        .join(Follow, col(Follow.chat_id) == col(Chat.id))
        .where(col(Follow.source_id) == col(Source.id))
    )
    return func.coalesce(idle.scalar_subquery(), 1) == 1


def _is_host_fetching(asked: ClaimParameters, *, public: bool) -> ColumnElement[bool]:
    """Whether another source of the host is being read, or was until a moment ago.

    The operator's own hosts are asked by each process, which claims some of their sources at once.
    """
    others = [_OTHER.c.host == col(Source.host), _OTHER.c.lease_until > asked.now]
    if public:
        others.append(_OTHER.c.public.is_(True))
    return exists().where(*others, or_(~_OTHER.c.own_network, _OTHER.c.owner == asked.owner))


def _has_page_read(dialect: str, asked: ClaimParameters, *, public: bool) -> ColumnElement[bool]:
    """Whether another process reads a page of the host. One process sees to that by itself."""
    if dialect != POSTGRESQL:
        return false()
    pages = [_PAGE.c.host == col(Source.host), _PAGE.c.lease_until > asked.now]
    if public:
        pages.append(~_PAGE.c.private)
    return exists().where(*pages, _PAGE.c.owner != asked.owner, ~col(Source.own_network))


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


# The pages that articles wait for: rows only as long as they are to be read.


async def enqueue_pages(tx: Transaction, pages: Sequence[AwaitedPage]) -> None:
    if pages:
        rows = [page.model_dump() for page in pages]
        await insert_new(tx, AwaitedPage, rows)
        tx.notifications.add(Notification.PAGES)


async def claim_pages(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta, private: bool
) -> list[AwaitedPage]:
    """Lease pages that are due, one of each host, and none of a host that somebody is asking.

    Pages of *private* articles, however many, keep none of public ones waiting.
    """
    await lock_claims(tx, Source)
    other = aliased(AwaitedPage)
    asked = [col(other.host) == col(AwaitedPage.host), col(other.lease_until) > tx.now]
    if not private:
        asked.append(~col(other.private))
    # The least of each host, also for another process: it finds that one taken, and no other.
    first = (
        select(func.min(other.article_id))
        .where(col(other.private).is_(private), col(other.due_at) <= tx.now)
        .group_by(other.host)
    )
    horizon = tx.now + LONGEST_PAUSE
    is_paused_now = is_paused(col(AwaitedPage.host), tx.now, horizon, public=not private)
    return await claim(
        tx,
        AwaitedPage,
        and_(
            col(AwaitedPage.article_id).in_(first),
            ~exists().where(*asked),
            ~_is_polled(tx, owner, private=private),
            ~is_paused_now,
        ),
        order=(col(AwaitedPage.article_id),),
        limit=limit,
        owner=owner,
        lease=lease,
    )


def _is_polled(tx: Transaction, owner: str, *, private: bool) -> ColumnElement[bool]:
    """Whether another process reads a source of the host. One process sees to that by itself."""
    if tx.dialect != POSTGRESQL:
        return false()
    polled = [col(Source.host) == col(AwaitedPage.host), col(Source.lease_until) > tx.now]
    if not private:
        polled.append(col(Source.public).is_(True))
    return exists().where(
        *polled, col(Source.owner).is_distinct_from(owner), ~col(Source.own_network)
    )


async def delay_next_page(tx: Transaction, page: AwaitedPage, pause: timedelta) -> None:
    """Let the host of *page* rest from other processes; the one that read it sees to that."""
    if tx.dialect == POSTGRESQL and not page.inside:
        await pause_host(tx, page.host, tx.now + pause, public=not page.private)


async def postpone_page(
    tx: Transaction, article_id: int, owner: str, until: datetime, **values: Any
) -> None:
    await release(tx, AwaitedPage, [article_id], owner, due_at=until, **values)


async def finish_page(tx: Transaction, article_id: int, owner: str) -> bool:
    """Await the page no longer; False if another reads it by now."""
    done = await tx.session.exec(
        delete(AwaitedPage).where(
            col(AwaitedPage.article_id) == article_id, col(AwaitedPage.owner) == owner
        )
    )
    return bool(done.rowcount)


# Hosts that are left alone for a while, in every process, because they asked for it or timed out. A
# pause that a user's fetch has learned binds users' fetches alone: else a user could silence a
# publisher with a link.

LONGEST_PAUSE: Final = timedelta(hours=1)
_TIMEOUT_PAUSE: Final = timedelta(minutes=1)  # twice as long after each further time-out in a row
_COUNTED_FOR: Final = timedelta(hours=6)  # after a pause, a further time-out still adds to it


async def delay_host(tx: Transaction, host: str, until: datetime, *, public: bool) -> None:
    """Ask none of *host*'s sources before *until*, those included that it gets meanwhile."""
    await pause_host(tx, host, until, public=public)
    await _delay_sources(tx, host, until, public=public)


async def back_off_host(tx: Transaction, host: str, *, public: bool) -> None:
    """Delay *host*, which has timed out: for a minute, and up to an hour while it goes on."""
    wanted = select(HostPause.timeouts).where(*_pause_of(host, public=public))
    timeouts = (await tx.session.exec(wanted)).first() or 0
    until = tx.now + min(_TIMEOUT_PAUSE * 2 ** min(timeouts, 10), LONGEST_PAUSE)
    row = {"host": host, "public": public, "until": until, "timeouts": timeouts + 1}
    longer = (
        "timeouts = excluded.timeouts, until = CASE WHEN hostpause.until < excluded.until"
        " THEN excluded.until ELSE hostpause.until END"
    )
    await upsert(tx, HostPause, [row], key="host, public", changes=longer)
    await _delay_sources(tx, host, until, public=public)


async def end_back_off(tx: Transaction, hosts: Collection[str], *, public: bool) -> None:
    """End the pauses of *hosts* for time-outs, because they have responded.

    A response to a user does not end what public fetches have learned.
    """
    over = [among(col(HostPause.host), hosts), col(HostPause.timeouts) > 0]
    if not public:
        over.append(~col(HostPause.public))
    await tx.session.exec(delete(HostPause).where(*over))


async def make_due(tx: Transaction, source: Source) -> None:
    """Read *source* next, as its operator asks, whatever pause its host is in."""
    await tx.session.exec(delete(HostPause).where(col(HostPause.host) == source.host))
    await change_source(tx, source.id, {"next_fetch_at": tx.now})


async def pause_host(tx: Transaction, host: str, until: datetime, *, public: bool) -> None:
    """A longer pause that *host* asked for before stays."""
    over = and_(col(HostPause.until) <= tx.now, col(HostPause.timeouts) == 0)
    forgotten = col(HostPause.until) <= tx.now - _COUNTED_FOR
    await tx.session.exec(delete(HostPause).where(or_(over, forgotten)))
    longer = "until = excluded.until WHERE hostpause.until < excluded.until"
    row = {"host": host, "public": public, "until": until, "timeouts": 0}
    await upsert(tx, HostPause, [row], key="host, public", changes=longer)


def is_paused(
    host: SQLColumnExpression[str],
    now: datetime | BindParameter[datetime],
    horizon: datetime | BindParameter[datetime],
    *,
    public: bool,
) -> ColumnElement[bool]:
    """Whether a fetch of *host* waits, a *public* one or a user's.

    A pause beyond the *horizon*, the longest from now on, was stored while a clock was wrong.
    """
    binding = [col(HostPause.host) == host]
    binding += [col(HostPause.until) > now, col(HostPause.until) <= horizon]
    if public:
        binding.append(col(HostPause.public).is_(True))
    return exists(select(HostPause.host).where(*binding))


async def _delay_sources(tx: Transaction, host: str, until: datetime, *, public: bool) -> None:
    sooner = [col(Source.host) == host, col(Source.next_fetch_at) < until]
    if not public:
        sooner.append(~col(Source.public))
    await tx.session.exec(update(Source).where(*sooner).values(next_fetch_at=until))


def _pause_of(host: str, *, public: bool) -> tuple[ColumnElement[bool], ...]:
    return col(HostPause.host) == host, col(HostPause.public).is_(public)


# What each host prints on all its pages, as far as it has been learned from them.


async def boilerplate_of(tx: Transaction, host: str) -> str:
    """Return what has been learned of *host*, "" for nothing."""
    row = await tx.session.get(BoilerplateBlocks, host)
    return row.blocks if row else ""


async def store_boilerplate(tx: Transaction, host: str, blocks: str) -> None:
    """Of two processes that learn of one host at the same moment, the later one counts."""
    rows = [{"host": host, "blocks": blocks}]
    await upsert(tx, BoilerplateBlocks, rows, key="host", changes="blocks = excluded.blocks")
