"""How long a move from SQLite to PostgreSQL takes.

    python benchmarks/moving.py POSTGRESQL_URL [ARTICLES] [MATCHES]

The PostgreSQL database must be empty. Without numbers: 200,000 articles of 350 words with their
folded texts and entries, and a million matches. Seconds by stage, rows a second of all, and the
CPU time of this process, without the server's. The last line is JSON.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from storage.articles import Article, FoldedText, store_folded
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import Stage
from storage.moving.opening import opened
from storage.queries import Match, Query
from storage.schema import migrate
from storage.sources import Source
from storage.stories import Story

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 5_000
QUERIES = 20_000
SOURCES = 200
WORDS = 350
VOCABULARY = 60_000

chance = random.Random(7)
words = [f"word{n:x}" for n in range(VOCABULARY)]
weights = [1 / (n + 1) for n in range(VOCABULARY)]
pool = chance.choices(words, weights, k=2_000_000)


def text_of(length: int) -> str:
    start = chance.randrange(len(pool) - length)
    return " ".join(pool[start : start + length])


async def fill(storage: Storage, articles: int, matches: int) -> None:
    async with storage.writing() as unit:
        connection = await unit.session.connection()
        sources = [{"id": n, "url": f"https://{n}.example/feed", "url_hash": str(n),
                    "title": str(n), "host": f"{n}.example", "created_at": BEGUN,
                    "next_fetch_at": BEGUN}
                   for n in range(1, SOURCES + 1)]  # fmt: skip
        await connection.execute(insert(Source), sources)
        queries = [{"id": n, "canonical": f"word{n:x}", "canonical_hash": str(n), "changed": n}
                   for n in range(1, QUERIES + 1)]  # fmt: skip
        await connection.execute(insert(Query), queries)
    for first in range(1, articles + 1, PAGE):
        await fill_page(storage, range(first, min(first + PAGE, articles + 1)), matches // articles)


async def fill_page(storage: Storage, ids: range, each: int) -> None:
    at = [BEGUN + timedelta(seconds=20 * n) for n in ids]
    rows: list[dict[str, Any]] = [
        {"id": n, "url_hash": f"{n:032x}", "url": f"https://{n % SOURCES + 1}.example/news/{n}",
         "title": text_of(10), "summary": text_of(30), "text": text_of(WORDS), "language": "en",
         "stored_at": moment, "news_at": moment, "story_id": n, "stage": Stage.PUBLISHED}
        for n, moment in zip(ids, at, strict=True)
    ]  # fmt: skip
    entries = [{"source_id": n % SOURCES + 1, "guid_hash": f"{n:032x}", "article_id": n,
                "content_hash": f"{n:032x}", "first_seen_at": moment}
               for n, moment in zip(ids, at, strict=True)]  # fmt: skip
    found = [{"article_id": n, "query_id": query, "words": ["taiwan"], "in_title": False,
              "news_at": moment, "found_at": moment}
             for n, moment in zip(ids, at, strict=True)
             for query in chance.sample(range(1, QUERIES + 1), each)]  # fmt: skip
    folded = [FoldedText(row["id"], row["title"], row["text"], "en") for row in rows]
    async with storage.writing() as unit:
        connection = await unit.session.connection()
        stories = [{"id": n, "created_at": moment} for n, moment in zip(ids, at, strict=True)]
        await connection.execute(insert(Story), stories)
        for table, values in ((Article, rows), (Entry, entries), (Match, found)):
            await connection.execute(insert(table), values)
        await store_folded(unit, folded)


class Clock:
    """When each stage began, and how many rows it had."""

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}
        self.done: dict[str, int] = {}

    def tell(self, stage: str, what: str, done: int, _total: int) -> None:
        for name in (stage, f"{stage} {what}"):
            self.begun.setdefault(name, time.perf_counter())
            self.begun[f"{name}, end"] = time.perf_counter()
            self.done[name] = done

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"stage": name, "seconds": round(self.begun[f"{name}, end"] - begun, 1)}
            for name, begun in self.begun.items()
            if not name.endswith(", end")
        ]


async def run(url: str, articles: int, matches: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "moving.sqlite3"
        origin = f"sqlite+aiosqlite:///{path}"
        await migrate(origin)
        storage = Storage.open(origin)
        await fill(storage, articles, matches)
        await storage.close()
        clock, begun, spent = Clock(), time.perf_counter(), time.process_time()
        async with opened(origin, url, clock.tell) as move:
            compared = await move.run()
        took, size = time.perf_counter() - begun, path.stat().st_size
        own = time.process_time() - spent
    rows = [row for row in clock.rows() if row["seconds"] >= 1]
    for row in rows:
        print(row)
    total = sum(each.found.rows for each in compared)
    print(f"{total:,} rows, {size / 2**20:,.0f} MB: {took:.1f} s, {own:.1f} s of CPU here")
    facts = {
        "bench": "moving",
        "rows": total,
        "rows_a_second": round(total / took),
        "seconds": round(took, 1),
        "cpu_seconds": round(own, 1),
        "megabytes": size // 2**20,
        "same": all(each.is_same for each in compared),
        "stages": rows,
    }
    print(json.dumps(facts))


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[2:]]
    articles, matches = [*numbers, *(200_000, 1_000_000)[len(numbers) :]]
    asyncio.run(run(sys.argv[1], articles, matches))


if __name__ == "__main__":
    main()
