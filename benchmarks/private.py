"""How long a public alert waits while the private feeds of one chat bring very many articles.

    python -m benchmarks.private [--articles 20000] [--topics 100] [--seconds 600] [--server URL]

Articles of ten private feeds wait to be grouped, matched and alerted to. Their one follower
subscribes to topics that all of them match. Meanwhile a public source brings one article after
another, to which another chat is alerted. The stages run side by side, as in one process. A public
alert should take a second or two, whatever waits.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from statistics import median

from sqlmodel import col, func, select

from benchmarks import rows
from benchmarks.databases import empty_storage
from benchmarks.report import Row, parser, print_rows
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
from storage.sources import Follow, Source
from storage.subscriptions import Subscription

FEEDS = 10
OWNER = "benchmark"
BETWEEN = 2.0  # seconds between two public articles
CHUNK = 500
PUBLIC_SOURCE, PUBLIC_READER, PRIVATE_READER = FEEDS + 1, 1, 2


async def measure(server: str | None, articles: int, topics: int, seconds: float) -> Row:
    async with empty_storage(server) as storage:
        async with storage.writing() as tx:
            await _add_chats(tx, topics)
        for first in range(0, articles, CHUNK):
            async with storage.writing() as tx:
                await _store(tx, range(first, min(first + CHUNK, articles)), topics)
        started, stopping = time.perf_counter(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for stage in (MatchStage(storage, OWNER), Alerts(storage, Renderer(), OWNER)):
                group.create_task(_run(stage.run_once, stopping))
            delays = await _public_delays(storage, articles, seconds)
            stopping.set()
        took = time.perf_counter() - started
        async with storage.reading() as tx:
            is_published = col(Article.stage) == ArticleStage.PUBLISHED
            published = await tx.one(select(func.count()).where(is_published))
            matches = await tx.one(select(func.count()).select_from(Match))
    return {
        "private": articles,
        "published": published,
        "seconds": round(took, 1),
        "public_alerts": len(delays),
        "median_s": round(median(delays), 2),
        "worst_s": round(max(delays), 2),
        "matches": matches,
    }


async def _run(run_once: Callable[[], Awaitable[int]], stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        if not await run_once():
            await asyncio.sleep(0.01)


async def _public_delays(storage: Storage, articles: int, seconds: float) -> list[float]:
    """Return the seconds of each public alert, until all is published or the time is over."""
    delays: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started, number = time.perf_counter(), articles + len(delays)
        async with storage.writing() as tx:
            await _store(tx, range(number, number + 1), 0, PUBLIC_SOURCE)
        while await _count_public_alerts(storage) == len(delays):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
        delays.append(time.perf_counter() - started)
        async with storage.reading() as tx:
            unpublished = select(Article.id).where(col(Article.stage) != ArticleStage.PUBLISHED)
            if await tx.first(unpublished.limit(1)) is None:
                break
        await asyncio.sleep(BETWEEN)
    return delays


async def _count_public_alerts(storage: Storage) -> int:
    async with storage.reading() as tx:
        return await tx.one(select(func.count()).where(col(Alert.chat_id) == PUBLIC_READER))


async def _add_chats(tx: Transaction, topics: int) -> None:
    before = tx.now - timedelta(days=1)
    urls = [f"https://paper{number}.example/feed" for number in range(PUBLIC_SOURCE)]
    public = (number == FEEDS for number in range(PUBLIC_SOURCE))
    sources = (
        rows.source(url, before, title=url, public=is_public)
        for url, is_public in zip(urls, public, strict=True)
    )
    await rows.add(tx, Source, sources)
    for number, limit in ((PUBLIC_READER, 10_000), (PRIVATE_READER, 10)):
        await rows.add(tx, Chat, [rows.chat(number, before, alerts_an_hour=limit)])
    follows = ({"chat_id": PRIVATE_READER, "source_id": n + 1} for n in range(FEEDS))
    await rows.add(tx, Follow, follows)
    for number in range(topics + 1):
        keywords = f"subject{number}" if number else "harbour"
        topic = await rows.add_topic(tx, keywords, timedelta(days=1))
        chat_id = PRIVATE_READER if number else PUBLIC_READER
        mode = Mode.BOTH
        await tx.add(Subscription(chat_id=chat_id, topic_id=topic.id, mode=mode, created_at=before))


async def _store(
    tx: Transaction, numbers: range, topics: int, source_id: int | None = None
) -> None:
    """Store articles that match *topics*, of *source_id* or of the private feeds in turn."""
    text = " ".join(f"subject{number}" for number in range(1, topics + 1)) or "harbour"
    sources = {number: source_id or number % FEEDS + 1 for number in numbers}
    articles = [
        Article(
            url_hash=f"{number:032}",
            scope_id=PUBLIC if source_id else sources[number],
            url=f"https://paper.example/{number}",
            title=f"Report {number} of {number * 7919 % 9973}",
            text=text,
            language="en",
            stored_at=tx.now,
            news_at=tx.now,
            story_id=0,
        ).model_dump(exclude={"id"})
        for number in numbers
    ]
    stored = await store_articles(tx, articles)
    ids = {int(url.url_hash): article_id for url, article_id in stored.items()}
    folded = [FoldedText(ids[number], f"report {number}", text, "en") for number in numbers]
    await store_folded(tx, folded)
    await rows.add(tx, Entry, (rows.entry(sources[n], ids[n], tx.now) for n in numbers))


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--articles", type=int, default=20_000)
    options.add_argument("--topics", type=int, default=100)
    options.add_argument("--seconds", type=float, default=600, help="the longest run")
    print_rows("private", [asyncio.run(measure(**vars(options.parse_args())))])


if __name__ == "__main__":
    main()
