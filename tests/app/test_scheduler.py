"""Periodic stages run in time even if the clock of the machine is set."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.app import memory
from bot.app.scheduler import SteadyJobStore, new_scheduler, scheduling
from bot.stages import Stage, StageRunner
from tests.story.processes import PATIENCE

EVERY = timedelta(seconds=600)


def runner_of(run_once: Callable[[], Awaitable[int]], every: timedelta = EVERY) -> StageRunner:
    return StageRunner(Stage(name="tidy", every=every, is_periodic=True), run_once)


async def nothing() -> None:
    """A job that is never due."""


@pytest.mark.parametrize(
    ("steps", "moved"),
    [
        pytest.param((-300.0,), 300, id="back: the jobs go with it"),
        pytest.param((300.0,), 0, id="forth: they are due already"),
        pytest.param((300.0, -300.0), 300, id="forth and back"),
        pytest.param((-0.1, -0.1), 0, id="a drift"),
    ],
)
async def test_due_times_move_back_with_the_clock(steps: tuple[float, ...], moved: float):
    store = SteadyJobStore(monotonic=lambda: 1000.0)
    scheduler = new_scheduler(store)
    scheduler.start(paused=True)
    job = scheduler.add_job(nothing, "interval", seconds=EVERY.total_seconds())
    due, now = job.next_run_time, datetime.now(UTC)
    store.get_due_jobs(now)

    for step in steps:
        now += timedelta(seconds=step)
        store.get_due_jobs(now)

    assert job.next_run_time == due - timedelta(seconds=moved)
    scheduler.shutdown(wait=False)


async def test_a_job_runs_in_time_after_the_clock_is_set_back():
    runs = asyncio.Semaphore(0)

    async def run() -> None:
        runs.release()

    class SetBack(datetime):
        by = timedelta()

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - cls.by

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("apscheduler.schedulers.base.datetime", SetBack)
        scheduler = new_scheduler()
        scheduler.start()
        scheduler.add_job(run, "interval", seconds=0.05)
        await runs.acquire()

        SetBack.by = timedelta(hours=1)

        async with asyncio.timeout(PATIENCE):
            for _ in range(3):
                await runs.acquire()
        scheduler.shutdown(wait=False)


async def test_a_periodic_stage_runs_at_once_and_then_at_its_interval():
    runs: list[int] = []
    thrice, stopping = asyncio.Event(), asyncio.Event()

    async def run_once() -> int:
        runs.append(1)
        if len(runs) == 3:
            thrice.set()
        return 0

    async with scheduling([runner_of(run_once, timedelta(seconds=0.05))], stopping) as finish:
        await thrice.wait()
        stopping.set()
        await finish()

    assert len(runs) == 3


async def test_all_objects_are_collected_soon_after_the_start(monkeypatch):
    collected = asyncio.Event()

    async def collect() -> None:
        collected.set()

    monkeypatch.setattr(memory, "RECENT_EVERY", timedelta())
    monkeypatch.setattr(memory, "COLLECTIONS", ((collect, timedelta(days=1)),))

    async with scheduling([], asyncio.Event()), asyncio.timeout(PATIENCE):
        await collected.wait()


async def test_current_runs_finish_before_the_process_ends():
    stopping, begun = asyncio.Event(), asyncio.Event()
    finished: list[bool] = []

    async def run_once() -> int:
        begun.set()
        await stopping.wait()
        await asyncio.sleep(0)
        finished.append(True)
        return 1  # there would be more to do

    async with scheduling([runner_of(run_once)], stopping) as finish:
        await begun.wait()
        stopping.set()
        await finish()

    assert finished == [True]


async def test_unfinished_runs_are_cancelled_at_the_end(caplog):
    begun, cancelled = asyncio.Event(), []

    async def run_once() -> int:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)  # a transaction is rolled back
            cancelled.append(True)
        return 0

    async with scheduling([runner_of(run_once)], asyncio.Event()):
        await begun.wait()

    assert cancelled == [True]
    assert not [line for line in caplog.records if line.levelname == "ERROR"]


async def test_a_failed_run_does_not_end_the_job():
    outcomes: list[Exception | int] = [OSError("the disk is full"), 0]
    twice, stopping = asyncio.Event(), asyncio.Event()

    async def run_once() -> int:
        outcome = outcomes.pop(0) if outcomes else 0
        if not outcomes:
            twice.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async with scheduling([runner_of(run_once, timedelta(seconds=0.05))], stopping):
        await twice.wait()

    assert outcomes == []
