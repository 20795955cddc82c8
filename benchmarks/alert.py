"""CPU of alerting: of the main thread, for each article that matches a query.

    python -m benchmarks.alert [--articles 1800] [--queries 1000] [--chats 20] [--server URL]

Matched articles are published until none is left: messages are rendered and deliveries written.
Each article matches two queries; three articles by three publishers report each story. Each chat
has alerts of five topics, so that for most articles no chat is left to alert, as in service. Rows
differ in how many articles are claimed together. A millisecond is a good figure.
"""

import asyncio
import time
from datetime import timedelta

from sqlmodel import SQLModel, col, delete, func, select, update

from benchmarks import rows
from benchmarks.databases import empty_storage
from benchmarks.report import Row, parser, print_rows
from bot.publishing.alerts import Alerts
from bot.rendering.renderer import Renderer
from storage.alerts import Alert
from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.entries import Entry
from storage.enums import ArticleStage, Mode
from storage.matches import Match
from storage.outbox import Delivery
from storage.sources import Source
from storage.stories import Story
from storage.subscriptions import Subscription

BATCHES = (50, 5, 1)
PUBLISHERS, TOPICS_EACH = 3, 5
ZONES = ("UTC", "Asia/Tokyo", "Europe/Berlin")
_MONTH = timedelta(days=30)
_TEXT = "The consul-general said that talks would go on, no matter who was in the room. " * 6


async def measure(server: str | None, articles: int, queries: int, chats: int) -> list[Row]:
    async with empty_storage(server) as storage:
        async with storage.writing() as tx:
            await _add_chats(tx, queries, chats)
            await _add_articles(tx, articles, queries)
        await _publish(storage, BATCHES[0])  # fills the caches
        return [await _measure_batch(storage, batch) for batch in BATCHES]


async def _measure_batch(storage: Storage, batch: int) -> Row:
    """Publish everything again, *batch* articles at a time."""
    async with storage.writing() as tx:
        tables: tuple[type[SQLModel], ...] = (Delivery, Alert)
        for table in tables:
            await tx.change(delete(table))
        await tx.change(update(Article).values(stage=ArticleStage.MATCHED))
    wall, process, thread = time.perf_counter(), time.process_time(), time.thread_time()
    articles = await _publish(storage, batch)
    thread, process = time.thread_time() - thread, time.process_time() - process
    async with storage.reading() as tx:
        alerts = await tx.one(select(func.count(col(Alert.id))))
        deliveries = await tx.one(select(func.count(col(Delivery.id))))
    if not alerts == deliveries > 0:
        raise SystemExit(f"there are {alerts} alerts with {deliveries} deliveries")
    return {
        "claimed_together": batch,
        "articles": articles,
        "alerts": alerts,
        "main_thread_ms_each": round(thread / articles * 1e3, 2),
        "all_threads_ms_each": round(process / articles * 1e3, 2),
        "per_second": round(articles / (time.perf_counter() - wall)),
    }


async def _publish(storage: Storage, batch: int) -> int:
    stage, articles = Alerts(storage, Renderer(), "benchmark"), 0
    while published := await stage.run_once(batch):
        articles += published
    return articles


async def _add_chats(tx: Transaction, queries: int, chats: int) -> None:
    before = tx.now - _MONTH
    for number in range(queries):
        await rows.add_topic(tx, f"subject{number}", _MONTH)
    await rows.add(
        tx,
        Chat,
        (
            rows.chat(number + 1, before, zone=ZONES[number % 3], alerts_an_hour=10_000)
            for number in range(chats)
        ),
    )
    subscriptions = (
        {"chat_id": number % chats + 1, "topic_id": number * 7 % queries + 1, "mode": Mode.BOTH}
        for number in range(chats * TOPICS_EACH)
    )
    await rows.add(tx, Subscription, (row | {"created_at": before} for row in subscriptions))


async def _add_articles(tx: Transaction, articles: int, queries: int) -> None:
    """Store matched articles, each in the feeds of two publishers."""
    now, numbers = tx.now, range(articles)
    papers = [f"https://paper{number}.example" for number in range(2 * PUBLISHERS)]
    await rows.add(tx, Source, (rows.source(f"{paper}/feed", now, title=paper) for paper in papers))
    await rows.add(tx, Story, ({"created_at": now} for _ in range(articles // PUBLISHERS + 1)))
    await rows.add(
        tx,
        Article,
        (
            rows.article(
                f"{papers[number % len(papers)]}/news/{number}",
                now,
                title=f"Consul visits for talks, number {number}",
                text=f"Subject{number // PUBLISHERS * 13 % queries} was discussed. {_TEXT}",
                story_id=number // PUBLISHERS + 1,
                stage=ArticleStage.MATCHED,
            )
            for number in numbers
        ),
    )
    await rows.add(
        tx,
        Entry,
        (
            rows.entry((number + step) % len(papers) + 1, number + 1, now)
            for number in numbers
            for step in range(2)
        ),
    )
    pairs = {
        (number // PUBLISHERS * step % queries, number + 1)
        for number in numbers
        for step in (13, 29)
    }
    matches = (
        rows.match(query + 1, article, f"subject{query}", now) for query, article in sorted(pairs)
    )
    await rows.add(tx, Match, matches)


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--articles", type=int, default=1_800)
    options.add_argument("--queries", type=int, default=1_000)
    options.add_argument("--chats", type=int, default=20)
    print_rows("alert", asyncio.run(measure(**vars(options.parse_args()))))


if __name__ == "__main__":
    main()
