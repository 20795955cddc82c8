"""How many due digests of twenty stories are composed a second, and whether memory stays flat.

    python -m benchmarks.digest [--readers 10000] [--server URL] [--processes 2]
        [--reports 3] [--listed 2]

SQLite has one process; --server adds a row for so many processes on PostgreSQL. Each reader
subscribes to four of two hundred topics, and two publishers report each story. --reports gives each
story several articles; --listed says how many of a topic's five stories a digest listed the day
before, so that it tells what is new about them. Some hundred digests a second are a good figure.
"""

import asyncio
import json
import sys
import time

from benchmarks.databases import database
from benchmarks.digest.audience import MONDAY_MORNING, add_audience
from benchmarks.report import Row, parser, print_rows
from storage.db.engine import Storage


async def measure(
    server: str | None, readers: int, processes: int, *, reports: int, listed: int
) -> Row:
    async with database(server) as url:
        storage = Storage.open(url, clock=MONDAY_MORNING)
        await add_audience(storage, readers, reports, listed)
        await storage.close()
        started = time.perf_counter()
        results = await asyncio.gather(*(_compose(url, readers) for _ in range(processes)))
        seconds = time.perf_counter() - started
    editions = int(sum(result["editions"] for result in results))
    if editions != readers:
        raise SystemExit(f"{readers} editions were due, but {editions} were composed")
    return {
        "database": "postgresql" if server else "sqlite",
        "processes": processes,
        "editions": editions,
        "reports": reports,
        "listed": listed,
        "per_second": round(editions / seconds),
        "cpu_ms_each": round(sum(result["cpu_seconds"] for result in results) / editions * 1e3, 1),
        "memory_mb_after_a_tenth": round(max(result["memory_mb_early"] for result in results)),
        "memory_mb_at_the_end": round(max(result["memory_mb"] for result in results)),
    }


async def _compose(url: str, readers: int) -> dict[str, float]:
    composer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.digest.composer", url, str(readers)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await composer.communicate()
    result: dict[str, float] = json.loads(output)
    return result


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--readers", type=int, default=10_000)
    options.add_argument("--processes", type=int, default=2, help="on PostgreSQL")
    options.add_argument("--reports", type=int, default=1, help="articles of a story")
    options.add_argument("--listed", type=int, default=0, help="stories of a topic known before")
    args = options.parse_args()
    news = {"reports": args.reports, "listed": args.listed}
    rows = [asyncio.run(measure(None, args.readers, 1, **news))]
    if args.server:
        rows.append(asyncio.run(measure(args.server, args.readers, args.processes, **news)))
    print_rows("digest", rows)


if __name__ == "__main__":
    main()
