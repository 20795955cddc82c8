"""What a second, a third and a fourth process on one database are worth.

    python -m benchmarks.scale [--server URL] [--processes 1 2 4] [--feeds 100] [--readers 1000]

Real processes, `python -m bot run`, on a PostgreSQL database of their own: first with the roles
poll and match on feeds whose entries are all new, then with publish and send on digests that are
all due, to a Telegram that only answers. Units a second by the clock, CPU of our processes and rows
written for each transaction. `load` is the machine's when the row began: beside other programs only
the CPU and the rows can be compared. The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.delivering.outboxes import made, server_or_skip
from benchmarks.delivering.yes import saying_yes
from benchmarks.ingesting.farm import running as farm_running
from benchmarks.ingesting.feeds import SHOWN
from benchmarks.scaling import work
from benchmarks.scaling.processes import cpu_seconds, running
from storage.db.engine import Storage

DATABASE = "dateline_scale"
PATIENCE = 300  # seconds without any progress

Row = dict[str, object]


async def articles(server: str, processes: int, feeds: int, folder: Path) -> Row:
    with farm_running() as farm:
        url = await made(server, DATABASE)
        storage = Storage.open(url)
        await work.news(storage, feeds, farm.port)
        settings = {"DATABASE_URL": url}
        row = await timed(
            storage, processes, ("poll,match", folder, settings), work.matched, feeds * SHOWN
        )
        await storage.close()
    return {"what": "articles matched"} | row


async def editions(server: str, processes: int, readers: int, folder: Path) -> Row:
    with saying_yes() as api:
        url = await made(server, DATABASE)
        storage = Storage.open(url)
        await work.readers(storage, readers)
        settings = {"DATABASE_URL": url, "BOT_API_URL": api}
        row = await timed(
            storage, processes, ("publish,send", folder, settings), work.served, readers
        )
        row |= {"messages": await work.composed(storage)}
        await storage.close()
    return {"what": "editions composed and sent"} | row


async def timed(
    storage: Storage,
    processes: int,
    program: tuple[str, Path, dict[str, str]],
    count: Callable[[Storage], Awaitable[int]],
    wanted: int,
) -> Row:
    load, written = os.getloadavg()[0], await work.rows_written(storage)
    began = time.perf_counter()
    with running(processes, *program) as pids:
        ready, idle = time.perf_counter(), cpu_seconds(pids)
        await until(storage, count, wanted)
        took, cpu = time.perf_counter() - ready, cpu_seconds(pids) - idle
    await asyncio.sleep(1.5)  # the server counts rows once a second
    rows = await work.rows_written(storage) - written
    return {
        "processes": processes,
        "units": wanted,
        "per_second": round(wanted / took),
        "cpu_ms_each": round(cpu / wanted * 1e3, 2),
        "rows_each": round(rows / wanted, 1),
        "ready_s": round(ready - began, 1),
        "load": round(load, 1),
    }


async def until(storage: Storage, count: Callable[[Storage], Awaitable[int]], wanted: int) -> None:
    done, moved = 0, time.monotonic()
    while (now := await count(storage)) < wanted:
        if now > done:
            done, moved = now, time.monotonic()
        elif time.monotonic() - moved > PATIENCE:
            raise SystemExit(f"{wanted} were to be done, and it stands at {done}")
        await asyncio.sleep(0.1)


async def measure(server: str, processes: list[int], feeds: int, readers: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [await articles(server, number, feeds, folder) for number in processes]
        rows += [await editions(server, number, readers, folder) for number in processes]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--server", metavar="URL", help="of PostgreSQL")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--feeds", type=int, default=100)
    parser.add_argument("--readers", type=int, default=1_000)
    asked = parser.parse_args()
    server = asked.server or server_or_skip("scale")
    rows = asyncio.run(measure(server, asked.processes, asked.feeds, asked.readers))
    table = Table(*rows[-1])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=140).print(table)
    print(json.dumps({"bench": "scale", "rows": rows}))


if __name__ == "__main__":
    main()
