"""Sources: the feeds and pages that the bot reads, one row per URL, and the chats that follow them.

Also the article pages to read, and the pauses of hosts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
    func,
    inspect,
    or_,
    text,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.db.engine import POSTGRESQL, Transaction
from storage.db.leases import (
    CLAIM_TIME,
    CLAIMER,
    FREE,
    claim_statement,
    claim_values,
    lock_claims,
    release,
    release_each,
)
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, enum_column, insert_new, upsert
from storage.entries import Entry
from storage.enums import FullText, Notification, SourceKind, SourcePriority, SourceState

_IS_PRIORITIZED: Final = "priority <> 'normal'"

CHANNELS_HOST: Final = "t.me"  # of all Telegram channels that are read from their web preview


class Source(Leased, table=True):
    __table_args__ = (
        Index("ix_source_due", "state", "public", "next_fetch_at"),
        Index("ix_source_asked", "host", "lease_until"),
        Index(
            "ix_source_prioritized",
            "next_fetch_at",
            sqlite_where=text(_IS_PRIORITIZED),
            postgresql_where=text(_IS_PRIORITIZED),
        ),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    url: str = Field(max_length=2000)
    url_hash: str = Field(max_length=32, unique=True)  # of the canonical URL
    host: str
    title: str = ""
    description: str = Field(default="", max_length=500)  # of a channel, by itself
    picture: str = Field(default="", max_length=1000)  # the address of a channel's picture
    folder: list[str] = Field(default_factory=list, sa_type=JSON)  # from the outermost inwards
    kind: SourceKind = Field(default=SourceKind.FEED, sa_type=enum_column(SourceKind))
    state: SourceState = Field(default=SourceState.ACTIVE, sa_type=enum_column(SourceState))
    public: bool = False  # added by the operator; a private one reaches only its followers
    own_network: bool = False  # in the operator's own network, whose addresses are allowed
    every_seconds: int | None = None  # set by the operator; None: as the source itself suggests
    full_text: FullText = Field(default=FullText.AUTO, sa_type=enum_column(FullText))
    paused_until: datetime | None = None  # of a paused source; None: for good
    priority: SourcePriority = Field(
        default=SourcePriority.NORMAL, sa_type=enum_column(SourcePriority)
    )
    has_rules: bool = False  # see `storage.source_rules`
    has_access: bool = False  # a row of `SourceAccess` has its login, headers or proxy
    created_at: datetime

    # Validators are opaque: they are sent back unchanged (RFC 9110, section 8.8).
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    fingerprints: bytes = b""  # of the entries of the last fetch; see `pack_seen`

    next_fetch_at: datetime
    fetched_at: datetime | None = None
    succeeded_at: datetime | None = None
    first_read_at: datetime | None = None  # None: never read, so its present entries are backlog
    newest_at: datetime | None = None
    rhythm_seconds: int | None = None  # the interval that the last body suggests
    ttl_seconds: int | None = None  # the pause that the source asks for after each fetch
    skip_hours: int = 0  # bits: hour 0 to 23, UTC
    skip_days: int = 0  # bits: Monday is 0
    fetches: int = 0
    unchanged: int = 0  # fetches that returned 304 or the same bytes

    failures: int = 0  # in a row
    error: str | None = None  # a code, see bot/sources/fetch/problems.py
    error_detail: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    error_since: datetime | None = None
    last_error: str | None = None  # kept after the source has recovered
    last_error_detail: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    last_error_at: datetime | None = None
    moved_to: str | None = None
    moved_seen: int = 0

    hub: str | None = None  # the WebSub hub that the source names
    hub_topic: str | None = None  # the URL of the source at that hub
    hinted_at: datetime | None = None  # when a hub last made the source due
    pushed_until: datetime | None = (
        None  # the hub has pushed before and will report news until then
    )


class Follow(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    import_id: int | None = Field(default=None, sa_type=ROW_ID)  # the file that it came with


class Unfollowed(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    left_at: datetime


class AwaitedPage(Leased, table=True):
    __table_args__ = (Index("ix_awaitedpage_due", "private", "host", "article_id", "due_at"),)

    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    url: str
    host: str = Field(index=True)
    inside: bool = False  # in the operator's own network
    private: bool = Field(default=False)
    # The source with whose rules and login it is read; None: with those of none.
    settings_of: int | None = Field(default=None, sa_type=ROW_ID)
    awaited_since: datetime
    due_at: datetime
    failures: int = 0  # unexpected errors


class HostPause(SQLModel, table=True):
    """A pause of a host. *public*: a public fetch caused it, so it binds all fetches.

    Otherwise it binds only fetches of private sources and pages.
    """

    host: str = Field(primary_key=True)
    public: bool = Field(primary_key=True)
    until: datetime
    timeouts: int = 0  # in a row


class BoilerplateBlocks(SQLModel, table=True):
    host: str = Field(primary_key=True)
    blocks: str  # in the page reader's format; small, because the reader forgets old blocks


# The columns of a source that is not leased and was never read.
UNREAD: Final[Mapping[str, Any]] = {
    **FREE,
    "fingerprints": b"",
    **dict.fromkeys(("etag", "last_modified", "body_hash", "first_read_at")),
}


async def change_source(tx: Transaction, source_id: int, values: Mapping[str, Any]) -> None:
    await tx.change(update(Source).where(col(Source.id) == source_id).values(**values))


async def forget_validators(tx: Transaction, source_ids: Collection[int]) -> None:
    """Make the next fetch of these sources read all entries, even unchanged ones."""
    if source_ids:
        unread = {"etag": None, "last_modified": None, "body_hash": None, "fingerprints": b""}
        await tx.change(update(Source).where(among(col(Source.id), source_ids)).values(**unread))


async def make_source_public(tx: Transaction, source: Source, values: Mapping[str, Any]) -> None:
    """Make the private source public, and set its columns to *values*.

    Deletes its entries and revokes its lease. Entries of a private source never become public
    articles, because nobody vouches for the content of a user's feed.
    """
    await tx.change(delete(Entry).where(col(Entry.source_id) == source.id))
    kept = {"created_at": source.created_at, "public": True, "fingerprints": b""}
    await change_source(tx, source.id, {**FREE, "state": SourceState.ACTIVE, **values, **kept})


async def sources_set_after(tx: Transaction, after: int, limit: int) -> Sequence[Source]:
    """Return sources for which an operator or admin has set anything, by id; no newsletters."""
    is_set = or_(
        col(Source.has_rules),
        col(Source.has_access),
        col(Source.priority) != SourcePriority.NORMAL,
        col(Source.every_seconds).is_not(None),
        col(Source.state) == SourceState.PAUSED,
    )
    return await tx.rows(
        select(Source)
        .where(col(Source.id) > after, is_set, col(Source.kind) != SourceKind.NEWSLETTER)
        .order_by(col(Source.id))
        .limit(limit)
    )


async def lock_source(tx: Transaction, source_id: int) -> Source | None:
    """Lock the source, so that its settings are changed one by one; return its present row."""
    locked = select(Source).where(col(Source.id) == source_id).with_for_update()
    source: Source | None = await tx.first(locked.execution_options(populate_existing=True))
    return source


async def source_of(tx: Transaction, url_hash: str) -> Source | None:
    source: Source | None = await tx.first(select(Source).where(col(Source.url_hash) == url_hash))
    return source


_PRIVATE: Final = select(Source.id).where(
    among(col(Source.id), bindparam("ids")), ~col(Source.public)
)


async def private_sources(tx: Transaction, source_ids: Collection[int]) -> set[int]:
    """Return the ids among *source_ids* of private sources, which reach only their followers."""
    return set(await tx.rows(_PRIVATE, ids=source_ids))


_COUNT_CHANNELS: Final = select(func.count()).where(
    col(Source.host) == CHANNELS_HOST,  # which has an index
    col(Source.kind) == SourceKind.CHANNEL,
    col(Source.state) == SourceState.ACTIVE,
)


async def count_channels(tx: Transaction) -> int:
    """Return how many Telegram channels are read, public or private; all are on one host."""
    return await tx.one(_COUNT_CHANNELS)


async def all_sources(tx: Transaction) -> list[Source]:
    """Return every source, the operator's first, then by host."""
    order = (col(Source.public).desc(), col(Source.host), col(Source.id))
    return list(await tx.rows(select(Source).order_by(*order)))


async def add_source(tx: Transaction, values: Mapping[str, Any]) -> int | None:
    """Return the new row's id; None if a source has this URL already."""
    new = await insert_new(tx, Source, [values], returning=Source.id)
    return new[0] if new else None


async def remove_source(tx: Transaction, url_hash: str) -> bool:
    """Delete the source and its entries; return whether it existed. Its articles stay."""
    return bool(await tx.change(delete(Source).where(col(Source.url_hash) == url_hash)))


# Search feeds: sources made for queries with subscriptions, and retired with the last of these.


@dataclass(frozen=True, slots=True)
class SearchFeed:
    id: int
    url_hash: str
    is_retired: bool


async def search_feeds(tx: Transaction) -> list[SearchFeed]:
    """Return every search feed, the oldest first, retired ones included."""
    rows = await tx.rows(
        select(Source.id, Source.url_hash, Source.state)
        .where(col(Source.kind) == SourceKind.SEARCH)
        .order_by(col(Source.id))
    )
    return [SearchFeed(id_, hashed, state is SourceState.RETIRED) for id_, hashed, state in rows]


async def add_search_feeds(tx: Transaction, feeds: Sequence[Source]) -> int:
    """Store the feeds whose URL no source has yet; return their number."""
    rows = [feed.model_dump(exclude={"id"}) for feed in feeds]
    return len(await insert_new(tx, Source, rows, returning=Source.id))


async def revive_search_feeds(tx: Transaction, ids: Collection[int]) -> None:
    """Read the retired feeds again; their present entries count as backlog, as for a new feed."""
    values = {"state": SourceState.ACTIVE, "next_fetch_at": tx.now, "first_read_at": None}
    await tx.change(update(Source).where(among(col(Source.id), ids)).values(**values))


async def retire_search_feeds(tx: Transaction, ids: Collection[int]) -> None:
    """Stop reading the feeds. Their articles stay attributed to them."""
    healthy = {"failures": 0, "error": None, "error_detail": None, "error_since": None}
    retired = {"state": SourceState.RETIRED, **healthy}
    await tx.change(update(Source).where(among(col(Source.id), ids)).values(**retired))


async def delete_search_feeds(tx: Transaction, before: datetime) -> int:
    """Delete the retired feeds that were last read before *before*; return their number."""
    last_read = func.coalesce(col(Source.fetched_at), col(Source.created_at))
    return await tx.change(
        delete(Source).where(
            col(Source.kind) == SourceKind.SEARCH,
            col(Source.state) == SourceState.RETIRED,
            last_read < before,
        )
    )


# Claims: the sources to read now, and the results of reading them.


class DueSources(NamedTuple):
    """Whether any public and any private source is due, even if it cannot be claimed now.

    *is_prioritized*: whether the priority of any of them is not normal. *is_pause_over*: whether
    the pause of any source has ended.
    """

    public: bool
    private: bool
    is_prioritized: bool = False
    is_pause_over: bool = False


def _is_any_due(*, public: bool) -> ColumnElement[bool]:
    return exists().where(
        col(Source.state) == SourceState.ACTIVE,
        col(Source.public).is_(public),
        col(Source.next_fetch_at) <= CLAIM_TIME,
    )


_HAS_PRIORITY: Final = exists().where(
    text(_IS_PRIORITIZED), col(Source.next_fetch_at) <= CLAIM_TIME
)
_IS_PAUSE_OVER: Final = and_(
    col(Source.state) == SourceState.PAUSED, col(Source.paused_until) <= CLAIM_TIME
)
_DUE: Final = select(
    _is_any_due(public=True),
    _is_any_due(public=False),
    _HAS_PRIORITY,
    exists().where(_IS_PAUSE_OVER),
)
_END_PAUSES: Final = (
    update(Source).where(_IS_PAUSE_OVER).values(state=SourceState.ACTIVE, paused_until=None)
)


async def end_pauses(tx: Transaction) -> None:
    """Make the sources whose pause is over active again; they are due at once."""
    await tx.change(_END_PAUSES, claim_time=tx.now)


async def due_sources(tx: Transaction) -> DueSources:
    """Return which sources are due; much faster than two claims that find nothing.

    On PostgreSQL each claim also takes a lock.
    """
    return DueSources(*await tx.one(_DUE, claim_time=tx.now))


LONGEST_WAIT: Final = timedelta(minutes=15)  # of a source behind those of a higher priority

# The class of a due source; lower classes are claimed first: high sources before normal ones, and
# these before low ones. A source that has waited for `LONGEST_WAIT` is claimed with the high ones,
# in the order in which they became due, so that none waits for ever, however many others there are.
_CLAIM_CLASS: Final = case(
    (
        or_(
            col(Source.priority) == SourcePriority.HIGH,
            col(Source.next_fetch_at) <= bindparam("overdue"),
        ),
        0,
    ),
    (col(Source.priority) == SourcePriority.NORMAL, 1),
    else_=2,
)


async def claim_public_sources(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta, by_priority: bool = False
) -> list[Source]:
    """Claim public sources that are due, except those of hosts that a public fetch is reading.

    Private sources never delay public ones. Several processes may read hosts in the operator's own
    network at once. *by_priority*: see `_CLAIM_CLASS`; else the longest due first, which needs no
    sorting.
    """
    await lock_claims(tx, Source)
    values = claim_values(tx, owner, limit, lease)
    return await _claimed(tx, public=True, by_priority=by_priority, values=values)


class PrivateClaim(NamedTuple):
    """A claimed private source.

    *account*: the Telegram chat whose limits the fetch counts against; None: nobody follows it.
    """

    source: Source
    account: int | None


async def claim_private_source(
    tx: Transaction,
    *,
    owner: str,
    lease: timedelta,
    busy: Collection[int],
    by_priority: bool = False,
) -> PrivateClaim | None:
    """Claim the private source that has been due longest, of a host that nobody is reading.

    *busy*: accounts that are at their limit. Skips a source whose followers are all busy.
    *by_priority*: see `claim_public_sources`.
    """
    await lock_claims(tx, Source)
    values = claim_values(tx, owner, 1, lease) | {"busy": busy}
    claimed = await _claimed(tx, public=False, by_priority=by_priority, values=values)
    if not claimed:
        return None
    (source,) = claimed
    idle_followers = (
        select(func.min(Chat.telegram_id))
        .join(Follow, col(Follow.chat_id) == col(Chat.id))
        .where(col(Follow.source_id) == source.id, ~among(col(Chat.telegram_id), busy))
    )
    return PrivateClaim(source, await tx.one(idle_followers))


async def _claimed(
    tx: Transaction, *, public: bool, by_priority: bool, values: Mapping[str, Any]
) -> list[Source]:
    """Claim sources; return snapshots of their rows, which no session keeps.

    With a session and its models, a claim would take twice as long.
    """
    statement = _claim_sources(tx.dialect, public=public, by_priority=by_priority)
    if by_priority:
        values = {**values, "overdue": tx.now - LONGEST_WAIT}
    rows = await tx.rows(statement, **values, horizon=tx.now + LONGEST_HOST_PAUSE)
    return [Source.model_construct(**row._mapping) for row in rows]  # noqa: SLF001 - its public name


@cache
def _claim_sources(dialect: str, *, public: bool, by_priority: bool) -> ReturningUpdate[Any]:
    due = [
        col(Source.state) == SourceState.ACTIVE,
        col(Source.public).is_(public),
        col(Source.next_fetch_at) <= CLAIM_TIME,
        ~is_paused(col(Source.host), CLAIM_TIME, bindparam("horizon"), public=public),
        ~_is_host_being_read(public=public),
    ]
    if dialect == POSTGRESQL:  # a single process keeps its own pages and sources apart
        due.append(~_is_page_being_read(public=public))
    if not public:
        due.append(_has_idle_follower())
    order: tuple[Any, ...] = (col(Source.next_fetch_at), col(Source.id))
    if by_priority:
        order = (_CLAIM_CLASS, *order)
    columns = inspect(Source).local_table.columns
    return claim_statement(Source, and_(*due), order).returning(*columns)


def _is_host_being_read(*, public: bool) -> ColumnElement[bool]:
    """Build the condition that another source of the host is leased.

    In the operator's own network only leases of the same process count, because all processes may
    read those hosts at once. A public channel waits even for a private one: all channels are on one
    host, whose pace must be kept by all processes together.
    """
    other = inspect(Source).local_table.alias("other")
    leased = [other.c.host == col(Source.host), other.c.lease_until > CLAIM_TIME]
    if public:
        leased.append(or_(other.c.public.is_(True), other.c.kind == SourceKind.CHANNEL))
    return exists().where(*leased, or_(~other.c.own_network, other.c.owner == CLAIMER))


def _is_page_being_read(*, public: bool) -> ColumnElement[bool]:
    """Build the condition that another process is reading an article page of the host."""
    page = inspect(AwaitedPage).local_table.alias("page")
    leased = [page.c.host == col(Source.host), page.c.lease_until > CLAIM_TIME]
    if public:
        leased.append(~page.c.private)
    return exists().where(*leased, page.c.owner != CLAIMER, ~col(Source.own_network))


def _has_idle_follower() -> ColumnElement[bool]:
    """Build the condition that some follower's account is not busy, or that nobody follows it.

    One aggregate, because with two EXISTS the planners read all followers.
    """
    is_idle = case((among(col(Chat.telegram_id), bindparam("busy")), 0), else_=1)
    idle = (
        select(func.max(is_idle))
        .join(Follow, col(Follow.chat_id) == col(Chat.id))
        .where(col(Follow.source_id) == col(Source.id))
    )
    return func.coalesce(idle.scalar_subquery(), 1) == 1


async def finish_fetches(
    tx: Transaction, owner: str, fetches: Mapping[int, Mapping[str, Any]]
) -> set[int]:
    """Store the results of fetches and release the sources; return those that *owner* still leased.

    *fetches*: the new columns, by the source's id. A `lease_until` among them keeps the source's
    host from being read until then. Stores nothing for sources that *owner* no longer leases.
    """
    return await release_each(tx, Source, fetches, owner)


# The pages that articles wait for. A row lives until its page is read.


async def enqueue_pages(tx: Transaction, pages: Sequence[AwaitedPage]) -> None:
    if pages:
        rows = [page.model_dump() for page in pages]
        await insert_new(tx, AwaitedPage, rows)
        tx.notifications.add(Notification.PAGES)


async def claim_pages(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta, private: bool
) -> list[AwaitedPage]:
    """Claim due pages, one per host, except those of hosts that are being read.

    *private*: claim pages of private articles only, or of public ones only. Private pages never
    delay public ones.
    """
    await lock_claims(tx, Source)
    statement = _claim_pages(tx.dialect, private=private)
    values = claim_values(tx, owner, limit, lease)
    rows = await tx.rows(statement, **values, horizon=tx.now + LONGEST_HOST_PAUSE)
    return [AwaitedPage.model_construct(**row._mapping) for row in rows]  # noqa: SLF001 - as above


@cache
def _claim_pages(dialect: str, *, private: bool) -> ReturningUpdate[Any]:
    other = aliased(AwaitedPage)
    # Includes pages that another process leases, so that no second page of such a host is claimed.
    first_of_host = (
        select(func.min(other.article_id))
        .where(col(other.private).is_(private), col(other.due_at) <= CLAIM_TIME)
        .group_by(other.host)
    )
    same_host = [col(other.host) == col(AwaitedPage.host), col(other.lease_until) > CLAIM_TIME]
    if not private:
        same_host.append(~col(other.private))
    host = col(AwaitedPage.host)
    due = [
        col(AwaitedPage.article_id).in_(first_of_host),
        ~exists().where(*same_host),
        ~is_paused(host, CLAIM_TIME, bindparam("horizon"), public=not private),
    ]
    if dialect == POSTGRESQL:  # a single process keeps its own pages and sources apart
        due.append(~_is_source_being_read(private=private))
    columns = inspect(AwaitedPage).local_table.columns
    order = (col(AwaitedPage.article_id),)
    return claim_statement(AwaitedPage, and_(*due), order).returning(*columns)


def _is_source_being_read(*, private: bool) -> ColumnElement[bool]:
    """Build the condition that another process is reading a source of the page's host."""
    leased = [col(Source.host) == col(AwaitedPage.host), col(Source.lease_until) > CLAIM_TIME]
    if not private:
        leased.append(col(Source.public).is_(True))
    is_other = col(Source.owner).is_distinct_from(CLAIMER)
    return exists().where(*leased, is_other, ~col(Source.own_network))


async def delay_next_page(tx: Transaction, page: AwaitedPage, pause: timedelta) -> None:
    """Keep other processes off the page's host for *pause*; this process keeps it in memory."""
    if tx.dialect == POSTGRESQL and not page.inside:
        await pause_host(tx, page.host, tx.now + pause, public=not page.private)


async def postpone_page(
    tx: Transaction, article_id: int, owner: str, until: datetime, **values: Any
) -> None:
    await release(tx, AwaitedPage, [article_id], owner, due_at=until, **values)


async def finish_page(tx: Transaction, article_id: int, owner: str) -> bool:
    """Stop awaiting the page; return False if *owner* no longer leases it."""
    return bool(
        await tx.change(
            delete(AwaitedPage).where(
                col(AwaitedPage.article_id) == article_id, col(AwaitedPage.owner) == owner
            )
        )
    )


# Pauses of hosts that asked for one or timed out; every process keeps them. A pause that a private
# fetch caused binds private fetches only. Otherwise a user could block a publisher with one link.

LONGEST_HOST_PAUSE: Final = timedelta(hours=1)
_TIMEOUT_PAUSE: Final = timedelta(minutes=1)  # twice as long after each further time-out in a row
_COUNTED_FOR: Final = timedelta(hours=6)  # how long after a pause its time-outs still count


async def delay_host(tx: Transaction, host: str, until: datetime, *, public: bool) -> None:
    """Read no source of *host* before *until*, not even one that is added meanwhile."""
    await pause_host(tx, host, until, public=public)
    await _delay_sources(tx, host, until, public=public)


async def back_off_host(tx: Transaction, host: str, *, public: bool) -> None:
    """Delay *host* after a time-out: a minute at first, doubled each time, at most an hour."""
    wanted = select(HostPause.timeouts).where(
        col(HostPause.host) == host, col(HostPause.public).is_(public)
    )
    timeouts = await tx.first(wanted) or 0
    until = tx.now + min(_TIMEOUT_PAUSE * 2 ** min(timeouts, 10), LONGEST_HOST_PAUSE)
    row = {"host": host, "public": public, "until": until, "timeouts": timeouts + 1}
    longer = (
        "timeouts = excluded.timeouts, until = CASE WHEN hostpause.until < excluded.until"
        " THEN excluded.until ELSE hostpause.until END"
    )
    await upsert(tx, HostPause, [row], key="host, public", changes=longer)
    await _delay_sources(tx, host, until, public=public)


_END_BACK_OFF: Final = delete(HostPause).where(
    among(col(HostPause.host), bindparam("hosts")), col(HostPause.timeouts) > 0
)
_END_PRIVATE_BACK_OFF: Final = _END_BACK_OFF.where(~col(HostPause.public))


async def end_back_off(tx: Transaction, hosts: Collection[str], *, public: bool) -> None:
    """End pauses that began with a time-out, because the *hosts* have responded.

    A response to a private fetch does not end a pause that a public fetch caused.
    """
    await tx.change(_END_BACK_OFF if public else _END_PRIVATE_BACK_OFF, hosts=hosts)


async def make_due(tx: Transaction, source: Source) -> None:
    """Make *source* due and end any pause of its host, because the operator asked for it."""
    await tx.change(delete(HostPause).where(col(HostPause.host) == source.host))
    await change_source(tx, source.id, {"next_fetch_at": tx.now})


async def pause_host(tx: Transaction, host: str, until: datetime, *, public: bool) -> None:
    """Pause *host* until *until*, unless it is already paused for longer."""
    over = and_(col(HostPause.until) <= tx.now, col(HostPause.timeouts) == 0)
    forgotten = col(HostPause.until) <= tx.now - _COUNTED_FOR
    await tx.change(delete(HostPause).where(or_(over, forgotten)))
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
    """Build the condition that a *public* or private fetch of *host* has to wait.

    Ignores pauses that end after *horizon*, the latest possible end, because a wrong clock must
    have set them.
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
    await tx.change(update(Source).where(*sooner).values(next_fetch_at=until))


# Boilerplate: the blocks that a host prints on all its pages.


async def boilerplate_of(tx: Transaction, host: str) -> str:
    """Return the blocks learned from the pages of *host*; "" if there are none."""
    blocks = select(BoilerplateBlocks.blocks).where(col(BoilerplateBlocks.host) == host)
    return await tx.first(blocks) or ""


async def store_boilerplate(tx: Transaction, host: str, blocks: str) -> None:
    """Replace the blocks of *host*. If two processes store at once, the later one wins."""
    rows = [{"host": host, "blocks": blocks}]
    await upsert(tx, BoilerplateBlocks, rows, key="host", changes="blocks = excluded.blocks")
