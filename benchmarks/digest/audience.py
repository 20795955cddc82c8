"""Readers of a few topics each whose digests are due, and twenty stories for each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select

from benchmarks import rows
from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.entries import Entry
from storage.enums import ArticleStage, Mode
from storage.matches import Match
from storage.sources import Source
from storage.stories import Story
from storage.subscriptions import Subscription
from storage.topics import Topic

TOPICS, TOPICS_EACH = 200, 4
STORIES_EACH = 5  # of a topic
PUBLISHERS = 40
_ZONES = ("UTC", "Europe/London", "Europe/Lisbon", "Africa/Accra")  # the same time in winter
_TEXT = "The consul-general said that talks would go on, no matter who was in the room. " * 20


async def MONDAY_MORNING(_connection: AsyncConnection, /) -> datetime:  # noqa: N802 - a constant clock
    """Return five past eight, the time of the database."""
    return datetime(2026, 3, 2, 8, 5, tzinfo=UTC)


async def add_audience(storage: Storage, readers: int) -> None:
    async with storage.writing() as tx:
        topics = [await rows.add_topic(tx, f"subject{number}") for number in range(TOPICS)]
        await _add_news(tx, topics)
        await rows.add(
            tx,
            Chat,
            (
                rows.chat(
                    reader + 1,
                    tx.now - timedelta(days=60),
                    zone=_ZONES[reader % len(_ZONES)],
                    next_digest_at=tx.now - timedelta(minutes=5),
                )
                for reader in range(readers)
            ),
        )
        chats = await tx.rows(select(Chat.id).order_by(col(Chat.id)))
        subscriptions = (
            {
                "chat_id": chat_id,
                "topic_id": topics[(number * 31 + step * step * 7 + step) % TOPICS].id,
                "mode": Mode.DIGEST,
                "created_at": tx.now - timedelta(days=60),
            }
            for number, chat_id in enumerate(chats, 1)
            for step in range(TOPICS_EACH)
        )
        await rows.add(tx, Subscription, subscriptions)


async def _add_news(tx: Transaction, topics: Sequence[Topic]) -> None:
    """Store the stories of each topic, each reported by two publishers."""
    now, numbers = tx.now, range(TOPICS * STORIES_EACH)
    papers = [f"https://paper{number}.example" for number in range(1, PUBLISHERS + 1)]
    later = {"next_fetch_at": now + timedelta(days=9)}
    await rows.add(
        tx, Source, (rows.source(f"{paper}/feed", now, title=paper, **later) for paper in papers)
    )
    await rows.add(tx, Story, ({"created_at": now} for _ in numbers))
    published_at = [now - timedelta(hours=1, minutes=number % 600) for number in numbers]
    await rows.add(
        tx,
        Article,
        (
            rows.article(
                f"{papers[number % PUBLISHERS]}/news/{number}",
                published_at[number],
                title=f"Consul visits subject{number // STORIES_EACH}, number {number}",
                text=f"Subject{number // STORIES_EACH} was discussed on Monday. {_TEXT}",
                published_at=published_at[number],
                story_id=number + 1,
                stage=ArticleStage.PUBLISHED,
            )
            for number in numbers
        ),
    )
    articles = await tx.rows(select(Article.id).order_by(col(Article.id)))
    await rows.add(
        tx,
        Entry,
        (
            rows.entry((number + offset) % PUBLISHERS + 1, article, now)
            for number, article in enumerate(articles)
            for offset in (0, 7)
        ),
    )
    matches = (
        rows.match(
            topics[number // STORIES_EACH].query_id,
            article,
            f"subject{number // STORIES_EACH}",
            published_at[number],
            in_title=True,
        )
        for number, article in enumerate(articles)
    )
    await rows.add(tx, Match, matches)
