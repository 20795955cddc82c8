"""How long a public alert waits while one chat's own feeds bring very much.

    python -m benchmarks.private [--articles 20000] [--topics 100] [--server URL]

Articles of ten private feeds wait to be grouped, matched and alerted to. Their one follower
subscribes to topics that all of them hit. Meanwhile a public source brings an article again and
again, to which another chat is alerted. The stages run side by side, as in one process. On SQLite;
with --server on PostgreSQL. The last line is JSON.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlmodel import SQLModel, col, func, insert, select

from benchmarks.delivering.outboxes import made
from bot.matching.stage import MatchStage
from bot.publishing.alerts import Alerts
from bot.rendering.renderer import Renderer
from storage.alerts import Alert
from storage.articles import PUBLIC, Article, FoldedText, store_articles, store_folded
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.entries import Entry
from storage.enums import ArticleStage, Mode
from storage.matches import Match
from storage.queries import query_for
from storage.sources import Follow, Source
from storage.subscriptions import Subscription
from storage.topics import Topic

FEEDS = 10
OWNER = "benchmark"
BETWEEN = 2.0  # seconds between two public articles
AT_ONCE = 500
PUBLIC_SOURCE, VICTIM, FLOODED = FEEDS + 1, 1, 2

Row = dict[str, object]


async def measure(url: str, articles: int, topics: int, seconds: float) -> Row:
    database = await made(url)
    storage = Storage.open(database)
    try:
        async with storage.writing() as tx:
            await _add_chats(tx, topics)
        for first in range(0, articles, AT_ONCE):
            async with storage.writing() as tx:
                await _store(tx, first, min(AT_ONCE, articles - first), topics)
        return await _run(storage, articles, seconds)
    finally:
        await storage.close()


async def _run(storage: Storage, articles: int, seconds: float) -> Row:
    grouping, alerts = MatchStage(storage, OWNER), Alerts(storage, Renderer(), OWNER)
    over = asyncio.Event()
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for stage in (grouping.run_once, alerts.run_once):
            group.create_task(_go_on(stage, over))
        delays = await _victim(storage, articles, seconds)
        over.set()
    async with storage.reading() as tx:
        published = col(Article.stage) == ArticleStage.PUBLISHED
        done = (await tx.session.exec(select(func.count(col(Article.id))).where(published))).one()
        matches = (await tx.session.exec(select(func.count()).select_from(Match))).one()
    return {
        "private": articles,
        "published": done,
        "seconds": round(time.perf_counter() - started, 1),
        "public_alerts": len(delays),
        "median_s": round(median(delays), 2),
        "worst_s": round(max(delays), 2),
        "matches": matches,
    }


async def _go_on(run_once: Callable[[], Awaitable[int]], over: asyncio.Event) -> None:
    while not over.is_set():
        if not await run_once():
            await asyncio.sleep(0.01)


async def _victim(storage: Storage, articles: int, seconds: float) -> list[float]:
    """Return how long each public alert took, until all is published or the time is over."""
    delays: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        started = time.perf_counter()
        async with storage.writing() as tx:
            await _store(tx, articles + len(delays), 1, 0, PUBLIC_SOURCE)
        while await _alerted(storage) == len(delays):  # noqa: ASYNC110 - the database has no event
            await asyncio.sleep(0.01)
        delays.append(time.perf_counter() - started)
        if not await _has_left(storage):
            break
        await asyncio.sleep(BETWEEN)
    return delays


async def _alerted(storage: Storage) -> int:
    async with storage.reading() as tx:
        theirs = select(func.count(col(Alert.id))).where(col(Alert.chat_id) == VICTIM)
        return (await tx.session.exec(theirs)).one()


async def _has_left(storage: Storage) -> bool:
    async with storage.reading() as tx:
        left = select(Article.id).where(col(Article.stage) != ArticleStage.PUBLISHED)
        return (await tx.session.exec(left.limit(1))).first() is not None


async def _add_chats(tx: Transaction, topics: int) -> None:
    before = tx.now - timedelta(days=1)
    for number in range(FEEDS + 1):
        await _add(tx, Source, [_source(before, number)])
    for number in (VICTIM, FLOODED):
        chat = {"telegram_id": number, "state_since": before, "created_at": before}
        await _add(tx, Chat, [chat | {"alerts_an_hour": 10 if number == FLOODED else 10_000}])
    await _add(tx, Follow, [{"chat_id": FLOODED, "source_id": n + 1} for n in range(FEEDS)])
    for number in range(topics + 1):
        query = await query_for(tx, f"subject{number}" if number else "harbour")
        topic = Topic(name=str(number), typed="", query_id=query.id, created_at=before)
        tx.session.add(topic)
        await tx.session.flush()
        chat_id = FLOODED if number else VICTIM
        tx.session.add(
            Subscription(chat_id=chat_id, topic_id=topic.id, mode=Mode.BOTH, created_at=before)
        )
    await tx.session.flush()


def _source(now: Any, number: int) -> dict[str, Any]:
    return {
        "url": f"https://paper{number}.example/feed",
        "url_hash": f"{number:032}",
        "host": f"paper{number}.example",
        "title": f"Paper {number}",
        "public": number == FEEDS,
        "created_at": now,
        "next_fetch_at": now,
    }


async def _store(
    tx: Transaction, first: int, count: int, topics: int, source_id: int | None = None
) -> None:
    """Store articles that hit so many topics, of the private feeds in turn if of no *source_id*."""
    words = " ".join(f"subject{number}" for number in range(1, topics + 1)) or "harbour"
    sources = {number: source_id or number % FEEDS + 1 for number in range(first, first + count)}
    rows = [
        Article(
            url_hash=f"{number:032}",
            scope_id=PUBLIC if source_id else sources[number],
            url=f"https://paper.example/{number}",
            title=f"Report {number} of {number * 7919 % 9973}",
            text=words,
            language="en",
            stored_at=tx.now,
            news_at=tx.now,
            story_id=0,
        ).model_dump(exclude={"id"})
        for number in range(first, first + count)
    ]
    stored = await store_articles(tx, rows)
    ids = {int(url.url_hash): article_id for url, article_id in stored.items()}
    await store_folded(
        tx, [FoldedText(ids[n], f"report {n}", words, "en") for n in sorted(sources)]
    )
    entries = [
        {
            "source_id": sources[number],
            "guid_hash": f"{number:032}",
            "article_id": ids[number],
            "content_hash": "",
            "first_seen_at": tx.now,
        }
        for number in sorted(sources)
    ]
    await _add(tx, Entry, entries)


async def _add(tx: Transaction, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    connection = await tx.session.connection()
    await connection.execute(insert(table), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=600, help="after which it ends")
    parser.add_argument("--server", metavar="URL", help="of PostgreSQL")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.server or f"sqlite+aiosqlite:///{folder}/private.sqlite3"
        row = asyncio.run(measure(url, asked.articles, asked.topics, asked.seconds))
    table = Table(*row)
    table.add_row(*map(str, row.values()))
    Console(width=120).print(table)
    print(json.dumps({"bench": "private", "rows": [row]}))


if __name__ == "__main__":
    main()
