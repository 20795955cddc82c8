"""Stages: what wakes them, how long they work, and what becomes of errors."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from bot import stages
from bot.app.peers import Wakeups
from bot.stages import LastRound, Stage, StageRunner, connect
from storage.db.engine import Storage
from storage.enums import Notification
from tests.story.processes import PATIENCE

DECLARED = [each for each in vars(stages).values() if isinstance(each, Stage)]


async def nothing() -> int:
    return 0


def runner_of(
    run_once: Callable[[], Awaitable[int]], timeout: float = 3600, **more: Any
) -> StageRunner:
    stage = Stage(name="stage", every=timedelta(seconds=timeout))
    return StageRunner(stage, run_once, **more)


def test_every_stage_has_a_name_of_its_own_and_every_notification_wakes_one():
    assert len({each.name for each in DECLARED}) == len(DECLARED)
    assert {each for stage in DECLARED for each in stage.woken_by} == set(Notification)


def test_no_notification_is_declared_to_wake_a_periodic_stage():
    woken = {each for stage in DECLARED for each in stage.wakes}
    woken |= {each for each in DECLARED if each.woken_by}

    assert not [each.name for each in woken if each.is_periodic]


def test_a_stage_wakes_those_that_go_on_with_its_work_as_far_as_they_are_here():
    search, polls = (
        StageRunner(stages.SEARCH, nothing),
        [StageRunner(stages.POLL, nothing) for _ in (1, 2)],
    )
    match, send = StageRunner(stages.MATCH, nothing), StageRunner(stages.SEND, nothing)

    connect([search, *polls, match, send])

    assert search.wakes == tuple(polls)
    assert match.wakes == ()
    assert send.wakes == ()


async def test_a_poll_that_brings_nothing_wakes_no_other_stage():
    stopping, left = asyncio.Event(), [3, 2, 1]

    async def poll_due() -> int:
        if not left:
            stopping.set()
        return left.pop() if left else 0

    poll = StageRunner(stages.POLL, poll_due)
    others = [StageRunner(each, nothing) for each in (stages.PAGE, stages.PAGE, stages.MATCH)]
    connect([poll, *others])

    await poll.run(stopping)

    assert not [each.name for each in others if each.is_woken]


@pytest.mark.parametrize(
    ("notification", "woken"),
    [
        (Notification.PAGES, ["page", "page"]),
        (Notification.ARTICLES, ["match"]),
        (Notification.STORIES, ["match"]),
        (Notification.DELIVERIES, ["send", "mail"]),
    ],
)
async def test_a_committed_transaction_wakes_the_stages_that_have_work(
    sqlite_url, notification, woken
):
    storage = Storage.open(sqlite_url)
    here = (stages.PAGE, stages.PAGE, stages.MATCH, stages.SEND, stages.MAIL)
    runners = [StageRunner(each, nothing) for each in here]

    with storage.notifying(Wakeups(runners)):
        async with storage.writing() as tx:
            tx.notifications.add(notification)
            assert not any(each.is_woken for each in runners)
    await storage.close()

    assert [each.name for each in runners if each.is_woken] == woken


async def test_a_stage_that_nobody_wakes_looks_by_itself_when_its_time_is_over():
    stopping, runs = asyncio.Event(), []

    async def run_once() -> int:
        runs.append(1)
        if len(runs) == 3:
            stopping.set()
        return 0

    async with asyncio.timeout(PATIENCE):
        await runner_of(run_once, timeout=0.01).run(stopping)

    assert len(runs) == 3


async def run_until_idle(runner: StageRunner, idle: asyncio.Event) -> None:
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(runner.run(stopping))
        await idle.wait()
        stopping.set()


async def test_a_stage_works_until_nothing_is_left_and_wakes_those_behind_it():
    left = [2, 1, 0]
    idle = asyncio.Event()

    async def stage() -> int:
        done = left.pop(0)
        if not left:
            idle.set()
        return done

    behind = runner_of(nothing)
    await run_until_idle(runner_of(stage, wakes=(behind,)), idle)

    assert left == []
    assert behind.is_woken


async def test_a_stage_does_no_round_after_one_that_left_nothing_due():
    rounds = [2, LastRound(1)]

    async def stage() -> int:
        return rounds.pop(0)

    behind = runner_of(nothing)
    await runner_of(stage, wakes=(behind,)).work(asyncio.Event())

    assert rounds == []
    assert behind.is_woken


async def test_a_failing_stage_is_logged_and_tried_again_when_it_is_woken():
    calls = 0
    twice = asyncio.Event()

    async def stage() -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            runner.wake()
            raise OSError("the disk is full")
        twice.set()
        return 0

    runner = runner_of(stage)
    await run_until_idle(runner, twice)

    assert calls == 2


async def pauses_after(error: Exception, number: int) -> list[float]:
    """Return the first pauses of a stage that goes on failing."""
    waited: list[float] = []

    async def pause(stopping: asyncio.Event, seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == number:
            stopping.set()

    async def stage() -> int:
        runner.wake()
        raise error

    runner = runner_of(stage, pause=pause)
    await runner.run(asyncio.Event())
    return waited


async def test_a_stage_that_goes_on_failing_is_left_alone_for_longer_and_longer():
    with capture_logs() as logged:
        waited = await pauses_after(OSError("the disk is full"), 8)

    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [(line["event"], line["reason"]) for line in logged] == [
        ("a stage fails; it is tried again", "the disk is full")
    ]


async def test_where_another_server_may_take_over_it_is_asked_for_every_few_seconds():
    gone = DBAPIError("SELECT", {}, ConnectionResetError(), connection_invalidated=True)

    assert await pauses_after(gone, 5) == [1, 2, 2, 2, 2]


async def test_a_stage_may_go_on_failing_for_days():
    waited = await pauses_after(OSError("the disk is full"), 1100)

    assert waited[-1] == 60


async def test_recovery_is_logged_and_so_is_a_later_failure():
    outcomes: list[Exception | int] = [OSError("full"), LookupError("a bug"), OSError("full"), 1]
    outcomes += [OSError("full again"), 0]
    idle = asyncio.Event()

    async def stage() -> int:
        runner.wake()
        outcome = outcomes.pop(0)
        if not outcomes:
            idle.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def at_once(_: asyncio.Event, __: float) -> None:
        """Wait for nothing."""

    runner = runner_of(stage, pause=at_once)
    with capture_logs() as logged:
        await run_until_idle(runner, idle)

    assert [line["event"] for line in logged] == [
        "a stage fails; it is tried again",
        "a stage failed",
        "a stage works again",
        "a stage fails; it is tried again",
        "a stage works again",
    ]


async def test_a_stage_finishes_what_it_has_in_hand_when_asked_to_stop():
    stopping = asyncio.Event()
    finished = []

    async def stage() -> int:
        stopping.set()
        await asyncio.sleep(0)
        finished.append(True)
        return 1

    await runner_of(stage).run(stopping)

    assert finished == [True]
