"""Measures memory, the database, lags and messages of each hour."""

import _sqlite3
import ctypes
import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import text

from benchmarks.processes import memory_mb, process_tree
from benchmarks.skipping_clock import Clock
from benchmarks.soak.numbers import DAY, HOUR
from benchmarks.soak.telegram import Telegram
from storage.db.engine import POSTGRESQL, Storage
from storage.schema import metadata
from storage.stats import Backlog

STAGES: Final = ("poll", "page", "match", "alert", "digest", "send")
# After an outage of Telegram the queue is sent first, which is not the bot's lag.
RECOVERS: Final = 900.0
_NAMES: Final = sorted(metadata().tables)


@dataclass(frozen=True)
class Hour:
    """*memory*: megabytes of the process; *tree*: its peak with the workers.

    *of_sqlite*: megabytes of *memory* that SQLite holds, nearly all of it in its page caches.
    *of_stories*: the most so far, by the estimate that bounds it. When there is less news, the
    process keeps what stories have left, and uses it again.
    """

    number: int
    memory: float
    tree: float
    database: float
    rows: Mapping[str, int]
    lags: Mapping[str, float]
    queue: Mapping[str, int]
    calls: Mapping[str, int]
    fullest: int
    of_sqlite: float = 0.0
    of_stories: float = 0.0

    @property
    def own(self) -> float:
        return self.memory - self.of_sqlite - self.of_stories

    def line(self) -> str:
        shown = {name: self.rows[name] for name in ("article", "match", "alert", "delivery")}
        lags = " ".join(f"{name}={lag:.0f}" for name, lag in self.lags.items() if lag >= 1)
        return (
            f"day {self.number // 24 + 1} {self.number % 24:02}h: {self.memory:.0f} MB"
            f" (of SQLite {self.of_sqlite:.0f}, of stories {self.of_stories:.0f},"
            f" tree {self.tree:.0f}),"
            f" database {self.database:.0f} MB, rows {_pairs(shown)}, lags [{lags}],"
            f" queue [{_pairs(self.queue)}], {_pairs(self.calls)}, fullest second {self.fullest}"
        )


def _pairs(numbers: Mapping[str, int]) -> str:
    return " ".join(f"{name}={number}" for name, number in sorted(numbers.items()))


@dataclass(eq=False)
class Gauges:
    clock: Clock
    telegram: Telegram
    storage: Storage
    file: Path | None  # of an SQLite database
    hours: list[Hour] = field(default_factory=list)
    looks: defaultdict[tuple[int, str], Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    """How often each lag was seen, in whole seconds, by day and stage."""
    _worst: Counter[str] = field(default_factory=Counter)
    _tree: float = 0.0
    _queue: Counter[str] = field(default_factory=Counter)
    _away_until: float = -RECOVERS

    @property
    def day(self) -> int:
        return int(self.clock.seconds // DAY.total_seconds())

    def see(self, found: Backlog) -> None:
        """Record the lags of a backlog."""
        now = self.clock.seconds
        if self.telegram.is_away:
            self._away_until = now
        self._tree = max(self._tree, sum(map(memory_mb, process_tree(os.getpid()))))
        self._queue = Counter()
        for (state, _), number in found.queue.items():
            self._queue[state] += number
        for stage in STAGES:
            if stage != "send" or now > self._away_until + RECOVERS:
                lag = round(found.lags[stage])
                self.looks[self.day, stage][lag] += 1
                self._worst[stage] = max(self._worst[stage], lag)

    async def end_hour(self, of_stories: float) -> Hour:
        """Record the hour that has passed; *of_stories*: megabytes now."""
        hour = Hour(
            number=round(self.clock.seconds / HOUR.total_seconds()),
            memory=memory_mb(),
            tree=self._tree,
            database=await self._database_mb(),
            rows=await self._rows(),
            lags=dict(self._worst),
            queue=dict(self._queue),
            calls=dict(self.telegram.calls),
            fullest=self.telegram.fullest,
            of_sqlite=sqlite_mb(),
            of_stories=max(of_stories, self.hours[-1].of_stories if self.hours else 0),
        )
        self.hours.append(hour)
        self._worst, self._tree = Counter(), 0.0
        return hour

    async def _rows(self) -> dict[str, int]:
        async with self.storage.reading() as tx:
            counts = " UNION ALL ".join(
                f"SELECT '{name}', count(*) FROM \"{name}\""  # noqa: S608 - our own tables
                for name in _NAMES
            )
            return {name: number for name, number in await tx.rows(text(counts))}  # noqa: C416

    async def _database_mb(self) -> float:
        if self.file:
            files = self.file.parent.glob(f"{self.file.name}*")
            return sum(each.stat().st_size for each in files) / 1e6
        async with self.storage.reading() as tx:
            assert tx.dialect == POSTGRESQL
            size = await tx.one(text("SELECT pg_database_size(current_database())"))
            return int(size[0]) / 1e6


def sqlite_mb() -> float:
    """Return the memory that SQLite has allocated in this process."""
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    used = library.sqlite3_memory_used
    used.restype = ctypes.c_int64
    return int(used()) / 1e6


def percentile(looks: Counter[int], share: float) -> int:
    """Return the lag that a *share* of the *looks* does not exceed."""
    left = share * looks.total()
    for lag, times in sorted(looks.items()):
        left -= times
        if left <= 0:
            return lag
    return 0
