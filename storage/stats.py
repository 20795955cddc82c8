"""How it all is at one moment: how much there is, how late each step is, what is in trouble."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    inspect,
    literal,
    literal_column,
    or_,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from storage.alerts import Alert
from storage.articles import Article, is_at
from storage.chats import Chat
from storage.db.engine import POSTGRESQL, Transaction
from storage.editions import Edition
from storage.enums import ChatState, DeliveryKind, DeliveryState, Medium, SourceState, Stage
from storage.outbox import BLOCKING_SQL, PENDING_SQL, STUCK_SQL, Delivery
from storage.queries import Match, Query, latest_change
from storage.sources import AwaitedPage, Source
from storage.subscriptions import Subscription
from storage.tables import TABLES
from storage.topics import Topic

_ACTIVE = col(Source.state) == SourceState.ACTIVE

# One that has been taken down for good waits for whoever runs the bot to remove it.
_LEFT_TO_US = and_(col(Source.state) == SourceState.GONE, col(Source.public))

_UNHEALTHY = and_(or_(_ACTIVE, _LEFT_TO_US), col(Source.trouble_since).is_not(None))


class Amounts(NamedTuple):
    chats: int  # that something comes to
    topics: int  # that somebody watches
    sources: int
    queue: int  # messages that are due
    held: int


class Lags(NamedTuple):
    """How long the oldest work of each step has waited."""

    read: timedelta
    match: timedelta
    publish: timedelta
    send: timedelta


async def amounts(unit: Transaction) -> Amounts:
    watched = func.count(col(Subscription.topic_id).distinct())
    return Amounts(
        chats=await _count(unit, Chat, col(Chat.state) == ChatState.ACTIVE),
        topics=(await unit.session.exec(select(watched))).one(),
        sources=await _count(unit, Source, _ACTIVE),
        queue=await _count(unit, Delivery, text(PENDING_SQL), col(Delivery.due_at) <= unit.now),
        held=await _count(unit, Delivery, col(Delivery.state) == DeliveryState.HELD),
    )


async def lags(unit: Transaction) -> Lags:
    stored, due = col(Article.stored_at), col(Delivery.due_at)
    unmatched = [
        await _oldest(unit, stored, is_at(stage)) for stage in (Stage.STORED, Stage.GROUPED)
    ]
    return Lags(
        read=_passed(unit, await _oldest(unit, col(Source.next_fetch_at), _ACTIVE)),
        match=max(_passed(unit, moment) for moment in unmatched),
        publish=_passed(unit, await _oldest(unit, stored, is_at(Stage.MATCHED))),
        send=_passed(unit, await _oldest(unit, due, text(PENDING_SQL))),
    )


async def unhealthy_sources(unit: Transaction, limit: int) -> list[Source]:
    """Return those that fail or are gone for good, the longest trouble first."""
    ill = select(Source).where(_UNHEALTHY)
    ordered = ill.order_by(col(Source.trouble_since), col(Source.id))
    return list(await unit.session.exec(ordered.limit(limit)))


async def count_unhealthy_sources(unit: Transaction) -> int:
    return await _count(unit, Source, _UNHEALTHY)


async def _count(unit: Transaction, table: Any, *which: Any) -> int:
    return (await unit.session.exec(select(func.count()).select_from(table).where(*which))).one()


async def _oldest(
    unit: Transaction, moment: Any, *which: ColumnElement[bool] | Any
) -> datetime | None:
    first = select(moment).where(*which).order_by(moment).limit(1)
    return (await unit.session.exec(first)).first()


def _passed(unit: Transaction, moment: datetime | None) -> timedelta:
    """Work that will be due some day has not waited."""
    return max(unit.now - moment, timedelta()) if moment else timedelta()


async def last_read(unit: Transaction) -> datetime | None:
    """Return when any source was last read well."""
    newest = select(func.max(col(Source.succeeded_at))).where(_ACTIVE)
    return (await unit.session.exec(newest)).one()


# What waits, and how long the oldest of it has, for metrics; each question takes a moment.
#
# What is counted is counted up to `MOST`: to count millions would take seconds.


MAX_BACKLOG: Final = 100_000


class Backlog(NamedTuple):
    """*lags*: seconds, by step. *queue*: messages, by state and medium."""

    lags: Mapping[str, float]
    queue: Mapping[tuple[str, str], int]
    sources: Mapping[str, int]
    queries_change: int


async def backlog(unit: Transaction) -> Backlog:
    return Backlog(
        lags=await _lags(unit),
        queue=await _queue(unit),
        sources={
            "active": await _capped_count(unit, Source, col(Source.state) == SourceState.ACTIVE),
            "in_trouble": await count_unhealthy_sources(unit),
        },
        queries_change=await latest_change(unit),
    )


async def _lags(unit: Transaction) -> dict[str, float]:
    """How long the oldest work of each step has waited; what is due later has not."""
    questions = [(step, question) for step, asked in _DUE.items() for question in asked]
    found = (
        await unit.session.exec(select(*(each.scalar_subquery() for _, each in questions)))
    ).one()
    lags = dict.fromkeys(_DUE, 0.0)
    for (step, _), moment in zip(questions, found, strict=True):
        if moment is not None:
            lags[step] = max(lags[step], (unit.now - moment).total_seconds())
    return lags


def _oldest_where(moment: Any, order: Any, *which: Any) -> Select[Any]:
    return select(moment).where(*which).order_by(order).limit(1)


def _at(stage: Stage) -> Select[Any]:
    """Articles are stored in the order of their ids, and go on in it."""
    return _oldest_where(col(Article.stored_at), col(Article.id), is_at(stage))


def _outbox(medium: Medium) -> list[Select[Any]]:
    """One question for each priority: so the index has each answer at its first row."""
    due = col(Delivery.due_at)
    return [
        _oldest_where(
            due,
            due,
            text(PENDING_SQL),
            col(Delivery.medium) == medium,
            col(Delivery.priority) == number,
        )
        for number in sorted({kind.priority for kind in DeliveryKind})
    ]


_NEXT_FETCH, _NEXT_DIGEST = col(Source.next_fetch_at), col(Chat.next_digest_at)

_DUE: Final[Mapping[str, list[Select[Any]]]] = {
    "poll": [_oldest_where(_NEXT_FETCH, _NEXT_FETCH, col(Source.state) == SourceState.ACTIVE)],
    "page": [_oldest_where(col(AwaitedPage.due_at), col(AwaitedPage.due_at))],
    "group": [_at(Stage.STORED)],
    "match": [_at(Stage.GROUPED)],
    "alert": [_at(Stage.MATCHED)],
    "digest": [
        _oldest_where(
            _NEXT_DIGEST,
            _NEXT_DIGEST,
            _NEXT_DIGEST.is_not(None),
            col(Chat.state) == ChatState.ACTIVE,
        )
    ],
    "send": _outbox(Medium.TELEGRAM),
    "mail": _outbox(Medium.EMAIL),
}


async def _queue(unit: Transaction) -> dict[tuple[str, str], int]:
    counted: dict[tuple[str, str], int] = {}
    for condition in (BLOCKING_SQL, STUCK_SQL):
        some = (
            select(Delivery.state, Delivery.medium)
            .where(text(condition))
            .limit(MAX_BACKLOG)
            .subquery()
        )
        grouped = select(some.c.state, some.c.medium, func.count()).group_by(
            some.c.state, some.c.medium
        )
        for state, medium, number in await unit.session.exec(grouped):
            counted[state.value, medium.value] = number
    return counted


async def _capped_count(unit: Transaction, table: Any, *which: Any) -> int:
    some = (
        select(literal_column("1")).select_from(table).where(*which).limit(MAX_BACKLOG).subquery()
    )
    return (await unit.session.exec(select(func.count()).select_from(some))).one()


# How much there is of everything, and how much came lately; nothing of whose it is.
#
# No count looks at more than `MOST` rows: on a large database it says "at least", and soon. Rows
# are
# numbered as they come, so the first of a period is found by halving, without an index of moments.


MAX_COUNTED = 1_000_000

_DAY = timedelta(days=1)

_SMALL_FILE = 500 * 1024 * 1024  # of a larger one SQLite would read all, to tell of its tables


class Count(NamedTuple):
    """*what* is counted, by its words; with *is_least* there may be more."""

    what: tuple[str, ...]
    number: int
    is_least: bool = False


async def totals(unit: Transaction) -> dict[str, list[Count]]:
    """Return what there is now."""
    return {
        "chats": await _counts(unit, Chat, (Chat.kind, Chat.state)),
        "topics": await _counts(unit, Topic, (col(Topic.slug).is_not(None).label("public"),)),
        "queries": await _counts(unit, Query, (Query.live,)),
        "subscriptions": await _counts(unit, Subscription, (Subscription.mode,)),
        "sources": await _counts(unit, Source, (Source.state,)),
    }


async def recent_totals(unit: Transaction, since: datetime) -> dict[str, list[Count]]:
    """Return what has come from *since* on."""
    article = await _first(unit, Article, Article.stored_at, since)
    alert = await _first(unit, Alert, Alert.made_at, since)
    edition = await _first(unit, Edition, Edition.made_at, since)
    delivery = await _first(unit, Delivery, Delivery.created_at, since)
    return {
        "articles": await _counts(unit, Article, (), col(Article.id) >= article),
        "matches": await _counts(unit, Match, (), col(Match.article_id) >= article),
        "alerts": await _counts(unit, Alert, (), col(Alert.id) >= alert),
        "editions": await _counts(unit, Edition, (), col(Edition.id) >= edition),
        "deliveries": await _counts(
            unit, Delivery, (Delivery.medium, Delivery.state), col(Delivery.id) >= delivery
        ),
    }


async def articles_a_day(unit: Transaction, days: int) -> list[Count]:
    """Return how many were stored on each of the last *days*, in UTC, today last."""
    midnight = unit.now.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [midnight - timedelta(days=back) for back in range(days - 1, -1, -1)]
    firsts = [await _first(unit, Article, Article.stored_at, start) for start in starts]
    ends = [*firsts[1:], await _first(unit, Article, Article.stored_at, unit.now + _DAY)]
    counted = []
    for start, first, end in zip(starts, firsts, ends, strict=True):
        which = (col(Article.id) >= first, col(Article.id) < end)
        (count,) = await _counts(unit, Article, (), *which)
        counted.append(count._replace(what=(start.date().isoformat(),)))
    return counted


async def most_subscribed(unit: Transaction, limit: int) -> list[Count]:
    """Return the topics of the catalogue that most chats watch: all others are somebody's words."""
    chats = func.count(col(Subscription.id))
    connection = await unit.session.connection()
    rows = await connection.execute(
        sa.select(col(Topic.name), chats)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Topic.slug).is_not(None))
        .group_by(col(Topic.id), col(Topic.name))
        .order_by(chats.desc(), col(Topic.name))
        .limit(limit)
    )
    return [Count((name,), number) for name, number in rows]


async def table_sizes(unit: Transaction) -> list[Count]:
    """Return the bytes of each table with its indexes, the largest first; [] where that is slow."""
    connection = await unit.session.connection()
    try:
        rows = (await connection.execute(text(await _asking_sizes(unit)))).all()
    except DBAPIError:  # this SQLite does not tell
        return []
    ours = {inspect(table).local_table.name for table in TABLES}
    return [Count((name,), int(size)) for name, size in rows if name in ours or size]


async def _asking_sizes(unit: Transaction) -> str:
    if unit.dialect == POSTGRESQL:
        return (
            "SELECT relname, pg_total_relation_size(oid) AS size FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
            " ORDER BY size DESC LIMIT 20"
        )
    connection = await unit.session.connection()
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
    unit: Transaction, table: Any, by: Sequence[Any] = (), *which: Any
) -> list[Count]:
    """Count the rows of *table* that are *which*, by the words of the columns *by*."""
    columns = by or (literal(1).label("one"),)
    rows = sa.select(*columns).select_from(table).where(*which).limit(MAX_COUNTED).subquery()
    words = list(rows.c) if by else []
    counted = sa.select(*words, func.count()).select_from(rows).group_by(*words).order_by(*words)
    connection = await unit.session.connection()
    found = [(row[:-1], row[-1]) for row in (await connection.execute(counted)).all()]
    is_least = sum(number for _, number in found) >= MAX_COUNTED
    return [Count(tuple(map(str, words)), number, is_least) for words, number in found]


async def _first(unit: Transaction, table: Any, moment: Any, since: datetime) -> int:
    """Return the number of the first row since then; one beyond the last where there is none."""
    connection = await unit.session.connection()
    ends = sa.select(func.min(table.id), func.max(table.id))
    low, high = (await connection.execute(ends)).one()
    if high is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        near = sa.select(table.id, moment).where(table.id >= middle).order_by(table.id).limit(1)
        number, at = (await connection.execute(near)).one()
        low, high = (low, middle) if at >= since else (number + 1, high)
    return int(low)
