"""How long a copy from SQLite to PostgreSQL takes, and back.

    python -m benchmarks.transfer [ARTICLES] [MATCHES] [--server URL]

By default 5,000 articles of 350 words, with their stories, entries and folded texts, and 30,000
matches. The figures are seconds each way, CPU time and peak memory of the copying process, and the
tables that took a second or more. Memory should not grow with the size of the database.
"""

import asyncio
import random
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from benchmarks import rows
from benchmarks.databases import server_or_skip, unmigrated_database
from benchmarks.processes import peak_mb
from benchmarks.report import Row, parser, print_rows
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

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CHUNK, QUERIES, SOURCES = 5_000, 20_000, 200
WORDS, VOCABULARY = 350, 60_000


class Texts:
    """Random texts whose words follow Zipf's law."""

    def __init__(self) -> None:
        self.chance = random.Random(7)
        words = [f"word{number:x}" for number in range(VOCABULARY)]
        weights = [1 / (rank + 1) for rank in range(VOCABULARY)]
        self._pool = self.chance.choices(words, weights, k=2_000_000)

    def write(self, length: int) -> str:
        start = self.chance.randrange(len(self._pool) - length)
        return " ".join(self._pool[start : start + length])


async def fill(url: str, articles: int, matches: int) -> None:
    await migrate(url)
    storage, texts = Storage.open(url), Texts()
    async with storage.writing() as tx:
        urls = (f"https://{number}.example/feed" for number in range(SOURCES))
        await rows.add(tx, Source, (rows.source(each, BEGIN, title=each) for each in urls))
        queries = (
            {"canonical": f"word{n:x}", "canonical_hash": str(n), "changed": n}
            for n in range(1, QUERIES + 1)
        )
        await rows.add(tx, Query, queries)
    for first in range(1, articles + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, articles + 1))
        await _fill_articles(storage, texts, numbers, matches // articles)
    await storage.close()


async def _fill_articles(storage: Storage, texts: Texts, numbers: range, each: int) -> None:
    stored_at = {number: BEGIN + timedelta(seconds=20 * number) for number in numbers}
    articles = [
        rows.article(
            f"https://{number % SOURCES}.example/news/{number}",
            stored_at[number],
            id=number,
            title=texts.write(10),
            summary=texts.write(30),
            text=texts.write(WORDS),
            story_id=number,
            stage=ArticleStage.PUBLISHED,
        )
        for number in numbers
    ]
    matches = (
        rows.match(query, number, "taiwan", stored_at[number], in_title=False)
        for number in numbers
        for query in texts.chance.sample(range(1, QUERIES + 1), each)
    )
    folded = [FoldedText(row["id"], row["title"], row["text"], "en") for row in articles]
    async with storage.writing() as tx:
        await rows.add(tx, Story, ({"id": n, "created_at": stored_at[n]} for n in numbers))
        await rows.add(tx, Article, articles)
        entries = (rows.entry(n % SOURCES + 1, n, stored_at[n]) for n in numbers)
        await rows.add(tx, Entry, entries)
        await rows.add(tx, Match, matches)
        await store_folded(tx, folded)


def copy(source: str, target: str) -> Row:
    seconds: defaultdict[str, float] = defaultdict(float)
    last = started = time.perf_counter()
    cpu = time.process_time()

    def count(table: str, _done: int, _total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[table] += now - last
        last = now

    copied = sum(asyncio.run(transfer(source, target, count)).values())
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "target": make_url(target).get_backend_name(),
        "rows": copied,
        "seconds": round(wall, 1),
        "rows_a_second": round(copied / wall),
        "cpu_seconds": round(cpu, 1),
        "tables": {name: round(each, 1) for name, each in seconds.items() if each >= 1},
        "peak_megabytes": peak_mb(),
    }


async def measure(server: str, articles: int, matches: int) -> list[Row]:
    async with unmigrated_database(server) as url:
        with TemporaryDirectory() as folder:
            first, second = (f"sqlite+aiosqlite:///{folder}/{n}.sqlite3" for n in (1, 2))
            await fill(first, articles, matches)
            ways = []
            for source, target in ((first, url), (url, second)):
                # In a process of its own, so that the memory is that of the copy.
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    ways.append(pool.submit(copy, source, target).result())
            size = (Path(folder) / "1.sqlite3").stat().st_size
    return [way | {"database_megabytes": size // 2**20} for way in ways]


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("articles", type=int, nargs="?", default=5_000)
    options.add_argument("matches", type=int, nargs="?", default=30_000)
    args = options.parse_args()
    server = server_or_skip(args.server)
    print_rows("transfer", asyncio.run(measure(server, args.articles, args.matches)))


if __name__ == "__main__":
    main()
