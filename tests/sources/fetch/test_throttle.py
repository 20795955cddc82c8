import asyncio
from datetime import timedelta

import pytest

from bot.sources.fetch.problems import HostWaits
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
        async with throttle.turn("example.org"):
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
        async with throttle.turn(host):
            moments.append(time.now)

    assert moments == expected


async def test_hosts_without_a_pause_are_forgotten(throttle, time):
    for number in range(3000):
        async with throttle.turn(f"{number}.example"):
            time.now += 1

    assert len(throttle._hosts) <= 1001


async def test_a_request_that_fails_lets_the_next_one_in(throttle):
    with pytest.raises(ZeroDivisionError):
        async with throttle.turn("example.org"):
            raise ZeroDivisionError

    async with throttle.turn("example.org"):
        pass


async def test_a_blocked_host_gets_no_request(throttle, time):
    async with throttle.turn("busy.example"):
        throttle.block("busy.example", timedelta(minutes=10))
        throttle.block("busy.example", timedelta(minutes=5))

    with pytest.raises(HostWaits) as waits:
        async with throttle.turn("busy.example"):
            pass
    async with throttle.turn("other.example"):
        pass

    assert waits.value.left == timedelta(minutes=10) - timedelta(seconds=2)
    time.now += 600
    async with throttle.turn("busy.example"):
        pass


async def test_requests_in_line_fail_once_their_host_is_blocked(throttle):
    asked = []

    async def ask(name: str) -> None:
        async with throttle.turn("busy.example"):
            asked.append(name)
            throttle.block("busy.example", timedelta(minutes=10))

    results = await asyncio.gather(ask("one"), ask("two"), ask("three"), return_exceptions=True)

    assert asked == ["one"]
    assert [type(result) for result in results[1:]] == [HostWaits, HostWaits]
