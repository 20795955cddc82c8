"""How long a copy from SQLite to PostgreSQL takes, and back.

    python -m benchmarks.transfer [ARTICLES] [MATCHES] [--server URL]

The server is PostgreSQL, on which a database of the benchmark's own is made. Without numbers:
5,000 articles of 350 words with their stories, entries and folded texts, and 30,000 matches.
Seconds each way and by table where that is a second or more, the CPU time of this process without
the server's, and the most memory it had. The last line is JSON.
"""

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import insert, make_url

from benchmarks.delivering.outboxes import emptied, server_or_skip
from storage.articles import Article, FoldedText, store_folded
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import ArticleStage
from storage.matches import Match
from storage.queries import Query
from storage.schema import migrate
from storage.sources import Source
from storage.stories import Story
from storage.transfer import transfer

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
    async with storage.writing() as tx:
        connection = await tx.session.connection()
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
         "stored_at": moment, "news_at": moment, "story_id": n, "stage": ArticleStage.PUBLISHED}
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
    async with storage.writing() as tx:
        connection = await tx.session.connection()
        stories = [{"id": n, "created_at": moment} for n, moment in zip(ids, at, strict=True)]
        await connection.execute(insert(Story), stories)
        for table, values in ((Article, rows), (Entry, entries), (Match, found)):
            await connection.execute(insert(table), values)
        await store_folded(tx, folded)


class Clock:
    """How long each table took."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._last = time.perf_counter()

    def update(self, table: str, _done: int, _total: int) -> None:
        now = time.perf_counter()
        self.seconds[table] += now - self._last
        self._last = now

    def tables(self) -> dict[str, float]:
        return {name: round(each, 1) for name, each in self.seconds.items() if each >= 1}


async def measure(source: str, target: str) -> dict[str, Any]:
    clock, began, spent = Clock(), time.perf_counter(), time.process_time()
    counts = await transfer(source, target, clock.update)
    seconds, cpu = time.perf_counter() - began, time.process_time() - spent
    rows = sum(counts.values())
    return {
        "target": make_url(target).get_backend_name(),
        "rows": rows,
        "seconds": round(seconds, 1),
        "rows_a_second": round(rows / seconds),
        "cpu_seconds": round(cpu, 1),
        "tables": clock.tables(),
        "peak_megabytes": peak_megabytes(),
    }


def peak_megabytes() -> int:
    """Of this process alone: `ru_maxrss` would start with that of the parent."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


def copied(source: str, target: str) -> dict[str, Any]:
    return asyncio.run(measure(source, target))


async def run(server: str, articles: int, matches: int) -> None:
    url = await emptied(server, "dateline_transfer")
    with tempfile.TemporaryDirectory() as folder:
        first, second = (f"sqlite+aiosqlite:///{folder}/{n}.sqlite3" for n in (1, 2))
        await migrate(first)
        storage = Storage.open(first)
        await fill(storage, articles, matches)
        await storage.close()
        ways = []
        for source, target in ((first, url), (url, second)):
            # A process of its own, so that its memory is that of the copy.
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                ways.append(pool.submit(copied, source, target).result())
            print(ways[-1])
        size = (Path(folder) / "1.sqlite3").stat().st_size
    print(json.dumps({"bench": "transfer", "megabytes": size // 2**20, "ways": ways}))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("articles", type=int, nargs="?", default=5_000)
    parser.add_argument("matches", type=int, nargs="?", default=30_000)
    parser.add_argument("--server", metavar="URL", help="of PostgreSQL")
    asked = parser.parse_args()
    server = asked.server or server_or_skip("transfer")
    asyncio.run(run(server, asked.articles, asked.matches))


if __name__ == "__main__":
    main()
