"""How long a new process takes to index all queries, and how long that blocks the event loop.

    python -m benchmarks.start [QUERIES] [--server URL]

Seconds, and the longest pause of the loop: by the clock, which other programs add to, and in CPU
of the loop's thread alone. 100,000 queries should take about two seconds.
"""

import asyncio
import gc
import time
from itertools import islice

from sqlalchemy import text

from benchmarks import rows
from benchmarks.databases import empty_storage
from benchmarks.match.workload import Workload
from benchmarks.processes import loop_lag
from benchmarks.report import Row, parser, print_rows
from bot.matching.index_sync import IndexSync
from storage.db.engine import Storage
from storage.queries import CHANGES, ChangeNumber, Query


async def add_queries(storage: Storage, count: int) -> None:
    """Add *count* different live queries."""
    canonical = {query.canonical: None for query in Workload().queries(3 * count)}
    queries = (
        {"canonical": query, "canonical_hash": str(number), "live": True, "changed": number}
        for number, query in enumerate(islice(canonical, count), 1)
    )
    async with storage.writing() as tx:
        await rows.add(tx, Query, queries)
        await tx.add(ChangeNumber(name=CHANGES, value=count))
    async with storage.writing() as tx:
        await tx.change(text("ANALYZE"))


async def build_index(storage: Storage) -> Row:
    sync = IndexSync(storage)
    async with loop_lag(0) as lag:
        started = time.perf_counter()
        await sync.catch_up()
        seconds = time.perf_counter() - started
    return {
        "seconds": round(seconds, 2),
        "loop_ms": lag.max_ms,
        "loop_cpu_ms": lag.max_cpu_ms,
        "queries": len(sync.index),
    }


async def measure(server: str | None, queries: int) -> list[Row]:
    async with empty_storage(server) as storage:
        await add_queries(storage, queries)
        gc.freeze()  # as the bot does
        return [await build_index(storage) for _ in range(3)]


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("queries", type=int, nargs="?", default=100_000)
    print_rows("start", asyncio.run(measure(**vars(options.parse_args()))))


if __name__ == "__main__":
    main()
