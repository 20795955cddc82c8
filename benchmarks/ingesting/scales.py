"""What is measured: CPU of our processes and the database's, memory, and the loop's lag."""

import asyncio
import gc
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_WATCHED_EVERY = 0.01


def cpu_seconds(*, but: int, database: str) -> float:
    """Of this process with all its children, dead or alive, except *but*, and of *database*.

    *database*: the name of a PostgreSQL database on this machine, whose backends are counted as
    long as they live; "" for none. Its writers of the log and of the pages are not.
    """
    own, dead = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    spent = own.ru_utime + own.ru_stime + dead.ru_utime + dead.ru_stime
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(but) and _is_counted(process, database):
            spent += _ticks(process) / _TICK
    return spent


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * _PAGE / 1e6


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Lag:
    """How late a task is that wants its turn every 10 ms, in seconds."""

    def __init__(self) -> None:
        self.late: list[float] = []

    async def watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_WATCHED_EVERY)
            self.late.append(time.perf_counter() - before - _WATCHED_EVERY)

    def percentile_ms(self, share: float) -> float:
        return sorted(self.late)[int(share * (len(self.late) - 1))] * 1e3


class Pauses:
    """How long the garbage collector stopped everything at once, in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._began = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        gc.callbacks.append(self._note)
        try:
            yield
        finally:
            gc.callbacks.remove(self._note)

    def _note(self, phase: str, _facts: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._began = now
        else:
            self.longest = max(self.longest, now - self._began)


def server_database(url: str) -> str:
    """The name of the database on a server; "" for a file."""
    return make_url(url).database or "" if url.startswith("postgresql") else ""


def _is_counted(process: Path, database: str) -> bool:
    try:
        if _stat(process)[1] == str(os.getpid()):
            return True
        title = (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False  # it ended meanwhile
    return bool(database) and title.startswith("postgres:") and f" {database} " in title


def _ticks(process: Path) -> int:
    try:
        return sum(map(int, _stat(process)[11:13]))
    except OSError:
        return 0


def _stat(process: Path) -> list[str]:
    """From the process's state on; its name before that may hold anything."""
    return (process / "stat").read_text().rpartition(")")[2].split()
