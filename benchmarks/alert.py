"""What alerting costs: CPU of the main thread for each article that a query wants.

    python -m benchmarks.alert [--articles 1800] [--queries 1000] [--chats 20] [--server URL]

Matched articles are published until none is left, messages rendered and deliveries written. Each
article hits two queries; three articles by three publishers report each story. Each chat has alerts
of five topics, so that for most articles there is nobody left to alert, as in service.
Rows differ in how many articles are claimed at once. On SQLite; with --server on PostgreSQL.
The last line is JSON.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlmodel import SQLModel, col, func, insert, select, update

from benchmarks.delivering.outboxes import made
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
from storage.queries import query_for
from storage.sources import Source
from storage.stories import Story
from storage.subscriptions import Subscription
from storage.topics import Topic

CLAIMED_AT_ONCE = (50, 5, 1)
TARGET_MS = 1.0
OWNER = "benchmark"
PUBLISHERS, TOPICS_EACH = 3, 5
_TEXT = "The consul-general said that talks would go on, no matter who was in the room. " * 6

Row = dict[str, object]


async def measure(url: str, articles: int, queries: int, chats: int) -> list[Row]:
    storage = Storage.open(await made(url))
    try:
        async with storage.writing() as tx:
            await _add_chats(tx, queries, chats)
            await _add_articles(tx, articles, queries)
        await _publish(storage, 50)  # what is compiled and cached once is there then
        return [await _one_row(storage, limit) for limit in CLAIMED_AT_ONCE]
    finally:
        await storage.close()


async def _one_row(storage: Storage, limit: int) -> Row:
    """Publish everything anew, so many articles claimed at once."""
    async with storage.writing() as tx:
        for table in (Delivery, Alert):
            await tx.session.exec(SQLModel.metadata.tables[str(table.__tablename__)].delete())
        await tx.session.exec(update(Article).values(stage=ArticleStage.MATCHED))
    wall, process, thread = time.perf_counter(), time.process_time(), time.thread_time()
    articles = await _publish(storage, limit)
    thread, process = time.thread_time() - thread, time.process_time() - process
    async with storage.reading() as tx:
        alerts = (await tx.session.exec(select(func.count(col(Alert.id))))).one()
        deliveries = (await tx.session.exec(select(func.count(col(Delivery.id))))).one()
    if not alerts == deliveries > 0:
        raise SystemExit(f"{alerts} alerts were made, with {deliveries} deliveries")
    return {
        "claimed_at_once": limit,
        "articles": articles,
        "alerts": alerts,
        "main_thread_ms_each": round(thread / articles * 1e3, 2),
        "target_ms": TARGET_MS,
        "all_threads_ms_each": round(process / articles * 1e3, 2),
        "per_second": round(articles / (time.perf_counter() - wall)),
    }


async def _publish(storage: Storage, limit: int) -> int:
    stage, articles = Alerts(storage, Renderer(), OWNER), 0
    while done := await stage.run_once(limit):
        articles += done
    return articles


async def _add_chats(tx: Transaction, queries: int, chats: int) -> None:
    before = tx.now - timedelta(days=30)
    for number in range(queries):
        query = await query_for(tx, f"subject{number}")
        tx.session.add(
            Topic(
                name=f"Subject {number}",
                typed=query.canonical,
                query_id=query.id,
                created_at=before,
            )
        )
    await tx.session.flush()
    await _add(
        tx,
        Chat,
        [
            {
                "telegram_id": number + 1,
                "zone": ("UTC", "Asia/Tokyo", "Europe/Berlin")[number % 3],
                "alerts_an_hour": 10_000,
                "state_since": before,
                "created_at": before,
            }
            for number in range(chats)
        ],
    )
    await _add(
        tx,
        Subscription,
        [
            {
                "chat_id": number % chats + 1,
                "topic_id": number * 7 % queries + 1,
                "mode": Mode.BOTH,
                "created_at": before,
            }
            for number in range(chats * TOPICS_EACH)
        ],
    )


async def _add_articles(tx: Transaction, articles: int, queries: int) -> None:
    """Store them as matched, each in the feeds of two publishers."""
    now, numbers = tx.now, range(articles)
    await _add(tx, Source, [_source(now, number) for number in range(2 * PUBLISHERS)])
    await _add(tx, Story, [{"created_at": now} for _ in range(articles // PUBLISHERS + 1)])
    await _add(tx, Article, [_article(now, number) for number in numbers])
    await _add(
        tx,
        Entry,
        [
            {
                "source_id": (number + step) % (2 * PUBLISHERS) + 1,
                "guid_hash": f"{number:032}",
                "article_id": number + 1,
                "content_hash": "",
                "first_seen_at": now,
            }
            for number in numbers
            for step in range(2)
        ],
    )
    matches = {
        (number + 1, (number // PUBLISHERS * step) % queries + 1): number
        for number in numbers
        for step in (13, 29)
    }
    await _add(
        tx,
        Match,
        [
            {
                "article_id": article,
                "query_id": query,
                "words": [f"subject{query - 1}"],
                "news_at": now,
                "found_at": now,
            }
            for article, query in matches
        ],
    )


def _source(now: datetime, number: int) -> dict[str, Any]:
    return {
        "url": f"https://paper{number}.example/feed",
        "url_hash": f"{number:032}",
        "host": f"paper{number}.example",
        "title": f"Paper {number}",
        "public": True,
        "created_at": now,
        "next_fetch_at": now,
    }


def _article(now: datetime, number: int) -> dict[str, Any]:
    story = number // PUBLISHERS
    return {
        "url": f"https://paper{number % 6}.example/news/{number}",
        "url_hash": f"{number:032}",
        "title": f"Consul visits for talks, number {number}",
        "text": f"It was subject{story * 13 % 1000} that was spoken of on Monday. {_TEXT}",
        "language": "en",
        "published_at": now,
        "stored_at": now,
        "news_at": now,
        "story_id": story + 1,
        "stage": ArticleStage.MATCHED,
    }


async def _add(tx: Transaction, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    connection = await tx.session.connection()
    await connection.execute(insert(table), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=1_800)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--chats", type=int, default=20)
    parser.add_argument("--server", metavar="URL", help="of PostgreSQL")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.server or f"sqlite+aiosqlite:///{folder}/alert.sqlite3"
        rows = asyncio.run(measure(url, asked.articles, asked.queries, asked.chats))
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=120).print(table)
    print(json.dumps({"bench": "alert", "rows": rows}))


if __name__ == "__main__":
    main()
