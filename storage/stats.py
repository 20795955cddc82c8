"""Counts and lags: how much there is, how much came lately, and how late each stage is.

The admin panel, `dateline stats` and the metrics show these, and nothing of whose it is. No count
looks at more rows than its bound: on a large database it says "at least", and soon.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Select, and_, exists, func, inspect, literal, or_, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from storage.alerts import Alert
from storage.articles import Article, is_at, is_put_aside
from storage.chats import Chat
from storage.db.engine import POSTGRESQL, Transaction
from storage.editions import Edition
from storage.enums import (
    ArticleStage,
    ChatState,
    DeliveryKind,
    DeliveryState,
    Medium,
    SourceState,
    UsageKind,
)
from storage.outbox import BLOCKING_SQL, PENDING_SQL, STUCK_SQL, Delivery
from storage.queries import Match, Query, latest_change
from storage.sources import AwaitedPage, Source
from storage.subscriptions import Subscription
from storage.tables import TABLES
from storage.topics import Topic
from storage.usage import UsageToday, usage_today

MAX_COUNTED = 1_000_000

MAX_BACKLOG: Final = 100_000  # of metrics, which are asked for all the time

_DAY = timedelta(days=1)

_WAITING: Final = (ArticleStage.STORED, ArticleStage.GROUPED, ArticleStage.MATCHED)
_USUAL_WAIT = timedelta(minutes=1)  # of an article, whose page may come first

_SMALL_FILE = 500 * 1024 * 1024  # bytes; of a larger one SQLite would read all to size its tables

_ACTIVE = col(Source.state) == SourceState.ACTIVE

# A public source that is gone for good waits for the operator to remove it.
_UNHEALTHY = and_(
    or_(_ACTIVE, and_(col(Source.state) == SourceState.GONE, col(Source.public))),
    col(Source.error_since).is_not(None),
)


# What is counted, and by which columns.
_TOTALS: Final[Mapping[str, tuple[Any, Sequence[Any]]]] = {
    "chats": (Chat, (Chat.kind, Chat.state)),
    "topics": (Topic, (col(Topic.slug).is_not(None).label("public"),)),
    "queries": (Query, (Query.live,)),
    "subscriptions": (Subscription, (Subscription.mode,)),
    "sources": (Source, (Source.state,)),
}

# The same of what came lately; a match came with its article. Rows are numbered as they come, so
# the first of a period is found by halving, without an index of timestamps.
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
    """*what* is counted, by its values; with *is_least* there may be more."""

    what: tuple[str, ...]
    number: int
    is_least: bool = False


class Amounts(NamedTuple):
    chats: int  # that are sent anything
    topics: int  # that have a subscription
    sources: int
    articles: int  # that have waited for the next stage longer than usual
    queue: int  # messages that are due
    held: int


class Lags(NamedTuple):
    """How long the oldest work has waited, as users see it."""

    read: timedelta
    match: timedelta
    publish: timedelta
    send: timedelta


class Backlog(NamedTuple):
    """*lags*: seconds, by stage. *queue*: messages, by state and medium. *usage*: by kind.

    *put_aside*: articles, see `storage.articles`.
    """

    lags: Mapping[str, float]
    queue: Mapping[tuple[str, str], int]
    sources: Mapping[str, int]
    put_aside: int
    queries_change: int
    usage: Mapping[UsageKind, UsageToday]


async def totals(tx: Transaction) -> dict[str, list[Count]]:
    """Return what there is now."""
    return {name: await _counts(tx, table, by) for name, (table, by) in _TOTALS.items()}


async def recent_totals(tx: Transaction, since: datetime) -> dict[str, list[Count]]:
    """Return what has come from *since* on."""
    return {
        name: await _counts(tx, table, by, col(row) >= await _first(tx, at, since))
        for name, (table, by, row, at) in _RECENT.items()
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
    )


async def backlog(tx: Transaction, budgets: Mapping[UsageKind, int]) -> Backlog:
    """Return what waits; *budgets* are those of an account."""
    by = (Delivery.state, Delivery.medium)
    waiting = [
        count
        for condition in (BLOCKING_SQL, STUCK_SQL)
        for count in await _counts(tx, Delivery, by, text(condition), most=MAX_BACKLOG)
    ]
    return Backlog(
        lags={stage: lag.total_seconds() for stage, lag in (await lags_by_stage(tx)).items()},
        queue={(state, medium): number for (state, medium), number, _ in waiting},
        sources={
            "active": await _count(tx, Source, _ACTIVE, most=MAX_BACKLOG),
            "unhealthy": await count_unhealthy_sources(tx),
        },
        put_aside=await _count(tx, Article, is_put_aside(), most=MAX_BACKLOG),
        queries_change=await latest_change(tx),
        usage=await usage_today(tx, budgets),
    )


async def unhealthy_sources(tx: Transaction, limit: int) -> list[Source]:
    """Return those that fail or are gone for good, the longest unhealthy first."""
    ordered = select(Source).where(_UNHEALTHY).order_by(col(Source.error_since), col(Source.id))
    return list(await tx.session.exec(ordered.limit(limit)))


async def count_unhealthy_sources(tx: Transaction) -> int:
    return await _count(tx, Source, _UNHEALTHY)


async def last_read(tx: Transaction) -> datetime | None:
    """Return when any source was last read well."""
    newest = select(func.max(col(Source.succeeded_at))).where(_ACTIVE)
    return (await tx.session.exec(newest)).one()


async def last_article(tx: Transaction) -> datetime | None:
    """Return when the newest article was stored."""
    newest = select(col(Article.stored_at)).order_by(col(Article.id).desc()).limit(1)
    return (await tx.session.exec(newest)).first()


async def lags(tx: Transaction) -> Lags:
    by_stage = await lags_by_stage(tx)
    return Lags(
        read=by_stage["poll"],
        match=by_stage["match"],
        publish=by_stage["alert"],
        send=max(by_stage["send"], by_stage["mail"]),
    )


def _oldest(at: Any, *which: Any, order: Any = None) -> Select[Any]:
    return select(at).where(*which).order_by(at if order is None else order).limit(1)


def _at(stage: ArticleStage) -> list[Select[Any]]:
    """Articles are stored in the order of their ids."""
    # Not the bare id: SQLite would walk the whole table by it.
    first = select(func.min(col(Article.id) + 0)).where(is_at(stage)).scalar_subquery()
    return [select(col(Article.stored_at)).where(col(Article.id) == first)]


def _outbox(medium: Medium) -> list[Select[Any]]:
    """One statement for each priority: so the index has each answer at its first row."""
    due, of_medium = col(Delivery.due_at), col(Delivery.medium) == medium
    return [
        _oldest(due, text(PENDING_SQL), of_medium, col(Delivery.priority) == number)
        for number in sorted({kind.priority for kind in DeliveryKind})
    ]


# When the oldest work of each stage was due: the earliest that any of its statements finds.
_DUE: Final[Mapping[str, list[Select[Any]]]] = {
    "poll": [_oldest(col(Source.next_fetch_at), _ACTIVE)],
    "page": [_oldest(col(AwaitedPage.due_at))],
    "match": [*_at(ArticleStage.STORED), *_at(ArticleStage.GROUPED)],
    "alert": _at(ArticleStage.MATCHED),
    "digest": [
        _oldest(
            col(Chat.next_digest_at),
            col(Chat.next_digest_at).is_not(None),
            col(Chat.state) == ChatState.ACTIVE,
        )
    ],
    "send": _outbox(Medium.TELEGRAM),
    "mail": _outbox(Medium.EMAIL),
}


async def lags_by_stage(tx: Transaction) -> dict[str, timedelta]:
    """Return how long the oldest work of each stage has waited; what is due later has not."""
    asked = [(stage, each) for stage, statements in _DUE.items() for each in statements]
    row = (await tx.session.exec(select(*(each.scalar_subquery() for _, each in asked)))).one()
    late = dict.fromkeys(_DUE, timedelta())
    for (stage, _), due_at in zip(asked, row, strict=True):
        if due_at is not None:
            late[stage] = max(late[stage], tx.now - due_at)
    return late


async def articles_a_day(tx: Transaction, days: int) -> list[Count]:
    """Return how many were stored on each of the last *days*, in UTC, today last."""
    midnight = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [midnight - timedelta(days=back) for back in range(days - 1, -1, -1)]
    firsts = [await _first(tx, Article.stored_at, start) for start in starts]
    ends = [*firsts[1:], await _first(tx, Article.stored_at, tx.now + _DAY)]
    counted = []
    for start, first, end in zip(starts, firsts, ends, strict=True):
        which = (col(Article.id) >= first, col(Article.id) < end)
        (count,) = await _counts(tx, Article, (), *which)
        counted.append(count._replace(what=(start.date().isoformat(),)))
    return counted


async def most_subscribed(tx: Transaction, limit: int) -> list[Count]:
    """Return the public topics with most subscriptions: all others are some user's query."""
    chats = func.count(col(Subscription.id))
    connection = await tx.session.connection()
    rows = await connection.execute(
        sa.select(col(Topic.name), chats)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Topic.slug).is_not(None))
        .group_by(col(Topic.id), col(Topic.name))
        .order_by(chats.desc(), col(Topic.name))
        .limit(limit)
    )
    return [Count((name,), number) for name, number in rows]


async def table_sizes(tx: Transaction) -> list[Count]:
    """Return the bytes of each table with its indexes, the largest first; [] where that is slow."""
    connection = await tx.session.connection()
    try:
        rows = (await connection.execute(text(await _asking_sizes(tx)))).all()
    except DBAPIError:  # this SQLite does not tell
        return []
    ours = {inspect(table).local_table.name for table in TABLES}
    return [Count((name,), int(size)) for name, size in rows if name in ours or size]


async def _asking_sizes(tx: Transaction) -> str:
    if tx.dialect == POSTGRESQL:
        return (
            "SELECT relname, pg_total_relation_size(oid) AS size FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
            " ORDER BY size DESC LIMIT 20"
        )
    connection = await tx.session.connection()
    pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
    page = (await connection.execute(text("PRAGMA page_size"))).scalar_one()
    if pages * page > _SMALL_FILE:
        return "SELECT '', 0 WHERE 0"
    return (
        "SELECT s.tbl_name, sum(d.pgsize) AS size FROM dbstat AS d JOIN sqlite_schema AS s"
        # With the "=" it is told to add up; without, it filters what it has not added up.
        " ON s.name = d.name WHERE d.aggregate = TRUE"
        " GROUP BY s.tbl_name ORDER BY size DESC LIMIT 20"
    )


async def _counts(
    tx: Transaction, table: Any, by: Sequence[Any] = (), *which: Any, most: int | None = None
) -> list[Count]:
    """Count the rows of *table* that are *which*, up to *most*, by the values of the columns *by*.

    Without columns that is one count.
    """
    bound = MAX_COUNTED if most is None else most
    columns = by or (literal(1).label("one"),)
    rows = sa.select(*columns).select_from(table).where(*which).limit(bound).subquery()
    groups = list(rows.c) if by else []
    counted = sa.select(*groups, func.count()).select_from(rows).group_by(*groups).order_by(*groups)
    connection = await tx.session.connection()
    found = [(row[:-1], row[-1]) for row in (await connection.execute(counted)).all()]
    is_least = sum(number for _, number in found) >= bound
    return [Count(tuple(map(str, values)), number, is_least) for values, number in found]


async def _count(tx: Transaction, table: Any, *which: Any, most: int | None = None) -> int:
    (count,) = await _counts(tx, table, (), *which, most=most)
    return count.number


async def _first(tx: Transaction, at: Any, since: datetime) -> int:
    """Return the id of the first row whose *at* is not before *since*; past the last if none is."""
    table = at.class_
    connection = await tx.session.connection()
    ends = sa.select(func.min(table.id), func.max(table.id))
    low, high = (await connection.execute(ends)).one()
    if high is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        near = sa.select(table.id, at).where(table.id >= middle).order_by(table.id).limit(1)
        number, moment = (await connection.execute(near)).one()
        low, high = (low, middle) if moment >= since else (number + 1, high)
    return int(low)
