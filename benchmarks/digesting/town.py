"""Readers of a few topics each, all of whose digests are due; each tells twenty stories."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.entries import Entry
from storage.enums import ArticleStage, Mode
from storage.matches import Match
from storage.queries import query_for
from storage.sources import Source
from storage.stories import Story
from storage.subscriptions import Subscription
from storage.topics import Topic

TOPICS = 200
TOPICS_EACH = 4
STORIES_EACH = 5  # of a topic
PUBLISHERS = 40
_AT_ONCE = 5_000
_ZONES = ("UTC", "Europe/London", "Europe/Lisbon", "Africa/Accra")  # the same time in winter
_TEXT = "The consul-general said that talks would go on, no matter who was in the room. " * 20


class Moment:
    """A database's clock that stands at five past eight."""

    async def __call__(self, session: AsyncSession, /) -> datetime:
        del session
        return datetime(2026, 3, 2, 8, 5, tzinfo=UTC)


MOMENT = Moment()


async def build(storage: Storage, readers: int) -> None:
    async with storage.writing() as tx:
        topics = [await _topic(tx, number) for number in range(TOPICS)]
        await _print(tx, topics)
        for start in range(0, readers, _AT_ONCE):
            some = range(start, min(readers, start + _AT_ONCE))
            await _subscribe(tx, some, topics)


async def _topic(tx: Transaction, number: int) -> tuple[int, int]:
    """Return the topic and its query."""
    query = await query_for(tx, f"subject{number}")
    row = Topic(
        name=f"Subject {number}",
        typed=query.canonical,
        query_id=query.id,
        created_at=tx.now - timedelta(days=90),
    )
    tx.session.add(row)
    await tx.session.flush()
    return row.id, query.id


async def _print(tx: Transaction, topics: Sequence[tuple[int, int]]) -> None:
    """Store the stories of each topic, each reported by two publishers."""
    now, count = tx.now, TOPICS * STORIES_EACH
    await _add(tx, Source, (_source(now, n) for n in range(1, PUBLISHERS + 1)))
    await _add(tx, Story, ({"created_at": now} for _ in range(count)))
    await _add(tx, Article, (_article(now, n) for n in range(count)))
    articles = list(await tx.session.exec(select(Article.id).order_by(col(Article.id))))
    reported = [(article, n + offset) for n, article in enumerate(articles) for offset in (0, 7)]
    await _add(tx, Entry, (_entry(now, article, n) for article, n in reported))
    hits = ((topics[n // STORIES_EACH][1], article, n) for n, article in enumerate(articles))
    await _add(tx, Match, (_match(now, *hit) for hit in hits))


async def _subscribe(
    tx: Transaction, readers: Sequence[int], topics: Sequence[tuple[int, int]]
) -> None:
    await _add(tx, Chat, (_chat(tx.now, reader) for reader in readers))
    numbers = [reader + 1 for reader in readers]
    found = select(Chat.id, Chat.telegram_id).where(
        col(Chat.telegram_id) >= numbers[0], col(Chat.telegram_id) <= numbers[-1]
    )
    rows = list(await tx.session.exec(found))
    wishes = (
        {
            "chat_id": chat,
            "topic_id": topics[(number * 31 + step * step * 7 + step) % TOPICS][0],
            "mode": Mode.DIGEST,
            "created_at": tx.now - timedelta(days=60),
        }
        for chat, number in rows
        for step in range(TOPICS_EACH)
    )
    await _add(tx, Subscription, wishes)


async def _add(tx: Transaction, table: type[SQLModel], rows: Iterator[dict[str, Any]]) -> None:
    connection = await tx.session.connection()
    while some := list(islice(rows, _AT_ONCE)):
        await connection.execute(insert(table), some)


def _source(now: datetime, number: int) -> dict[str, Any]:
    return {
        "url": f"https://paper{number}.example/feed",
        "url_hash": f"{number:032}",
        "host": f"paper{number}.example",
        "title": f"Paper {number}",
        "public": True,
        "created_at": now,
        "next_fetch_at": now + timedelta(days=9),
    }


def _article(now: datetime, number: int) -> dict[str, Any]:
    topic = number // STORIES_EACH
    moment = now - timedelta(hours=1, minutes=number % 600)
    return {
        "url": f"https://paper{number % PUBLISHERS + 1}.example/news/{number}",
        "url_hash": f"{number:032}",
        "title": f"Consul visits subject{topic} for talks, number {number}",
        "text": f"In the matter of subject{topic} it was said on Monday. {_TEXT}",
        "language": "en",
        "published_at": moment,
        "stored_at": moment,
        "news_at": moment,
        "story_id": number + 1,
        "stage": ArticleStage.PUBLISHED,
    }


def _entry(now: datetime, article: int | None, number: int) -> dict[str, Any]:
    return {
        "source_id": number % PUBLISHERS + 1,
        "guid_hash": f"{article:032}",
        "article_id": article,
        "content_hash": "",
        "first_seen_at": now - timedelta(hours=1),
    }


def _match(now: datetime, query: int, article: int | None, number: int) -> dict[str, Any]:
    moment = now - timedelta(hours=1, minutes=number % 600)
    return {
        "query_id": query,
        "article_id": article,
        "words": [f"subject{number // STORIES_EACH}"],
        "in_title": True,
        "news_at": moment,
        "found_at": moment,
    }


def _chat(now: datetime, reader: int) -> dict[str, Any]:
    return {
        "telegram_id": reader + 1,
        "zone": _ZONES[reader % len(_ZONES)],
        "state_since": now,
        "created_at": now - timedelta(days=60),
        "next_digest_at": now - timedelta(minutes=5),
    }
