"""How fast due digests are composed and rendered, twenty stories each, and whether memory is flat.

    python -m benchmarks.digest [--readers 10000] [--server URL] [--processes 2]

On SQLite with one process; with --server on a PostgreSQL server, with as many processes as said.
Each reader watches four of two hundred topics; two publishers report each story.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time

from rich.console import Console
from rich.table import Table

from benchmarks.delivering.outboxes import made
from benchmarks.digesting.town import MOMENT, build
from storage.db.engine import Storage

Row = dict[str, object]


async def measure(url: str, readers: int, processes: int) -> Row:
    database = await made(url)
    storage = Storage.open(database, clock=MOMENT)
    await build(storage, readers)
    await storage.close()
    started = time.perf_counter()
    results = await asyncio.gather(*(_make(database, readers) for _ in range(processes)))
    took = time.perf_counter() - started
    editions = sum(one["editions"] for one in results)
    if editions != readers:
        raise SystemExit(f"{readers} editions were due, but {editions} were made")
    return {
        "database": url.partition("+")[0],
        "processes": processes,
        "editions": int(editions),
        "per_second": round(editions / took),
        "cpu_ms_each": round(sum(one["cpu_seconds"] for one in results) / editions * 1e3, 1),
        "memory_mb_after_a_tenth": round(max(one["memory_mb_early"] for one in results)),
        "memory_mb_at_the_end": round(max(one["memory_mb"] for one in results)),
    }


async def _make(database: str, readers: int) -> dict[str, float]:
    maker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.digesting.maker", database, str(readers)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await maker.communicate()
    results: dict[str, float] = json.loads(said)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--server", metavar="URL", help="of PostgreSQL")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = f"sqlite+aiosqlite:///{folder}/digest.sqlite3"
        rows = [asyncio.run(measure(file, asked.readers, 1))]
    if asked.server:
        rows.append(asyncio.run(measure(asked.server, asked.readers, asked.processes)))
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=120).print(table)
    print(json.dumps({"bench": "digest", "rows": rows}))


if __name__ == "__main__":
    main()
