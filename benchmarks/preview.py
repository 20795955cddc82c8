"""How long a preview takes over stored articles, and how long it holds up the event loop.

    python benchmarks/preview.py [ARTICLES] [DATABASE_URL]

Without a URL: SQLite in a temporary folder. A PostgreSQL database must be empty. The texts follow
Zipf's law, over 30 days; the queries go from words of every article to words of none. The last
line is JSON.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import accumulate

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, text

from bot.matching.preview import Preview
from bot.matching.query import parse
from storage.articles import Article
from storage.engine import Storage
from storage.entries import Entry
from storage.folded import FoldedRow, store_folded
from storage.schema import migrate
from storage.sources import Source
from storage.stories import Story
from storage.words import Stage

SEED = 20_251_117
WORDS = 180
PAGE = 2_000
BUDGET_MS = 300
QUERIES = {
    "in every article": "w0",
    "in a tenth": "w60",
    "rare": "w9000",
    "in none": "nowhere",
    "two common": "w3 w5",
    "common and rare": "w0 w9000",
    "a common phrase": '"w0 w1"',
    "a rare phrase": '"w40 w41"',
    "near": "w10 NEAR/3 w12",
    "a beginning": "w77*",
    "exactly so": '"W5"c',
    "eight of them": " OR ".join(f"w{50 * n}" for n in range(1, 9)),
    "without": "w20 -w0",
    "in the title": "title:w100",
    "one source": "w0 source:wire3.example",
    "another language": "w0 lang:ja",
}


def articles(count: int, now: datetime) -> Iterator[tuple[int, str, str, datetime]]:
    rng = random.Random(SEED)
    words = [f"w{rank}" for rank in range(50_000)]
    weights = list(accumulate(1 / (rank + 10) for rank in range(len(words))))
    for number in range(1, count + 1):
        drawn = rng.choices(words, cum_weights=weights, k=WORDS + 8)
        ago = timedelta(days=30) * (count - number) / count
        yield number, " ".join(drawn[:8]), " ".join(drawn[8:]), now - ago


async def fill(storage: Storage, count: int) -> None:
    async with storage.writing() as unit:
        now = unit.now
        session = await unit.session.connection()
        sources = [
            {"id": n, "url": f"https://wire{n}.example/", "url_hash": str(n), "public": True,
             "host": f"wire{n}.example", "title": f"Wire {n}", "created_at": now,
             "next_fetch_at": now}
            for n in range(1, 101)
        ]  # fmt: skip
        await session.execute(insert(Source), sources)
    page: list[tuple[int, str, str, datetime]] = []
    for article in articles(count, now):
        page.append(article)
        if len(page) == PAGE or article[0] == count:
            await _store(storage, page, now)
            page.clear()


async def _store(
    storage: Storage, page: list[tuple[int, str, str, datetime]], now: datetime
) -> None:
    async with storage.writing() as unit:
        session = await unit.session.connection()
        stories = [{"id": number, "created_at": now} for number, *_ in page]
        await session.execute(insert(Story), stories)
        rows = [
            {"id": number, "url_hash": str(number), "url": f"https://wire.example/{number}",
             "title": title, "text": body, "stored_at": at, "news_at": at, "story_id": number,
             "stage": Stage.PUBLISHED, "language": "en", "quiet": False, "summary": ""}
            for number, title, body, at in page
        ]  # fmt: skip
        await session.execute(insert(Article), rows)
        await store_folded(unit, [FoldedRow(n, title, body) for n, title, body, _ in page])
        entries = [
            {"source_id": number % 100 + 1, "guid_hash": str(number), "article_id": number,
             "content_hash": "", "first_seen_at": at}
            for number, _, _, at in page
        ]  # fmt: skip
        await session.execute(insert(Entry), entries)


@asynccontextmanager
async def database(url: str | None) -> AsyncIterator[Storage]:
    with tempfile.TemporaryDirectory() as folder:
        place = url or f"sqlite+aiosqlite:///{folder}/preview.sqlite3"
        await migrate(place)
        storage = Storage.open(place)
        try:
            yield storage
        finally:
            await storage.close()


async def longest_pause(stop: asyncio.Event) -> float:
    """The longest time, in seconds, that the loop did not come round to us."""
    worst = 0.0
    while not stop.is_set():
        started = time.perf_counter()
        await asyncio.sleep(0)
        worst = max(worst, time.perf_counter() - started)
    return worst


async def measured(preview: Preview, name: str, typed: str) -> dict[str, object]:
    query = parse(typed)
    took, pauses = [], []
    for _ in range(5):
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(longest_pause(stop))
            started = time.perf_counter()
            found = await preview.hits(query)
            took.append(time.perf_counter() - started)
            stop.set()
        pauses.append(watch.result())
    return {
        "query": name,
        "first_ms": round(took[0] * 1e3, 1),
        "median_ms": round(sorted(took)[2] * 1e3, 1),
        "loop_ms": round(sorted(pauses)[2] * 1e3, 1),
        "count": found.count,
        "is_more": found.is_more,
    }


async def run(count: int, url: str | None) -> None:
    async with database(url) as storage:
        started = time.perf_counter()
        await fill(storage, count)
        async with storage.writing() as unit:
            await (await unit.session.connection()).execute(text("ANALYZE"))
        print(f"{count:,} articles on {storage.dialect}, {time.perf_counter() - started:.0f} s")
        preview = Preview(storage)
        rows = [await measured(preview, name, typed) for name, typed in QUERIES.items()]
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    print(json.dumps({"bench": "preview", "articles": count, "budget_ms": BUDGET_MS, "rows": rows}))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    asyncio.run(run(count, sys.argv[2] if len(sys.argv) > 2 else None))  # noqa: PLR2004 - the second argument


if __name__ == "__main__":
    main()
