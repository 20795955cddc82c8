"""What a process costs before it has anything to do: memory of its whole tree, and its start.

    python -m benchmarks.footprint [--server URL] [--topics 100000] [--roles ROLES…]

Real processes, `python -m bot run`, each alone on a database that is migrated already: SQLite in a
temporary folder, with --server a database of its own there. The row "playground" is the bot that
runs without a token, Telegram and newspapers included. Memory is resident, counted after
`--idle` seconds from ready; what processes share is counted once in each. The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

from rich.console import Console
from rich.table import Table

from benchmarks.delivering.outboxes import made
from benchmarks.start import fill
from storage.db.engine import Storage

ROLES = ("poll", "match", "publish", "poll,match,publish", "send", "web", "chat", "all")
ALL = "chat,poll,match,publish,send,web"
PLAYGROUND = "playground"
TOKEN = "1:playground"
_TICKS = os.sysconf("SC_CLK_TCK")
_MB = 1024

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the processes run, and their settings."""

    folder: Path
    database: str
    api: str

    def settings(self, roles: str) -> Mapping[str, str]:
        settings = {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), *sys.path])),
            "WEB_PORT": "0",
        }
        if roles == PLAYGROUND:
            return settings | {"PLAYGROUND_PORT": "8391"}
        return settings | {
            "BOT_TOKEN": TOKEN,
            "BOT_API_URL": self.api,
            "DATABASE_URL": self.database,
            "PUBLIC_URL": "https://news.example",
            "ROLES": ALL if roles == "all" else roles,
        }


def measured(place: Place, roles: str, idle: float) -> Row:
    """Start it, wait until it is ready, let it be for a while, and look."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "bot", "run"]
    with Popen(  # noqa: S603 - our own program
        command, stdout=PIPE, stderr=STDOUT, cwd=place.folder, env=place.settings(roles), text=True
    ) as process:
        try:
            _until_ready(process)
            wall, cpu = time.perf_counter() - began, _cpu_seconds(process.pid)
            time.sleep(idle)
            tree = list(_tree(process.pid))
            memory = sum(map(_resident_mb, tree))
        finally:
            process.terminate()
    return {
        "roles": roles,
        "ready_s": round(wall, 2),
        "ready_cpu_s": round(cpu, 2),
        "memory_mb": round(memory),
        "processes": len(tree),
    }


def _until_ready(process: "Popen[str]") -> None:
    said = []
    for line in process.stdout or ():
        said.append(line)
        if " ready " in line:
            return
    raise SystemExit("it did not start:\n" + "".join(said))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        yield from _tree(int(child))


def _resident_mb(pid: int) -> float:
    fields = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text().split("\n")
        if ":" in line
    )
    return int(fields["VmRSS"].split()[0]) / _MB


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS  # its own, and its children's that have ended


@contextmanager
def telegram() -> Iterator[str]:
    """Yield the address of a playground in a process of its own, which is not counted."""
    command = [sys.executable, "-m", "bot", "playground", "--port", "0", "--every", "0"]
    with Popen(command, stdout=PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            yield next(iter(process.stdout or ())).split()[-1].rstrip("/")
        finally:
            process.kill()


async def prepared(url: str, topics: int) -> str:
    url = await made(url, "dateline_footprint")
    storage = Storage.open(url)
    await fill(storage, topics)
    await storage.close()
    return url


def measure(server: str | None, topics: int, roles: list[str], idle: float) -> Iterator[Row]:
    for name in filter(None, ("sqlite", server)):
        with tempfile.TemporaryDirectory() as folder, telegram() as api:
            file = f"sqlite+aiosqlite:///{folder}/footprint.sqlite3"
            url = asyncio.run(prepared(file if name == "sqlite" else name, topics))
            place = Place(Path(folder), url, api)
            shown = {"database": name.partition("+")[0], "load": round(os.getloadavg()[0], 1)}
            for each in roles:
                yield shown | measured(place, each, idle)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--server", metavar="URL", help="of PostgreSQL")
    parser.add_argument("--topics", type=int, default=0)
    parser.add_argument("--roles", nargs="+", default=[*ROLES, PLAYGROUND])
    parser.add_argument("--idle", type=float, default=2.0, metavar="SECONDS")
    asked = parser.parse_args()
    rows = list(measure(asked.server, asked.topics, asked.roles, asked.idle))
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=120).print(table)
    print(json.dumps({"bench": "footprint", "topics": asked.topics, "rows": rows}))


if __name__ == "__main__":
    main()
