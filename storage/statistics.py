"""How much there is of everything, and how much came lately; nothing of whose it is.

No count looks at more than `MOST` rows: on a large database it says "at least", and soon. Rows are
numbered as they come, so the first of a period is found by halving, without an index of moments.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, inspect, literal, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from storage.alerts import Alert
from storage.articles import Article
from storage.chats import Chat
from storage.deliveries import Delivery
from storage.editions import Edition
from storage.engine import POSTGRESQL, Unit
from storage.matches import Match
from storage.queries import Query
from storage.sources import Source
from storage.subscriptions import Subscription
from storage.tables import TABLES
from storage.topics import Topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST = 1_000_000
_DAY = timedelta(days=1)
_SMALL_FILE = 500 * 1024 * 1024  # of a larger one SQLite would read all, to tell of its tables


class Count(NamedTuple):
    """*what* is counted, by its words; with *is_least* there may be more."""

    what: tuple[str, ...]
    number: int
    is_least: bool = False


async def standing(unit: Unit) -> dict[str, list[Count]]:
    """Return what there is now."""
    return {
        "chats": await _counts(unit, Chat, (Chat.kind, Chat.state)),
        "topics": await _counts(unit, Topic, (col(Topic.slug).is_not(None).label("public"),)),
        "queries": await _counts(unit, Query, (Query.live,)),
        "subscriptions": await _counts(unit, Subscription, (Subscription.mode,)),
        "sources": await _counts(unit, Source, (Source.state,)),
    }


async def lately(unit: Unit, since: datetime) -> dict[str, list[Count]]:
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


async def articles_a_day(unit: Unit, days: int) -> list[Count]:
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


async def most_watched(unit: Unit, limit: int) -> list[Count]:
    """Return the topics of the catalogue that most chats watch: all others are somebody's words."""
    chats = func.count(col(Subscription.id))
    connection = await unit.session.connection()
    rows = await connection.execute(
        select(col(Topic.name), chats)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Topic.slug).is_not(None))
        .group_by(col(Topic.id), col(Topic.name))
        .order_by(chats.desc(), col(Topic.name))
        .limit(limit)
    )
    return [Count((name,), number) for name, number in rows]


async def sizes(unit: Unit) -> list[Count]:
    """Return the bytes of each table with its indexes, the largest first; [] where that is slow."""
    connection = await unit.session.connection()
    try:
        rows = (await connection.execute(text(await _asking_sizes(unit)))).all()
    except DBAPIError:  # this SQLite does not tell
        return []
    ours = {inspect(table).local_table.name for table in TABLES}
    return [Count((name,), int(size)) for name, size in rows if name in ours or size]


async def _asking_sizes(unit: Unit) -> str:
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


async def _counts(unit: Unit, table: Any, by: Sequence[Any] = (), *which: Any) -> list[Count]:
    """Count the rows of *table* that are *which*, by the words of the columns *by*."""
    columns = by or (literal(1).label("one"),)
    rows = select(*columns).select_from(table).where(*which).limit(MOST).subquery()
    words = list(rows.c) if by else []
    counted = select(*words, func.count()).select_from(rows).group_by(*words).order_by(*words)
    connection = await unit.session.connection()
    found = [(row[:-1], row[-1]) for row in (await connection.execute(counted)).all()]
    is_least = sum(number for _, number in found) >= MOST
    return [Count(tuple(map(str, words)), number, is_least) for words, number in found]


async def _first(unit: Unit, table: Any, moment: Any, since: datetime) -> int:
    """Return the number of the first row since then; one beyond the last where there is none."""
    connection = await unit.session.connection()
    ends = select(func.min(table.id), func.max(table.id))
    low, high = (await connection.execute(ends)).one()
    if high is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        near = select(table.id, moment).where(table.id >= middle).order_by(table.id).limit(1)
        number, at = (await connection.execute(near)).one()
        low, high = (low, middle) if at >= since else (number + 1, high)
    return int(low)
