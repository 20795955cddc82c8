"""Counts and lags: the number of all rows and of a period's rows, and the delay of each stage.

The admin panel, `dateline stats` and the metrics show them. None of these names a user. Each count
stops at a bound, so that on a large database it quickly returns "at least".

The list of chats, and the exact number of rows that one chat has stored, are for admins alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Select, and_, case, exists, func, literal, or_, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, col, select

from storage.alerts import Alert
from storage.articles import Article, is_at, is_put_aside
from storage.backup import last_backup
from storage.chats import Chat, is_kept
from storage.db.engine import POSTGRESQL, Transaction
from storage.editions import Edition
from storage.enums import (
    ArticleStage,
    ChatKind,
    ChatState,
    DeliveryKind,
    DeliveryState,
    Medium,
    SourceState,
    UsageKind,
)
from storage.mailboxes import Mailbox
from storage.maintenance import current_maintenance, last_maintenance_end
from storage.matches import Match
from storage.model_texts import model_day
from storage.mutes import Mute
from storage.outbox import BLOCKING_SQL, PENDING_SQL, STUCK_SQL, Delivery
from storage.queries import Query, latest_change
from storage.saved_stories import SavedStory
from storage.schema import metadata
from storage.sources import AwaitedPage, Follow, Source
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.usage import UsageToday, usage_today

MAX_COUNTED = 1_000_000

MAX_BACKLOG: Final = 100_000  # for metrics, which are read all the time

_DAY = timedelta(days=1)

_WAITING: Final = (ArticleStage.STORED, ArticleStage.GROUPED, ArticleStage.MATCHED)
_USUAL_WAIT = timedelta(minutes=1)  # of an article, which may wait for its page

_SMALL_FILE = 500 * 1024 * 1024  # bytes; SQLite must read the whole file to size its tables

_ACTIVE = col(Source.state) == SourceState.ACTIVE
_PAUSED = col(Source.state) == SourceState.PAUSED

# A public source that is gone counts as unhealthy until the operator removes it.
_UNHEALTHY = and_(
    or_(
        _ACTIVE,
        col(Source.state) == SourceState.PASSIVE,
        and_(col(Source.state) == SourceState.GONE, col(Source.public)),
    ),
    col(Source.error_since).is_not(None),
)


# The counts of `totals`, by name: the table, and the columns to group by.
_TOTALS: Final[Mapping[str, tuple[Any, Sequence[Any]]]] = {
    "chats": (Chat, (Chat.kind, Chat.state)),
    "topics": (Topic, (col(Topic.slug).is_not(None).label("public"),)),
    "queries": (Query, (Query.live,)),
    "subscriptions": (Subscription, (Subscription.mode,)),
    "sources": (Source, (Source.state,)),
}

# The counts of `recent_totals`, by name: the table, the columns to group by, the id, and the
# timestamp. A match is counted by the id and timestamp of its article. Ids follow the order of
# timestamps, so the first row of a period is found by bisection, without an index.
_RECENT: Final[Mapping[str, tuple[Any, Sequence[Any], Any, Any]]] = {
    "articles": (Article, (), Article.id, Article.stored_at),
    "matches": (Match, (), Match.article_id, Article.stored_at),
    "alerts": (Alert, (), Alert.id, Alert.made_at),
    "editions": (Edition, (), Edition.id, Edition.made_at),
    "deliveries": (
        Delivery, (Delivery.medium, Delivery.state), Delivery.id, Delivery.created_at
    ),
}  # fmt: skip


class Count(NamedTuple):
    """A number of rows. *what*: the values of the group. *is_least*: there may be more rows."""

    what: tuple[str, ...]
    number: int
    is_least: bool = False


class Amounts(NamedTuple):
    chats: int  # active ones
    topics: int  # with a subscription
    sources: int
    articles: int  # waiting for the next stage longer than usual
    queue: int  # due messages
    held: int
    paused_sources: int = 0


class Lags(NamedTuple):
    """How long the oldest due work has waited, by step."""

    read: timedelta
    match: timedelta
    publish: timedelta
    send: timedelta


class Backlog(NamedTuple):
    """The work that waits, for the metrics.

    *lags*: seconds, by stage. *queue*: the number of messages, by state and medium. *usage*: by
    kind. *put_aside*: the number of articles put aside; see `storage.articles`. *model*: what the
    language model did today. *kinds*: see `sources_by_kind`.
    """

    lags: Mapping[str, float]
    queue: Mapping[tuple[str, str], int]
    sources: Mapping[str, int]
    put_aside: int
    queries_change: int
    usage: Mapping[UsageKind, UsageToday]
    model: Mapping[str, int] = {}
    kinds: Mapping[tuple[str, str], int] = {}
    last_backup: datetime | None = None
    is_maintained: bool = False


async def totals(tx: Transaction) -> dict[str, list[Count]]:
    """Count all rows."""
    return {name: await _counts(tx, table, by) for name, (table, by) in _TOTALS.items()}


async def recent_totals(tx: Transaction, since: datetime) -> dict[str, list[Count]]:
    """Count the rows since *since*."""
    return {
        name: await _counts(tx, table, by, col(row) >= await _first_row_since(tx, timestamp, since))
        for name, (table, by, row, timestamp) in _RECENT.items()
    }


async def amounts(tx: Transaction) -> Amounts:
    subscribed = exists().where(col(Subscription.topic_id) == Topic.id)
    return Amounts(
        chats=await _count(tx, Chat, col(Chat.state) == ChatState.ACTIVE),
        topics=await _count(tx, Topic, subscribed),
        sources=await _count(tx, Source, _ACTIVE),
        articles=await _count(
            tx, Article, or_(*map(is_at, _WAITING)), col(Article.stored_at) < tx.now - _USUAL_WAIT
        ),
        queue=await _count(tx, Delivery, text(PENDING_SQL), col(Delivery.due_at) <= tx.now),
        held=await _count(tx, Delivery, col(Delivery.state) == DeliveryState.HELD),
        paused_sources=await _count(tx, Source, _PAUSED),
    )


async def backlog(tx: Transaction, budgets: Mapping[UsageKind, int]) -> Backlog:
    """Return the work that waits. *budgets*: the daily limits of an account, by kind."""
    columns = (Delivery.state, Delivery.medium)
    kinds = await sources_by_kind(tx)
    queue = [
        count
        for condition in (BLOCKING_SQL, STUCK_SQL)
        for count in await _counts(tx, Delivery, columns, text(condition), most=MAX_BACKLOG)
    ]
    return Backlog(
        lags={stage: lag.total_seconds() for stage, lag in (await lags_by_stage(tx)).items()},
        queue={(state, medium): number for (state, medium), number, _ in queue},
        sources={
            "active": await _count(tx, Source, _ACTIVE, most=MAX_BACKLOG),
            "unhealthy": sum(n for (_, health), n in kinds.items() if health == "unhealthy"),
            "paused": await _count(tx, Source, _PAUSED, most=MAX_BACKLOG),
        },
        put_aside=await _count(tx, Article, is_put_aside(), most=MAX_BACKLOG),
        queries_change=await latest_change(tx),
        usage=await usage_today(tx, budgets),
        model=await _model_today(tx),
        kinds=kinds,
        last_backup=await last_backup(tx),
        is_maintained=await current_maintenance(tx) is not None,
    )


async def _model_today(tx: Transaction) -> Mapping[str, int]:
    today = await model_day(tx, tx.now.date())
    return {
        "calls": today.calls,
        "failures": today.failures,
        "tokens": today.used + today.reserved,
        "kept": today.kept,
        "dropped": today.dropped,
    }


async def unhealthy_sources(tx: Transaction, limit: int) -> list[Source]:
    """Return the sources that fail or are gone, the longest unhealthy first."""
    ordered = select(Source).where(_UNHEALTHY).order_by(col(Source.error_since), col(Source.id))
    return list(await tx.rows(ordered.limit(limit)))


async def count_unhealthy_sources(tx: Transaction) -> int:
    return await _count(tx, Source, _UNHEALTHY)


async def sources_by_kind(tx: Transaction) -> dict[tuple[str, str], int]:
    """Count sources by kind and health: healthy, unhealthy or paused.

    A private source that is gone is none of them.
    """
    health = case((_UNHEALTHY, "unhealthy"), (_PAUSED, "paused"), else_="healthy").label("health")
    is_read = or_(_UNHEALTHY, col(Source.state) != SourceState.GONE)
    counts = await _counts(tx, Source, (Source.kind, health), is_read)
    return {(kind, name): number for (kind, name), number, _ in counts}


async def last_read(tx: Transaction) -> datetime | None:
    """Return when any source was last read successfully."""
    return await tx.one(select(func.max(col(Source.succeeded_at))).where(_ACTIVE))


async def last_article(tx: Transaction) -> datetime | None:
    """Return when the newest article was stored."""
    newest = select(col(Article.stored_at)).order_by(col(Article.id).desc()).limit(1)
    stored_at: datetime | None = await tx.first(newest)
    return stored_at


async def lags(tx: Transaction) -> Lags:
    by_stage = await lags_by_stage(tx)
    return Lags(
        read=by_stage["poll"],
        match=by_stage["match"],
        publish=by_stage["alert"],
        send=max(by_stage["send"], by_stage["mail"]),
    )


def _oldest(timestamp: Any, *conditions: Any) -> Select[Any]:
    return select(timestamp).where(*conditions).order_by(timestamp).limit(1)


def _oldest_article(stage: ArticleStage) -> Select[Any]:
    # The lowest id, because ids follow the order of storing. `+ 0` hides the primary key, because
    # SQLite would walk the whole table in its order.
    first = select(func.min(col(Article.id) + 0)).where(is_at(stage)).scalar_subquery()
    return select(col(Article.stored_at)).where(col(Article.id) == first)


def _oldest_delivery(medium: Medium) -> list[Select[Any]]:
    # One statement for each priority, because then the first row of the index is the answer.
    due_at, is_medium = col(Delivery.due_at), col(Delivery.medium) == medium
    return [
        _oldest(due_at, text(PENDING_SQL), is_medium, col(Delivery.priority) == priority)
        for priority in sorted({kind.priority for kind in DeliveryKind})
    ]


# The statements that find the oldest due time of each stage; the earliest result counts.
_DUE: Final[Mapping[str, list[Select[Any]]]] = {
    "poll": [_oldest(col(Source.next_fetch_at), _ACTIVE)],
    "page": [_oldest(col(AwaitedPage.due_at))],
    "match": [_oldest_article(ArticleStage.STORED), _oldest_article(ArticleStage.GROUPED)],
    "alert": [_oldest_article(ArticleStage.MATCHED)],
    "digest": [
        _oldest(
            col(Chat.next_digest_at),
            col(Chat.next_digest_at).is_not(None),
            col(Chat.state) == ChatState.ACTIVE,
        )
    ],
    "send": _oldest_delivery(Medium.TELEGRAM),
    "mail": _oldest_delivery(Medium.EMAIL),
}
_WAIT_FOR_MAINTENANCE: Final = frozenset({"send", "mail"})


async def lags_by_stage(tx: Transaction) -> dict[str, timedelta]:
    """Return how long the oldest due work of each stage has waited.

    Work that waited for the end of a maintenance counts from that end.
    """
    by_stage = [(stage, oldest) for stage, found in _DUE.items() for oldest in found]
    row = await tx.one(select(*(oldest.scalar_subquery() for _, oldest in by_stage)))
    lags = dict.fromkeys(_DUE, timedelta())
    maintained_until = await last_maintenance_end(tx)
    for (stage, _), due_at in zip(by_stage, row, strict=True):
        if due_at is not None:
            if maintained_until and stage in _WAIT_FOR_MAINTENANCE:
                due_at = max(due_at, maintained_until)  # noqa: PLW2901
            lags[stage] = max(lags[stage], tx.now - due_at)
    return lags


async def articles_a_day(tx: Transaction, days: int) -> list[Count]:
    """Return the number of articles stored on each of the last *days*, in UTC, today last."""
    midnight = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [midnight - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    firsts = [
        await _first_row_since(tx, Article.stored_at, start) for start in (*starts, tx.now + _DAY)
    ]
    counts = []
    for start, (first, end) in zip(starts, pairwise(firsts), strict=True):
        is_of_day = (col(Article.id) >= first, col(Article.id) < end)
        (count,) = await _counts(tx, Article, (), *is_of_day)
        counts.append(count._replace(what=(start.date().isoformat(),)))
    return counts


async def most_subscribed(tx: Transaction, limit: int) -> list[Count]:
    """Return the public topics with the most subscriptions.

    Leaves out other topics, because these are users' own queries.
    """
    chats = func.count(col(Subscription.id))
    rows = await tx.rows(
        select(col(Topic.name), chats)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Topic.slug).is_not(None))
        .group_by(col(Topic.id), col(Topic.name))
        .order_by(chats.desc(), col(Topic.name))
        .limit(limit)
    )
    return [Count((name,), number) for name, number in rows]


_FILE_SIZE_ON_SQLITE: Final = text(
    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
)

_TABLE_SIZES_ON_SQLITE: Final = text(
    "SELECT s.tbl_name, sum(d.pgsize) AS size FROM dbstat AS d JOIN sqlite_schema AS s"
    # The "=" makes dbstat aggregate; a bare `d.aggregate` would only filter.
    " ON s.name = d.name WHERE d.aggregate = TRUE"
    " GROUP BY s.tbl_name ORDER BY size DESC LIMIT 20"
)

_TABLE_SIZES_ON_POSTGRESQL: Final = text(
    "SELECT relname, pg_total_relation_size(oid) AS size FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    " ORDER BY size DESC LIMIT 20"
)


async def table_sizes(tx: Transaction) -> list[Count]:
    """Return the bytes of the largest tables with their indexes, the largest first.

    Returns [] for a large SQLite file, because SQLite must read all of it.
    """
    if tx.dialect == POSTGRESQL:
        rows = await tx.rows(_TABLE_SIZES_ON_POSTGRESQL)
    else:
        (file_size,) = await tx.one(_FILE_SIZE_ON_SQLITE)
        if file_size > _SMALL_FILE:
            return []
        try:
            rows = await tx.rows(_TABLE_SIZES_ON_SQLITE)
        except DBAPIError:  # an SQLite without dbstat
            return []
    ours = metadata().tables
    return [Count((name,), int(size)) for name, size in rows if name in ours or size]


async def _counts(
    tx: Transaction, table: Any, by: Sequence[Any] = (), *conditions: Any, most: int | None = None
) -> list[Count]:
    """Count the rows of *table* that meet the *conditions*, up to *most*, grouped by *by*.

    Without columns in *by*, returns a single count.
    """
    bound = MAX_COUNTED if most is None else most
    columns = by or (literal(1).label("one"),)
    rows = sa.select(*columns).select_from(table).where(*conditions).limit(bound).subquery()
    groups = list(rows.c) if by else []
    counted = sa.select(*groups, func.count()).select_from(rows).group_by(*groups).order_by(*groups)
    counts = [(values, number) for *values, number in await tx.rows(counted)]
    is_least = sum(number for _, number in counts) >= bound
    return [Count(tuple(map(str, values)), number, is_least) for values, number in counts]


async def _count(tx: Transaction, table: Any, *conditions: Any, most: int | None = None) -> int:
    (count,) = await _counts(tx, table, (), *conditions, most=most)
    return count.number


async def _first_row_since(tx: Transaction, timestamp: Any, since: datetime) -> int:
    """Find the id of the first row since *since* by bisection; the last id + 1 if there is none.

    *timestamp*: a column whose values increase with the ids.
    """
    table = timestamp.class_
    low, high = await tx.one(sa.select(func.min(table.id), func.max(table.id)))
    if high is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        row_id, found = await tx.one(
            sa.select(table.id, timestamp).where(table.id >= middle).order_by(table.id).limit(1)
        )
        low, high = (low, middle) if found >= since else (row_id + 1, high)
    return int(low)


class ChatListed(NamedTuple):
    id: int
    telegram_id: int
    thread_id: int
    kind: ChatKind
    name: str
    thread_name: str
    state: ChatState
    state_since: datetime
    created_at: datetime
    topics: int
    last_alert_at: datetime | None


async def count_chats(tx: Transaction) -> int:
    return await tx.one(select(func.count()).select_from(Chat).where(is_kept()))


async def chats_listed(tx: Transaction, *, offset: int, limit: int) -> list[ChatListed]:
    """Return the chats, the newest first."""
    newest = _listed().where(is_kept()).order_by(col(Chat.id).desc())
    return [ChatListed(*row) for row in await tx.rows(newest.offset(offset).limit(limit))]


async def chat_listed(tx: Transaction, chat_id: int) -> ChatListed | None:
    row = await tx.first(_listed().where(col(Chat.id) == chat_id))
    return ChatListed(*row) if row else None


def _listed() -> Any:
    topics = select(func.count()).where(col(Subscription.chat_id) == Chat.id)
    last_alert_at = select(func.max(Alert.made_at)).where(col(Alert.chat_id) == Chat.id)
    return select(  # type: ignore[call-overload]
        Chat.id, Chat.telegram_id, Chat.thread_id, Chat.kind, Chat.name, Chat.thread_name,
        Chat.state, Chat.state_since, Chat.created_at,
        topics.correlate(Chat).scalar_subquery(), last_alert_at.correlate(Chat).scalar_subquery(),
    )  # fmt: skip


class StoredCounts(NamedTuple):
    topics: int
    sources: int
    mutes: int
    saved: int
    mailboxes: int
    editions: int
    alerts: int
    messages: int


async def stored_counts(tx: Transaction, chat_id: int) -> StoredCounts:
    """Return how many rows the chat has of each kind."""
    tables = (Subscription, Follow, Mute, SavedStory, Mailbox, Edition, Alert, Delivery)
    counts = [
        await tx.one(
            select(func.count())
            .select_from(table)
            .where(SQLModel.metadata.tables[str(table.__tablename__)].c.chat_id == chat_id)
        )
        for table in tables
    ]
    return StoredCounts(*counts)
