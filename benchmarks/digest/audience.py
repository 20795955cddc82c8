"""Readers of a few topics each whose digests are due, and twenty stories for each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select

from benchmarks import rows
from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.editions import Edition, EditionStory
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

_GUESTS = (
    ("Norway", "Oslo"),
    ("Prime Minister Jane Roe", "Geneva"),
    ("Chancellor Otto Weber", "Berlin"),
)


async def MONDAY_MORNING(_connection: AsyncConnection, /) -> datetime:  # noqa: N802 - a constant clock
    """Return five past eight, the time of the database."""
    return datetime(2026, 3, 2, 8, 5, tzinfo=UTC)


async def add_audience(storage: Storage, readers: int, reports: int = 1, listed: int = 0) -> None:
    """Store readers whose digests are due, and their stories, each with so many *reports*.

    *listed*: how many of five stories a digest listed the day before.
    """
    async with storage.writing() as tx:
        topics = [await rows.add_topic(tx, f"subject{number}") for number in range(TOPICS)]
        await _add_news(tx, topics, reports, listed)
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
        if listed:
            await _list_yesterday(tx, listed)


async def _list_yesterday(tx: Transaction, listed: int) -> None:
    """Store yesterday's digest of each reader, with the first *listed* stories of each topic."""
    made_at = tx.now - timedelta(days=1)
    chats = await tx.rows(select(Chat.id).order_by(col(Chat.id)))
    edition = {
        "local_date": made_at.date(),
        "due_at": made_at,
        "made_at": made_at,
        "since": made_at - timedelta(days=1),
        "topics": [],
    }
    await rows.add(tx, Edition, ({"chat_id": chat, **edition} for chat in chats))
    editions = dict(await tx.rows(select(Edition.chat_id, Edition.id)))
    subscribed = await tx.rows(select(Subscription.chat_id, Subscription.topic_id))
    stories = (
        {
            "chat_id": chat,
            "story_id": (topic - 1) * STORIES_EACH + number + 1,
            "edition_id": editions[chat],
        }
        for chat, topic in subscribed
        for number in range(listed)
    )
    await rows.add(tx, EditionStory, stories)


async def _add_news(tx: Transaction, topics: Sequence[Topic], reports: int, listed: int) -> None:
    """Store the stories of each topic, and the *reports* of each, each of two publishers.

    The first report of the *listed* stories is older than yesterday's digest.
    """
    now, stories = tx.now, TOPICS * STORIES_EACH
    papers = [f"https://paper{number}.example" for number in range(1, PUBLISHERS + 1)]
    later = {"next_fetch_at": now + timedelta(days=9)}
    await rows.add(
        tx, Source, (rows.source(f"{paper}/feed", now, title=paper, **later) for paper in papers)
    )
    await rows.add(tx, Story, ({"created_at": now} for _ in range(stories)))

    def published_at(number: int) -> datetime:
        is_old = number < stories and number % STORIES_EACH < listed
        return now - timedelta(days=int(is_old), hours=1, minutes=number % 600)

    def topic_of(number: int) -> int:
        return number % stories // STORIES_EACH

    await rows.add(
        tx,
        Article,
        (
            rows.article(
                f"{papers[number % PUBLISHERS]}/news/{number}",
                published_at(number),
                title=_title(topic_of(number), number, number // stories),
                text=_text(topic_of(number), number // stories),
                published_at=published_at(number),
                story_id=number % stories + 1,
                stage=ArticleStage.PUBLISHED,
            )
            for number in range(stories * reports)
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
            topics[topic_of(number)].query_id,
            article,
            f"subject{topic_of(number)}",
            published_at(number),
            in_title=True,
        )
        for number, article in enumerate(articles)
    )
    await rows.add(tx, Match, matches)


def _title(topic: int, number: int, report: int) -> str:
    if report == 0:
        return f"Consul visits subject{topic}, number {number}"
    guest, city = _GUESTS[report % len(_GUESTS)]
    return f"{guest} joins consul on subject{topic} in {city}, number {number}"


def _text(topic: int, report: int) -> str:
    """Return a text whose beginning says something new in each *report*."""
    if report == 0:
        return f"Subject{topic} was discussed on Monday. {_TEXT}"
    guest, city = _GUESTS[report % len(_GUESTS)]
    return (
        f"{guest} joined the talks about subject{topic} in {city} and offered {report}0 million "
        f"dollars for a bridge across the border. {_TEXT}"
    )
