"""A steady state: every source once in ten minutes, for ten cycles, all steps beside each other.

First every source is read, and what it holds by then is passed over, but for the memory of the
stories, which is full then. Then the database's clock
runs ten times as fast as this machine's, so that a cycle takes a minute and CPU is spent ten
times as densely as in service: `load` is the share of two processors that the same work takes in
ten minutes; the loop's lag, and how long the garbage collector stops it, are those of the dense
minute. Every fifth time a feed is asked it has two new entries; else it answers 304. With `full`
the clock is the true one.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.ingesting.farm import running
from benchmarks.ingesting.scales import (
    Lag,
    Pauses,
    cpu_seconds,
    memory_mb,
    open_files,
    server_database,
)
from benchmarks.ingesting.world import (
    World,
    add_queries,
    add_sources,
    drained,
    pass_over,
    spread,
    world,
)
from bot.app.memory import collect_recent
from bot.stages import POLL, Stage, StageRunner
from bot.stopping import sleep_until
from storage.db.engine import Storage
from storage.sources import Source

CYCLES: Final = 10
PROCESSORS: Final = 2
GROWS_EVERY: Final = 5
SHORTENED: Final = 10
_CYCLE: Final = timedelta(minutes=10)

Row = dict[str, object]


@dataclass(slots=True)
class FastClock:
    """A clock of the database that stands until it is started; then it is *times* as fast."""

    times: int
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _started_at: float | None = None

    def start(self) -> None:
        self._started_at = time.monotonic()

    async def __call__(self, session: AsyncSession, /) -> datetime:
        del session
        since = 0.0 if self._started_at is None else time.monotonic() - self._started_at
        return self.began + timedelta(seconds=self.times * since)


async def cycles(feeds: int, url: str, *, full: bool) -> list[Row]:
    clock = FastClock(1 if full else SHORTENED)
    with running(GROWS_EVERY) as farm:
        async with world(url, clock) as steps:
            await add_queries(steps.storage)
            await add_sources(steps.storage, feeds, farm.port)
            await steps.grouping.sync.prepare()
            await _read_all(steps)
            await spread(steps.storage, _CYCLE)
            spent = partial(cpu_seconds, but=farm.pid, database=server_database(url))
            clock.start()
            async with _looping(steps) as stopping:
                rows = []
                for number in range(1, CYCLES + 1):
                    row = await _one_cycle(number, steps.storage, clock.times, spent, stopping)
                    rows.append(row)
                return rows


async def _read_all(steps: World) -> None:
    await drained(steps.polling.poll_due)
    await pass_over(steps.storage, but=1)
    for step in steps.after_polling.values():
        await drained(step)  # for that one, it remembers the others


async def _one_cycle(
    number: int, storage: Storage, times: int, spent: partial[float], stopping: asyncio.Event
) -> Row:
    lag, pauses = Lag(), Pauses()
    asked, begun = await _fetches(storage), spent()
    with pauses.watched():
        await collect_recent()  # as in service, every ten minutes
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(lag.watch())
            await sleep_until(stopping, _CYCLE.total_seconds() / times)
            watching.cancel()
    used = spent() - begun
    return {
        "cycle": number,
        "polls": await _fetches(storage) - asked,
        "cpu_s": round(used, 1),
        "load": round(used / _CYCLE.total_seconds() / PROCESSORS, 4),
        "lag_p50_ms": round(lag.percentile_ms(0.5), 1),
        "lag_p99_ms": round(lag.percentile_ms(0.99), 1),
        "lag_max_ms": round(lag.percentile_ms(1), 1),
        "collector_max_ms": round(pauses.longest * 1e3, 1),
        "memory_mb": round(memory_mb(), 1),
        "open_files": open_files(),
    }


@asynccontextmanager
async def _looping(steps: World) -> AsyncIterator[asyncio.Event]:
    """Run the stages as the bot does, each woken by the one before it or by its time-out."""
    stopping = asyncio.Event()
    after: list[StageRunner] = []
    for name, step in reversed(steps.after_polling.items()):
        stage = Stage(name=name, every=POLL.every)
        after.insert(0, StageRunner(stage, step, wakes=tuple(after[:1])))
    poll = StageRunner(POLL, steps.polling.run_once, wakes=tuple(after[:1]))
    steps.polling.on_ended = poll.wake
    async with steps.polling, asyncio.TaskGroup() as group:
        for runner in (*after, poll):
            group.create_task(runner.run(stopping))
        try:
            yield stopping
        finally:
            stopping.set()


async def _fetches(storage: Storage) -> int:
    async with storage.reading() as tx:
        return (await tx.session.exec(select(func.sum(col(Source.fetches))))).one() or 0
