import asyncio

import pytest

from bot.app.wiring import TICK_SECONDS, WAKES, WOKEN, Wakeups, wire
from bot.loops import Loop
from storage.db.engine import Storage
from storage.enums import Notification


def test_every_notification_wakes_a_loop():
    assert set(WOKEN) == set(Notification)
    assert {name for woken in WOKEN.values() for name in woken} <= set(TICK_SECONDS)


def test_what_is_woken_has_ticks_too():
    assert {name for woken in WAKES.values() for name in woken} | set(WAKES) <= set(TICK_SECONDS)


async def test_a_step_wakes_those_that_go_on_with_its_work_as_far_as_they_are_here():
    search, polls = _loop("search"), [_loop("poll"), _loop("poll")]
    match, send = _loop("match"), _loop("send")

    wire([search, *polls, match, send])

    assert search.wakes == tuple(polls)
    assert match.wakes == ()
    assert send.wakes == ()


async def test_a_poll_that_brings_nothing_wakes_no_other_step():
    stopping, left = asyncio.Event(), [3, 2, 1]

    async def poll_due() -> int:
        if not left:
            stopping.set()
        return left.pop() if left else 0

    poll = Loop("poll", poll_due)
    others = [_loop(name) for name in ("page", "page", "page", "page", "match")]
    wire([poll, *others])

    await poll.run(stopping)

    assert [loop.name for loop in others if loop._woken.is_set()] == []


@pytest.mark.parametrize(
    ("notification", "woken"),
    [
        (Notification.PAGES, ["page", "page"]),
        (Notification.ARTICLES, ["match"]),
        (Notification.STORIES, ["match"]),
        (Notification.DELIVERIES, ["send", "mail"]),
    ],
)
async def test_what_a_transaction_commits_wakes_the_steps_that_have_work(
    sqlite_url, notification, woken
):
    storage = Storage.open(sqlite_url)
    loops = [_loop(name) for name in ("page", "page", "match", "send", "mail")]

    with storage.notifying(Wakeups(loops)):
        async with storage.writing() as tx:
            tx.notifications.add(notification)
            assert not any(loop._woken.is_set() for loop in loops)
    await storage.close()

    assert [loop.name for loop in loops if loop._woken.is_set()] == woken


def _loop(name: str) -> Loop:
    async def step() -> int:
        return 0

    return Loop(name, step)
