"""What a second and a fourth process on one PostgreSQL database gain.

    python -m benchmarks.scale [--server URL] [--processes 1 2 4] [--feeds 100] [--readers 1000]

Real processes, `python -m bot run`: first with the roles poll and match on feeds whose entries are
all new, then with publish and send on digests that are all due, to a Bot API that accepts every
call. The figures are units a second, CPU of the bot's processes and rows written for each unit.
`load` is the machine's when the row began; beside other programs compare only CPU and rows. On a
machine with more cores than processes, two processes should do nearly twice as much.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.accepting_telegram import accepting_telegram
from benchmarks.databases import database, server_or_skip
from benchmarks.ingest.farm import running_farm
from benchmarks.ingest.feeds import SHOWN
from benchmarks.processes import TOKEN, cpu_seconds, running_bots
from benchmarks.report import Row, parser, print_rows
from benchmarks.scale import work
from storage.db.engine import Storage

PATIENCE = 300  # seconds without any progress


async def measure_articles(server: str, processes: int, feeds: int) -> Row:
    with running_farm() as farm:
        async with database(server) as url:
            storage = Storage.open(url)
            await work.add_feeds(storage, feeds, farm.port)
            settings = {"ROLES": "poll,match", "DATABASE_URL": url}
            row = await measure(storage, processes, settings, work.count_matched, feeds * SHOWN)
            await storage.close()
    return {"what": "articles matched"} | row


async def measure_editions(server: str, processes: int, readers: int) -> Row:
    with accepting_telegram() as api:
        async with database(server) as url:
            storage = Storage.open(url)
            await work.add_readers(storage, readers)
            settings = {"ROLES": "publish,send", "BOT_API_URL": api, "DATABASE_URL": url}
            row = await measure(storage, processes, settings, work.count_served, readers)
            row |= {"messages": await work.count_deliveries(storage)}
            await storage.close()
    return {"what": "editions composed and sent"} | row


async def measure(
    storage: Storage,
    processes: int,
    settings: Mapping[str, str],
    count: Callable[[Storage], Awaitable[int]],
    units: int,
) -> Row:
    load, written = os.getloadavg()[0], await work.count_rows_written(storage)
    environment = {
        "BOT_TOKEN": TOKEN,
        "ACCESS": "open",
        "ALLOWED_NETWORKS": "127.0.0.0/8",
        "SEND_PER_SECOND": "1000",
        **settings,
    }
    started = time.perf_counter()
    with (
        TemporaryDirectory() as folder,
        running_bots(processes, Path(folder), environment) as bots,
    ):
        ready, idle = time.perf_counter(), sum(cpu_seconds(bot.pid) for bot in bots)
        await _wait_for(storage, count, units)
        seconds = time.perf_counter() - ready
        cpu = sum(cpu_seconds(bot.pid) for bot in bots) - idle
    await asyncio.sleep(1.5)  # the server counts rows once a second
    rows = await work.count_rows_written(storage) - written
    return {
        "processes": processes,
        "units": units,
        "per_second": round(units / seconds),
        "cpu_ms_each": round(cpu / units * 1e3, 2),
        "rows_each": round(rows / units, 1),
        "ready_s": round(ready - started, 1),
        "load": round(load, 1),
    }


async def _wait_for(
    storage: Storage, count: Callable[[Storage], Awaitable[int]], units: int
) -> None:
    done, progress_at = 0, time.monotonic()
    while (now_done := await count(storage)) < units:
        if now_done > done:
            done, progress_at = now_done, time.monotonic()
        elif time.monotonic() - progress_at > PATIENCE:
            raise SystemExit(f"{done} of {units} units were done, and no more")
        await asyncio.sleep(0.1)


async def measure_all(server: str, processes: list[int], feeds: int, readers: int) -> list[Row]:
    return [
        *[await measure_articles(server, number, feeds) for number in processes],
        *[await measure_editions(server, number, readers) for number in processes],
    ]


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    options.add_argument("--feeds", type=int, default=100)
    options.add_argument("--readers", type=int, default=1_000)
    args = options.parse_args()
    args.server = server_or_skip(args.server)
    print_rows("scale", asyncio.run(measure_all(**vars(args))))


if __name__ == "__main__":
    main()
