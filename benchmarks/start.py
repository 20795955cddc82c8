"""How long a new process takes to have all queries at hand, and how it holds up the event loop.

    python -m benchmarks.start [QUERIES] [DATABASE_URL]

Without a URL: SQLite in a temporary folder. A PostgreSQL database must be empty. Seconds, and the
longest pause of the loop in milliseconds: by the clock, which a busy machine adds to, and in CPU
time of this process alone. The last line is JSON.
"""

import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice

from sqlalchemy import insert, text

from benchmarks.matching.workload import Workload
from bot.matching.index_sync import IndexSync
from storage.db.engine import Storage
from storage.queries import CHANGES, ChangeNumber, Query
from storage.schema import migrate

PAGE = 20_000


@asynccontextmanager
async def database(url: str | None) -> AsyncIterator[Storage]:
    with tempfile.TemporaryDirectory() as folder:
        place = url or f"sqlite+aiosqlite:///{folder}/start.sqlite3"
        await migrate(place)
        storage = Storage.open(place)
        try:
            yield storage
        finally:
            await storage.close()


async def fill(storage: Storage, count: int) -> None:
    """*count* different queries, all live, made one after the other."""
    found = {query.canonical: None for query in Workload().queries(3 * count)}
    texts = list(islice(found, count))
    for start in range(0, len(texts), PAGE):
        rows = [
            {"canonical": each, "canonical_hash": str(number), "live": True, "changed": number}
            for number, each in enumerate(texts[start : start + PAGE], start + 1)
        ]
        async with storage.writing() as tx:
            await (await tx.session.connection()).execute(insert(Query), rows)
    async with storage.writing() as tx:
        tx.session.add(ChangeNumber(name=CHANGES, value=len(texts)))
    async with storage.writing() as tx:
        await (await tx.session.connection()).execute(text("ANALYZE"))


async def longest_pauses(stop: asyncio.Event) -> tuple[float, float]:
    """The longest times, in seconds, that the loop did not come round to us: clock, own CPU."""
    clock = cpu = 0.0
    while not stop.is_set():
        before = time.perf_counter(), time.process_time()
        await asyncio.sleep(0)
        clock = max(clock, time.perf_counter() - before[0])
        cpu = max(cpu, time.process_time() - before[1])
    return clock, cpu


async def started(storage: Storage) -> dict[str, object]:
    sync = IndexSync(storage)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(longest_pauses(stop))
        begun = time.perf_counter()
        await sync.catch_up()
        took = time.perf_counter() - begun
        stop.set()
    clock, cpu = watch.result()
    return {
        "seconds": round(took, 2),
        "loop_ms": round(clock * 1e3, 1),
        "loop_cpu_ms": round(cpu * 1e3, 1),
        "queries": len(sync.index),
    }


async def run(count: int, url: str | None) -> None:
    async with database(url) as storage:
        await fill(storage, count)
        gc.freeze()  # as the bot does
        rows = [await started(storage) for _ in range(3)]
        dialect = storage.dialect
    for row in rows:
        print(row)
    print(json.dumps({"bench": "start", "database": dialect, "rows": rows}))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    asyncio.run(run(count, sys.argv[2] if len(sys.argv) > 2 else None))


if __name__ == "__main__":
    main()
