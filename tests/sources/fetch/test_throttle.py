import asyncio
from datetime import timedelta

import pytest

from bot.sources.fetch.problems import HostPaused
from bot.sources.fetch.throttle import Throttle


class Time:
    """A clock that its sleeper turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def throttle(time: Time) -> Throttle:
    return Throttle(2, clock=time, sleep=time.sleep)


async def test_a_host_has_one_request_in_flight(throttle):
    inside = most = 0

    async def ask() -> None:
        nonlocal inside, most
        async with throttle.turn("example.org", public=True):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(ask() for _ in range(5)))

    assert most == 1


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        pytest.param(["a.example"] * 3, [100, 102, 104], id="to one host: two seconds apart"),
        pytest.param(["a.example", "b.example"], [100, 100], id="to different hosts: at once"),
    ],
)
async def test_requests_to_one_host_are_spaced_out(throttle, time, hosts, expected):
    moments = []
    for host in hosts:
        async with throttle.turn(host, public=True):
            moments.append(time.now)

    assert moments == expected


async def test_hosts_without_a_pause_are_forgotten(throttle, time):
    for number in range(3000):
        async with throttle.turn(f"{number}.example", public=True):
            time.now += 1

    assert len(throttle._hosts) <= 1001


async def test_a_request_that_fails_lets_the_next_one_in(throttle):
    with pytest.raises(ZeroDivisionError):
        async with throttle.turn("example.org", public=True):
            raise ZeroDivisionError

    async with throttle.turn("example.org", public=True):
        pass


BUSY, WAIT = "busy.example", timedelta(minutes=10)


async def wait_of(throttle: Throttle, host: str, *, public: bool) -> timedelta:
    """Return how long a request would have to wait, which is made if it need not."""
    try:
        async with throttle.turn(host, public=public):
            return timedelta()
    except HostPaused as wait:
        return wait.left


async def test_a_pause_that_a_user_has_learned_binds_users_alone(throttle, time):
    throttle.block(BUSY, WAIT, public=False)
    throttle.block(BUSY, WAIT / 2, public=False)

    assert await wait_of(throttle, BUSY, public=False) == WAIT
    assert not await wait_of(throttle, BUSY, public=True)
    assert not await wait_of(throttle, "other.example", public=False)

    time.now += WAIT.total_seconds()
    assert not await wait_of(throttle, BUSY, public=False)


async def test_a_pause_that_a_public_request_has_learned_binds_all(throttle, time):
    throttle.block(BUSY, WAIT, public=True)

    assert await wait_of(throttle, BUSY, public=True)
    assert await wait_of(throttle, BUSY, public=False) == WAIT


async def test_the_stored_pause_decides_after_a_minute_whether_a_public_request_is_made(
    throttle, time
):
    throttle.block(BUSY, WAIT, public=True)
    time.now += 60

    assert await wait_of(throttle, BUSY, public=False) == WAIT - timedelta(minutes=1)
    assert not await wait_of(throttle, BUSY, public=True)


@pytest.mark.parametrize("public", [True, False])
async def test_requests_in_line_fail_once_their_host_is_blocked(throttle, public):
    asked = []

    async def ask(name: str) -> None:
        async with throttle.turn(BUSY, public=public):
            asked.append(name)
            throttle.block(BUSY, WAIT, public=public)

    results = await asyncio.gather(ask("one"), ask("two"), ask("three"), return_exceptions=True)

    assert asked == ["one"]
    assert [type(result) for result in results[1:]] == [HostPaused, HostPaused]


async def test_a_public_request_goes_before_those_of_users_that_wait_longer(throttle):
    order = []

    async def ask(name: str, *, public: bool) -> None:
        async with throttle.turn(BUSY, public=public):
            order.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(ask(f"user {number}", public=False))
        await asyncio.sleep(0)  # the first of them is in flight
        group.create_task(ask("public", public=True))

    assert order == ["user 0", "public", "user 1", "user 2"]


async def test_a_users_request_is_made_at_last_while_public_ones_keep_coming(throttle):
    order = []

    async def ask(name: str, *, public: bool) -> None:
        async with throttle.turn(BUSY, public=public):
            order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("public", public=True))
        group.create_task(ask("user", public=False))
        for _ in range(20):
            group.create_task(ask("public", public=True))

    assert order.index("user") == 5  # after ten seconds: a turn takes two


async def test_a_request_that_is_cancelled_in_line_lets_the_next_one_in(throttle):
    async def ask() -> None:
        async with throttle.turn(BUSY, public=False):
            pass

    async with throttle.turn(BUSY, public=False):
        first, second = asyncio.create_task(ask()), asyncio.create_task(ask())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)

    await second


async def test_pauses_that_are_over_are_forgotten(throttle, time):
    for number in range(3000):
        throttle.block(f"{number}.example", timedelta(seconds=1), public=True)
        time.now += 1

    assert len(throttle._blocked_until) <= 2002
