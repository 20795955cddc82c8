import asyncio

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from bot.loops import Loop, nap, until


async def run_until_idle(loop: Loop, idle: asyncio.Event) -> None:
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(loop.run(stopping))
        await idle.wait()
        stopping.set()


async def test_a_loop_works_until_nothing_is_left_then_wakes_those_behind_it():
    left = [2, 1, 0]
    idle = asyncio.Event()

    async def step() -> int:
        done = left.pop(0)
        if not left:
            idle.set()
        return done

    async def nothing() -> int:
        return 0

    behind = Loop("behind", nothing)
    await run_until_idle(Loop("step", step, wakes=(behind,)), idle)

    assert left == []
    assert behind._woken.is_set()


async def test_a_failing_step_is_logged_and_tried_again_at_the_next_tick():
    calls = 0
    twice = asyncio.Event()

    async def step() -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            loop.wake()
            raise OSError("the disk is full")
        twice.set()
        return 0

    loop = Loop("step", step)
    await run_until_idle(loop, twice)

    assert calls == 2


async def pauses_after(error: Exception, number: int) -> list[float]:
    """Return the first pauses of a loop whose step goes on failing."""
    waited: list[float] = []

    async def pause(stopping: asyncio.Event, seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == number:
            stopping.set()

    async def step() -> int:
        loop.wake()
        raise error

    loop = Loop("step", step, pause=pause)
    await loop.run(asyncio.Event())
    return waited


async def test_a_step_that_goes_on_failing_is_left_alone_for_longer_and_longer():
    with capture_logs() as told:
        waited = await pauses_after(OSError("the disk is full"), 8)

    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [(line["event"], line["reason"]) for line in told] == [
        ("a step fails; it is tried again", "the disk is full")
    ]


async def test_where_another_server_may_take_over_it_is_asked_for_every_few_seconds():
    gone = DBAPIError("SELECT", {}, ConnectionResetError(), connection_invalidated=True)

    assert await pauses_after(gone, 5) == [1, 2, 2, 2, 2]


async def test_a_step_may_go_on_failing_for_days():
    waited = await pauses_after(OSError("the disk is full"), 1100)

    assert waited[-1] == 60


async def test_what_works_again_is_said_and_new_trouble_too():
    outcomes: list[Exception | int] = [OSError("full"), LookupError("a bug"), OSError("full"), 1]
    outcomes += [OSError("full again"), 0]
    idle = asyncio.Event()

    async def step() -> int:
        loop.wake()
        outcome = outcomes.pop(0)
        if not outcomes:
            idle.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def at_once(_: asyncio.Event, __: float) -> None:
        """Wait for nothing."""

    loop = Loop("step", step, pause=at_once)
    with capture_logs() as told:
        await run_until_idle(loop, idle)

    assert [line["event"] for line in told] == [
        "a step fails; it is tried again",
        "a step failed",
        "a step works again",
        "a step fails; it is tried again",
        "a step works again",
    ]


async def test_a_loop_finishes_what_it_has_in_hand_when_asked_to_stop():
    stopping = asyncio.Event()
    finished = []

    async def step() -> int:
        stopping.set()
        await asyncio.sleep(0)
        finished.append(True)
        return 1

    await Loop("step", step).run(stopping)

    assert finished == [True]


async def test_waiting_ends_when_it_is_time_to_stop():
    stopping = asyncio.Event()
    stopping.set()

    await nap(stopping, 3600)

    assert await until(stopping, asyncio.sleep(3600, "never")) is None


async def test_what_is_waited_for_comes_through():
    assert await until(asyncio.Event(), asyncio.sleep(0, "here")) == "here"


async def test_an_error_of_what_is_waited_for_comes_through():
    async def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await until(asyncio.Event(), broken())
