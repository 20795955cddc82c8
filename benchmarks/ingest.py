"""What it costs to read feeds: CPU of our processes and the database's, for each feed.

    python -m benchmarks.ingest [--feeds N] [--database URL] [--pages]
    python -m benchmarks.ingest --cycle [--full] [--database URL]

A farm on loopback, a process of its own that is not counted, serves feeds of 24 entries, each on
a host name of its own. Three rounds: everything is new; nothing is (304); two of the 24 are. The
real steps run: polls, as many at once as in service, then grouping, then matching with 10,000
queries; each ends before the next begins, so that the parts can be separated. Names are resolved
without DNS. Nothing may be lost or doubled. `--cycle`: see benchmarks/ingesting/cycle.py. The
last line is JSON. `--pages`: the entries are short, and each new one's page is read after the
polls, by workers that count too.

Without a URL: SQLite in a temporary folder. A PostgreSQL database must be empty and on this
machine; its backends are counted.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

from rich.console import Console
from rich.table import Table

from benchmarks.ingesting.counting import check
from benchmarks.ingesting.cycle import cycles
from benchmarks.ingesting.farm import running
from benchmarks.ingesting.scales import cpu_seconds, server_database
from benchmarks.ingesting.world import (
    World,
    add_queries,
    add_sources,
    all_due,
    drained,
    world,
)
from bot.app.memory import collect_recent

ROUNDS = {"all new": (0, 8.0), "304": (0, 1.0), "2 of 24 new": (1, 5.0)}  # version, target in ms

Row = dict[str, object]


async def rounds(feeds: int, url: str, *, pages: bool) -> list[Row]:
    rows = []
    with running(excerpts=pages) as farm:
        spent = partial(cpu_seconds, but=farm.pid, database=server_database(url))
        async with world(url) as steps:
            await add_queries(steps.storage)
            await add_sources(steps.storage, feeds, farm.port)
            await steps.grouping.sync.prepare()  # the index is there before the first article
            await collect_recent()  # as in service
            for name, (version, target) in ROUNDS.items():
                farm.show(version)
                row = await one_round(steps, feeds, spent)
                rows.append({"round": name, "target_ms": target} | row)
                await check(steps.storage, feeds, version + 1)
                await all_due(steps.storage)
    return rows


async def one_round(steps: World, feeds: int, spent: Callable[[], float]) -> Row:
    wall = time.perf_counter()
    marks = [spent()]
    await drained(steps.polling.poll_due)
    marks.append(spent())
    for step in steps.after_polling.values():
        await drained(step)
        marks.append(spent())
    took = time.perf_counter() - wall
    parts = zip(("poll", *steps.after_polling), pairwise(marks), strict=True)
    figures = {f"{name}_ms": ended - begun for name, (begun, ended) in parts}
    figures |= {"all_ms": marks[-1] - marks[0], "wall_ms": took}
    return {name: round(seconds / feeds * 1e3, 2) for name, seconds in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--feeds", type=int)
    parser.add_argument("--database", metavar="URL")
    parser.add_argument("--pages", action="store_true", help="short entries, whose pages are read")
    parser.add_argument("--cycle", action="store_true", help="a steady state, and what it keeps")
    parser.add_argument("--full", action="store_true", help="ten whole cycles: 100 minutes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.database or f"sqlite+aiosqlite:///{folder}/ingest.sqlite3"
        if arguments.cycle:
            run = cycles(arguments.feeds or 10_000, url, full=arguments.full)
        else:
            run = rounds(arguments.feeds or 200, url, pages=arguments.pages)
        rows = asyncio.run(run)
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=120).print(table)
    print(json.dumps({"bench": "ingest", "cycle": arguments.cycle, "rows": rows}))


if __name__ == "__main__":
    main()
