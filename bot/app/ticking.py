"""The rhythm of one process: ticks that only wake loops, and what keeps its memory tidy."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.app.wiring import TICK_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from apscheduler.schedulers.base import BaseScheduler

    from bot.loops import Loop

# How often what is there by then is kept from the garbage collector, and how often it sees all.
KEEP_SECONDS = 600
# Objects made before the collector looks at them, in about a millisecond: each message and
# article makes hundreds, nearly all of which go by themselves.
COLLECTED_AT_ONCE = 5_000
LOOK_THROUGH_SECONDS = 24 * 3600
# How often the machine's clock is looked at, and a step that is no drift.
CLOCK_SECONDS = 1.0


@asynccontextmanager
async def ticking(loops: Iterable[Loop]) -> AsyncIterator[None]:
    """Wake each loop in its rhythm; the scheduler holds no state, and keeps the memory tidy."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    scheduler = AsyncIOScheduler(timezone="UTC")
    ticks = [(loop.tick, TICK_SECONDS[loop.name]) for loop in loops]
    ticks += [(keep_what_is_there, KEEP_SECONDS), (look_through_all, LOOK_THROUGH_SECONDS)]
    for tick, seconds in ticks:
        scheduler.add_job(
            tick,
            "interval",
            seconds=seconds,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        async with asyncio.TaskGroup() as group:
            following = group.create_task(follow_the_clock(scheduler))
            yield
            following.cancel()
    finally:
        scheduler.shutdown(wait=False)


def _ahead() -> float:
    """Return by how many seconds the machine's clock is ahead of one that is never set."""
    return time.time() - time.monotonic()


async def follow_the_clock(
    scheduler: BaseScheduler,
    ahead: Callable[[], float] = _ahead,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Without end: move the ticks with a clock that is set back.

    They are due by that clock, and would all wait until it has caught up.
    """
    before = ahead()
    while True:
        await pause(CLOCK_SECONDS)
        now = ahead()
        if (back := before - now) > CLOCK_SECONDS:
            for job in scheduler.get_jobs():
                job.modify(next_run_time=job.next_run_time - timedelta(seconds=back))
        before = now


def collect_from_here() -> None:
    """Let the garbage collector begin, and spare it what the start has made.

    Nearly all of that stays: of 250,000 objects a look through them frees 2,000.
    """
    gc.set_threshold(COLLECTED_AT_ONCE)
    gc.freeze()
    gc.enable()


async def keep_what_is_there() -> None:
    """Spare the garbage collector what stays for days: imports, the index, the stories.

    To look through it all takes up to a second, and holds up the event loop; through what came
    since the last time, a few milliseconds. What was kept goes when nobody refers to it.
    """
    gc.collect()
    collect_from_here()


async def look_through_all() -> None:
    """Find the circles that were in use when they were kept, and are not any more."""
    gc.unfreeze()
    await keep_what_is_there()
