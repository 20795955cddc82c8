"""How long another writer waits while a large feed is stored.

    python -m benchmarks.storing [--entries N] [--database URL]

One source shows N entries, in English and in Chinese: at first all of them are new, then all of
them are revised. Another one shows a single entry of four million characters. Meanwhile another
writer takes the write lock again and again, and the event loop is asked for its turn. A row gives
the longest and the mean of both waits, in milliseconds, and how long the storing took. The last
line is JSON.

Without a URL: SQLite in a temporary folder. A PostgreSQL database must be empty.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table
from sqlalchemy import update

from bot.ops.logs import configure_logs
from bot.sources.decide import Fetched
from bot.sources.drafts import url_hash
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.fetch.response import Response
from bot.sources.fetch.source import FetchResult
from bot.sources.store import store_fetched
from storage.db.engine import Storage
from storage.schema import migrate
from storage.sources import Source, add_source, claim_public_sources

GIANT = "giant"
TEXTS = {
    "english": ("the harbour council votes on a new bridge after the storm", 50),
    "chinese": ("海港市議會在暴風雨之後就新橋樑的建設計畫進行表決", 40),
    GIANT: ("the harbour council votes on a new bridge after the storm", 68_000),
}
OWNER = "benchmark"

Row = dict[str, object]


def shown(language: str, entries: int, revision: int) -> Document:
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


async def source_of(storage: Storage, name: str) -> Source:
    url = f"https://{name}.example/feed"
    async with storage.writing() as tx:
        row = {"url": url, "url_hash": url_hash(url), "host": f"{name}.example", "public": True}
        await add_source(tx, row | {"created_at": tx.now, "next_fetch_at": tx.now})
        await tx.change(update(Source).values(next_fetch_at=tx.now, lease_until=None))
        sources = await claim_public_sources(tx, owner=OWNER, limit=9, lease=timedelta(hours=1))
    return next(source for source in sources if source.url == url)


async def measured(act: Callable[[], Awaitable[object]], gap: float) -> list[float]:
    """Return how long *act* took each time, in milliseconds, until cancelled."""
    waits: list[float] = []
    try:
        while True:
            began = time.perf_counter()
            await act()
            waits.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(gap)
    except asyncio.CancelledError:
        return waits


async def row_of(storage: Storage, language: str, entries: int, revision: int) -> Row:
    async def write() -> None:
        async with storage.writing():
            pass

    source = await source_of(storage, language)
    result = FetchResult(
        Response(200, source.url), f"{revision}", shown(language, entries, revision)
    )
    others = [
        asyncio.create_task(measured(write, 0.001)),
        asyncio.create_task(measured(lambda: asyncio.sleep(0), 0.0005)),
    ]
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    await store_fetched(storage, OWNER, [Fetched(source, result)])
    took = time.perf_counter() - began
    for other in others:
        other.cancel()
    figures: Row = {"text": language, "entries": "revised" if revision else "new"}
    for name, waits in zip(("writer", "loop"), await asyncio.gather(*others), strict=True):
        figures |= {
            f"{name}_max_ms": round(max(waits), 1),
            f"{name}_mean_ms": round(mean(waits), 1),
        }
    return figures | {"all_ms": round(took * 1e3)}


async def rows_of(url: str, entries: int) -> list[Row]:
    await migrate(url)
    storage = Storage.open(url)
    try:
        return [
            await row_of(storage, language, 1 if language == GIANT else entries, revision)
            for language in TEXTS
            for revision in (0, 1)
        ]
    finally:
        await storage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entries", type=int, default=2_000)
    parser.add_argument("--database", metavar="URL")
    arguments = parser.parse_args()
    configure_logs("json", "WARNING")
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.database or f"sqlite+aiosqlite:///{Path(folder) / 'storing.sqlite3'}"
        rows = asyncio.run(rows_of(url, arguments.entries))
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=120).print(table)
    print(json.dumps({"bench": "storing", "rows": rows}))


if __name__ == "__main__":
    main()
