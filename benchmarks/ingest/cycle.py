"""A steady state: every source once in ten minutes, for ten cycles, with all stages side by side.

At first every source is read, and its articles are marked as published; the memory of the stories
is full then. Then the database's clock runs ten times as fast as the machine's, so that a cycle
takes a minute and CPU is spent ten times as densely as in service: `load` is the share of two
processors that the same work takes in ten minutes. The lag of the loop and the pauses of the
garbage collector are those of the dense minute. A feed has two new entries at each fifth request,
and else responds with 304.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, func, select

from benchmarks.ingest.farm import running_farm
from benchmarks.ingest.stages import (
    Stages,
    add_queries,
    add_sources,
    mark_published,
    run_until_idle,
    running,
    spread,
    stages_on,
)
from benchmarks.processes import (
    loop_lag,
    memory_mb,
    open_files,
    server_database,
    total_cpu_seconds,
)
from benchmarks.report import Row
from bot.app.memory import collect_recent, start_collection
from storage.db.engine import Storage
from storage.sources import Source

CYCLES: Final = 10
PROCESSORS: Final = 2
GROWS_EVERY: Final = 5
ACCELERATION: Final = 10
_CYCLE: Final = timedelta(minutes=10)


@dataclass(slots=True)
class FastClock:
    """The database's clock: it stands until it is started, and then runs *ACCELERATION* times."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: float | None = None

    def start(self) -> None:
        self.started_at = time.monotonic()

    async def __call__(self, connection: AsyncConnection, /) -> datetime:
        del connection
        passed = 0.0 if self.started_at is None else time.monotonic() - self.started_at
        return self.began + timedelta(seconds=ACCELERATION * passed)


async def measure_cycles(feeds: int, url: str, queries: int) -> list[Row]:
    clock = FastClock()
    with running_farm(GROWS_EVERY) as farm:
        async with stages_on(url, farm.port, clock) as stages:
            await add_queries(stages.storage, queries)
            await add_sources(stages.storage, feeds)
            await stages.grouping.sync.prepare()
            start_collection()
            await _read_all(stages)
            await spread(stages.storage, _CYCLE)
            cpu = partial(total_cpu_seconds, besides=farm.pid, database=server_database(url))
            clock.start()
            async with running(stages):
                return [
                    await _measure_cycle(number, stages.storage, cpu)
                    for number in range(1, CYCLES + 1)
                ]


async def _read_all(stages: Stages) -> None:
    await run_until_idle(stages.polling.poll_due)
    await mark_published(stages.storage, besides=1)
    for run_once in list(stages.in_order.values())[1:]:
        await run_until_idle(run_once)  # for that one article, it remembers the others


async def _measure_cycle(number: int, storage: Storage, cpu: Callable[[], float]) -> Row:
    fetches, spent = await _count_fetches(storage), cpu()
    with _longest_collection() as collection:
        await collect_recent()  # as in service, every ten minutes
        async with loop_lag(0.01) as lag:
            await asyncio.sleep(_CYCLE.total_seconds() / ACCELERATION)
    spent = cpu() - spent
    waits = sorted(lag.wall)
    return {
        "cycle": number,
        "polls": await _count_fetches(storage) - fetches,
        "cpu_s": round(spent, 1),
        "load": round(spent / _CYCLE.total_seconds() / PROCESSORS, 4),
        "lag_p50_ms": round(waits[len(waits) // 2] * 1e3, 1),
        "lag_p99_ms": round(waits[int(0.99 * (len(waits) - 1))] * 1e3, 1),
        "lag_max_ms": lag.max_ms,
        "collector_max_ms": round(max(collection) * 1e3, 1),
        "memory_mb": round(memory_mb(), 1),
        "open_files": open_files(),
    }


@contextmanager
def _longest_collection() -> Iterator[list[float]]:
    """Yield the seconds for which the garbage collector stops everything, beginning with 0."""
    pauses, started = [0.0], 0.0

    def note(phase: str, _facts: dict[str, int]) -> None:
        nonlocal started
        if phase == "start":
            started = time.perf_counter()
        else:
            pauses.append(time.perf_counter() - started)

    gc.callbacks.append(note)
    try:
        yield pauses
    finally:
        gc.callbacks.remove(note)


async def _count_fetches(storage: Storage) -> int:
    async with storage.reading() as tx:
        return await tx.one(select(func.sum(col(Source.fetches)))) or 0
