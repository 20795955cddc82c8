"""Processes of the bot and of servers, and the CPU time and memory of each (Linux)."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from threading import Thread
from typing import IO, cast

from sqlalchemy import make_url

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
TOKEN = "1:playground"


def memory_mb(pid: int | str = "self") -> float:
    """Return the resident memory, 0 if the process has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6
    except OSError:
        return 0.0


def peak_mb(pid: int | str = "self") -> int:
    """Return the peak memory of the process; `ru_maxrss` would begin with that of its parent."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def open_files() -> int:
    """Return how many files and sockets this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def process_tree(pid: int) -> Iterator[int]:
    yield pid
    for child in children(pid):
        yield from process_tree(child)


def children(pid: int) -> list[int]:
    """Return the processes that any thread of *pid* has started and that still run."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # the thread has ended
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and of its children that have ended."""
    return sum(map(int, _stat(pid)[11:15])) / _TICKS


def total_cpu_seconds(*, besides: int, database: str) -> float:
    """Return the CPU time of this process, of its children except *besides*, and of *database*.

    *database*: the name of a PostgreSQL database on this machine, whose current backends count,
    without the server's own writers; "" for none.
    """
    total = cpu_seconds(os.getpid())
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(besides) and _counts(process, database):
            try:
                total += sum(map(int, _stat(process.name)[11:13])) / _TICKS
            except OSError:
                continue  # it has ended
    return total


def server_database(url: str) -> str:
    """Return the name of the database on a server, "" for a file."""
    return make_url(url).database or "" if url.startswith("postgresql") else ""


def _counts(process: Path, database: str) -> bool:
    try:
        if _stat(process.name)[1] == str(os.getpid()):
            return True
        title = (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
    return bool(database) and title.startswith("postgres:") and f" {database} " in title


def _stat(pid: int | str) -> list[str]:
    """Return the fields after the name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


class LoopLag:
    """How long the event loop keeps a task waiting: by the clock, and in CPU of its thread."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    async def watch(self, every: float) -> None:
        while True:
            wall, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(every)
            self.wall.append(max(0.0, time.perf_counter() - wall - every))
            self.cpu.append(time.thread_time() - cpu)

    @property
    def max_ms(self) -> float:
        return round(max(self.wall, default=0) * 1e3, 1)

    @property
    def max_cpu_ms(self) -> float:
        return round(max(self.cpu, default=0) * 1e3, 1)


@asynccontextmanager
async def loop_lag(every: float = 0.002) -> AsyncIterator[LoopLag]:
    """Ask the loop for a turn *every* so many seconds while the block runs."""
    lag = LoopLag()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(lag.watch(every))
        await asyncio.sleep(every)
        yield lag
        await asyncio.sleep(2 * every)  # the last stretch counts too
        watching.cancel()


@contextmanager
def running_server(module: str, *arguments: str) -> Iterator[tuple[int, int]]:
    """Run a server that prints its port and ends with its input; yield its process id and port."""
    command = [sys.executable, "-m", module, *arguments]
    with (
        Popen(command, stdin=PIPE, stdout=PIPE, text=True) as server,  # noqa: S603 - our own
        cast("IO[str]", server.stdin),
    ):
        yield server.pid, int(cast("IO[str]", server.stdout).readline())


@contextmanager
def running_bots(
    count: int, folder: Path, settings: Mapping[str, str]
) -> Iterator[list["Popen[str]"]]:
    """Yield *count* processes of `python -m bot run` that are ready."""
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), *sys.path])),
        "WEB_PORT": "0",
        **settings,
    }
    command = [sys.executable, "-m", "bot", "run"]
    bots = [
        Popen(command, stdout=PIPE, stderr=STDOUT, cwd=folder, env=environment, text=True)  # noqa: S603
        for _ in range(count)
    ]
    try:
        for bot in bots:
            _wait_until_ready(bot)
        yield bots
    finally:
        for bot in bots:
            bot.terminate()
        for bot in bots:
            bot.wait()


def _wait_until_ready(bot: "Popen[str]") -> None:
    lines = []
    for line in bot.stdout or ():
        lines.append(line)
        if " ready " in line:
            # Read on, so that the bot never waits for its output to be read.
            Thread(target=(bot.stdout or sys.stdin).read, daemon=True).start()
            return
    raise SystemExit("The bot did not start:\n" + "".join(lines))
