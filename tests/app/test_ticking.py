import gc
import weakref
from collections.abc import Iterator
from datetime import timedelta

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.app.ticking import (
    COLLECTED_AT_ONCE,
    collect_from_here,
    follow_the_clock,
    keep_what_is_there,
    look_through_all,
)


class EndOfTestError(Exception):
    pass


class Circle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def thawed() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.enable()
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("thawed")
def test_the_collector_begins_after_the_start_and_waits_for_more_than_one_message_makes():
    gc.disable()

    collect_from_here()

    assert gc.isenabled()
    assert gc.get_threshold()[0] == COLLECTED_AT_ONCE


@pytest.mark.usefixtures("thawed")
def test_what_the_start_has_made_is_not_looked_through():
    started = Circle()
    seen = weakref.ref(started)
    del started

    collect_from_here()
    gc.collect()

    assert seen() is not None


@pytest.mark.usefixtures("thawed")
async def test_a_circle_that_was_kept_while_in_use_is_found_in_the_end():
    circle = Circle()
    seen = weakref.ref(circle)
    await keep_what_is_there()
    del circle

    await keep_what_is_there()
    kept = seen() is not None
    await look_through_all()

    assert kept
    assert seen() is None


@pytest.mark.parametrize(
    ("shown", "moved"),
    [
        pytest.param((0, -300), 300, id="back: the ticks go with it"),
        pytest.param((0, 300), 0, id="forth: they are due already"),
        pytest.param((0, 300, 0), 300, id="forth and back"),
        pytest.param((0, -0.1, -0.2), 0, id="a drift"),
    ],
)
async def test_no_tick_waits_until_a_clock_has_caught_up(shown: tuple[float, ...], moved: float):
    looks = list(shown)

    async def pause(_seconds: float) -> None:
        if not looks:
            raise EndOfTestError

    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.start()
    job = scheduler.add_job(keep_what_is_there, "interval", seconds=600)
    due = job.next_run_time

    with pytest.raises(EndOfTestError):
        await follow_the_clock(scheduler, ahead=lambda: looks.pop(0), pause=pause)

    assert job.next_run_time == due - timedelta(seconds=moved)
    scheduler.shutdown(wait=False)
