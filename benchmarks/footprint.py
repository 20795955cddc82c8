"""What a process costs before it has work: memory of its process tree, and the time of its start.

    python -m benchmarks.footprint [--server URL] [--topics 100000] [--roles ROLES…] [--idle 2]

Each row is a real process, `python -m bot run`, alone on a migrated database: SQLite, and with
--server PostgreSQL too. The row "playground" is the bot without a token, which runs its own
Telegram and newsroom. Memory is resident, --idle seconds after the process is ready; shared pages
count in each process. 100 MB for a role and 200 MB for all are good figures.
"""

import asyncio
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.databases import database
from benchmarks.processes import (
    TOKEN,
    cpu_seconds,
    memory_mb,
    process_tree,
    running_bots,
)
from benchmarks.report import Row, parser, print_rows
from benchmarks.start import add_queries
from storage.db.engine import Storage
from tests.local_playground import LocalPlayground

ROLES = ("poll", "match", "publish", "poll,match,publish", "send", "web", "chat", "all")
ALL = "chat,poll,match,publish,send,web"
PLAYGROUND = "playground"


def settings(roles: str, url: str, telegram: str) -> dict[str, str]:
    if roles == PLAYGROUND:
        return {"PLAYGROUND_PORT": "8391"}
    return {
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": telegram,
        "DATABASE_URL": url,
        "PUBLIC_URL": "https://news.example",
        "ROLES": ALL if roles == "all" else roles,
    }


def measure_process(roles: str, environment: dict[str, str], idle: float) -> Row:
    started = time.perf_counter()
    with TemporaryDirectory() as folder, running_bots(1, Path(folder), environment) as (bot,):
        wall, cpu = time.perf_counter() - started, cpu_seconds(bot.pid)
        time.sleep(idle)
        tree = list(process_tree(bot.pid))
        memory = sum(map(memory_mb, tree))
    return {
        "roles": roles,
        "ready_s": round(wall, 2),
        "ready_cpu_s": round(cpu, 2),
        "memory_mb": round(memory),
        "processes": len(tree),
    }


async def measure(server: str | None, topics: int, roles: list[str], idle: float) -> list[Row]:
    measured = []
    for each in (None, server) if server else (None,):
        async with database(each) as url, LocalPlayground(flood="off") as playground:
            storage = Storage.open(url)
            await add_queries(storage, topics)
            await storage.close()
            shown = {"database": "postgresql" if each else "sqlite"}
            for role in roles:
                environment = settings(role, url, playground.base_url)
                load = {"load": round(os.getloadavg()[0], 1)}
                row = await asyncio.to_thread(measure_process, role, environment, idle)
                measured.append(shown | load | row)
    return measured


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--topics", type=int, default=0)
    options.add_argument("--roles", nargs="+", default=[*ROLES, PLAYGROUND])
    options.add_argument("--idle", type=float, default=2.0, metavar="SECONDS")
    args = options.parse_args()
    print_rows("footprint", asyncio.run(measure(**vars(args))), topics=args.topics)


if __name__ == "__main__":
    main()
