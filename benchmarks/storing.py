"""How long another writer waits while a large feed is stored.

    python -m benchmarks.storing [--entries 2000] [--server URL]

A source lists N entries, in English and in Chinese, which are all new at first and then all
revised. A third source lists a single entry of four million characters. Meanwhile another writer
takes the write lock again and again. Each row has the longest and the mean wait of that writer and
of the event loop. A hundred milliseconds are a good longest wait.
"""

import asyncio
import time
from datetime import timedelta
from statistics import mean

from sqlalchemy import update

from benchmarks import rows
from benchmarks.databases import empty_storage
from benchmarks.processes import loop_lag
from benchmarks.report import Row, parser, print_rows
from bot.ops.logs import configure_logs
from bot.sources.decide import Fetched
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.fetch.response import Response
from bot.sources.fetch.source import FetchResult
from bot.sources.store import store_fetched
from storage.db.engine import Storage
from storage.sources import Source, add_source, claim_public_sources

GIANT = "giant"
TEXTS = {
    "english": ("the harbour council votes on a new bridge after the storm", 50),
    "chinese": ("海港市議會在暴風雨之後就新橋樑的建設計畫進行表決", 40),
    GIANT: ("the harbour council votes on a new bridge after the storm", 68_000),
}
OWNER = "benchmark"


def document(language: str, entries: int, revision: int) -> Document:
    sentence, times = TEXTS[language]
    items = (
        Item(
            guid=f"{language} {number}",
            url=f"https://{language}.example/{number}",
            title=f"{sentence} {number}",
            text=f"{sentence}. " * times + "anew " * revision,
        )
        for number in range(entries)
    )
    return Document(DocumentKind.FEED, items=tuple(items))


async def claim_source(storage: Storage, name: str) -> Source:
    url = f"https://{name}.example/feed"
    async with storage.writing() as tx:
        await add_source(tx, rows.source(url, tx.now))
        await tx.change(update(Source).values(next_fetch_at=tx.now, lease_until=None))
        sources = await claim_public_sources(tx, owner=OWNER, limit=9, lease=timedelta(hours=1))
    return next(source for source in sources if source.url == url)


async def _write_on_and_on(storage: Storage, waits: list[float]) -> None:
    while True:
        started = time.perf_counter()
        async with storage.writing():
            pass
        waits.append((time.perf_counter() - started) * 1e3)
        await asyncio.sleep(0.001)


async def measure_row(storage: Storage, language: str, entries: int, revision: int) -> Row:
    source = await claim_source(storage, language)
    parsed = document(language, entries, revision)
    result = FetchResult(Response(200, source.url), f"{revision}", parsed)
    waits: list[float] = []
    async with loop_lag(0.0005) as lag, asyncio.TaskGroup() as group:
        writing = group.create_task(_write_on_and_on(storage, waits))
        await asyncio.sleep(0.05)
        started = time.perf_counter()
        await store_fetched(storage, OWNER, [Fetched(source, result)])
        seconds = time.perf_counter() - started
        writing.cancel()
    return {
        "text": language,
        "entries": "revised" if revision else "new",
        "writer_max_ms": round(max(waits), 1),
        "writer_mean_ms": round(mean(waits), 1),
        "loop_max_ms": lag.max_ms,
        "loop_mean_ms": round(mean(lag.wall) * 1e3, 1),
        "all_ms": round(seconds * 1e3),
    }


async def measure(server: str | None, entries: int) -> list[Row]:
    async with empty_storage(server) as storage:
        return [
            await measure_row(storage, language, 1 if language == GIANT else entries, revision)
            for language in TEXTS
            for revision in (0, 1)
        ]


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--entries", type=int, default=2_000)
    configure_logs("json", "WARNING")
    print_rows("storing", asyncio.run(measure(**vars(options.parse_args()))))


if __name__ == "__main__":
    main()
