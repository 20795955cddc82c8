"""Periodic jobs of one process: its periodic stages, and garbage collections."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.app import memory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable

    from bot.stages import StageRunner

_SET_BACK_SECONDS: Final = 1.0  # a smaller difference is jitter


class SteadyJobStore(MemoryJobStore):  # type: ignore[misc]
    """Jobs in memory whose due times follow a clock that is set back.

    APScheduler waits by the monotonic clock, but selects due jobs by the wall clock. After that is
    set back by an hour, no job would be due for an hour. Each selection therefore moves all due
    times back with the clock. A clock set forward makes jobs due early, once.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._ahead: float | None = None
        """Seconds by which the wall clock was ahead of the monotonic one at the last selection."""

    def get_due_jobs(self, now: datetime) -> list[Any]:
        before, self._ahead = self._ahead, now.timestamp() - self._monotonic()
        if before is not None and before - self._ahead > _SET_BACK_SECONDS:
            back = timedelta(seconds=before - self._ahead)
            for job in self.get_all_jobs():
                job.modify(next_run_time=job.next_run_time - back)
        due: list[Any] = super().get_due_jobs(now)
        return due


def new_scheduler(store: SteadyJobStore | None = None) -> AsyncIOScheduler:
    """Return a scheduler that runs a job late rather than never, and never twice at once."""
    return AsyncIOScheduler(
        timezone=UTC,
        jobstores={"default": store or SteadyJobStore()},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )


@dataclass(eq=False, slots=True)
class _Runs:
    """The current runs of periodic stages."""

    stopping: asyncio.Event
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def run(self, runner: StageRunner) -> None:
        task = asyncio.current_task()
        if task is None or self.stopping.is_set():
            return
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        with suppress(asyncio.CancelledError):  # by `cancel`; APScheduler would log an error
            await runner.work(self.stopping)

    async def finish(self) -> None:
        await self.stopping.wait()
        if self.tasks:
            await asyncio.wait(self.tasks)

    async def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)


@asynccontextmanager
async def scheduling(
    runners: Iterable[StageRunner], stopping: asyncio.Event
) -> AsyncIterator[Callable[[], Coroutine[None, None, None]]]:
    """Run the periodic stages for the block, each at once and then at its interval.

    Yield a coroutine function that returns once *stopping* is set and the runs have finished. The
    end of the block cancels unfinished runs.
    """
    runs = _Runs(stopping)
    scheduler = new_scheduler()
    now = datetime.now(UTC)
    for runner in runners:
        trigger = IntervalTrigger(seconds=runner.stage.every.total_seconds(), timezone=UTC)
        scheduler.add_job(runs.run, trigger, (runner,), name=runner.name, next_run_time=now)
    for collect, every in memory.COLLECTIONS:
        trigger = IntervalTrigger(seconds=every.total_seconds(), timezone=UTC)
        scheduler.add_job(collect, trigger, next_run_time=now + memory.RECENT_EVERY)
    scheduler.start()
    try:
        yield runs.finish
    finally:
        await runs.cancel()
        scheduler.shutdown(wait=False)
