import asyncio

import pytest

from bot.sources.spacing import Spacing


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
def spacing(time: Time) -> Spacing:
    return Spacing(2, clock=time, sleep=time.sleep)


async def test_one_request_in_flight_to_a_host(spacing: Spacing):
    inside = most = 0

    async def ask() -> None:
        nonlocal inside, most
        async with spacing.turn("example.org"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(ask() for _ in range(5)))

    assert most == 1


async def test_two_seconds_lie_between_the_requests_to_a_host(spacing: Spacing, time: Time):
    moments = []
    for _ in range(3):
        async with spacing.turn("example.org"):
            moments.append(time.now)

    assert moments == [100, 102, 104]


async def test_other_hosts_do_not_wait(spacing: Spacing, time: Time):
    for host in ("a.example", "b.example", "c.example"):
        async with spacing.turn(host):
            pass

    assert time.now == 100


async def test_hosts_that_owe_nothing_are_forgotten(spacing: Spacing, time: Time):
    for number in range(3000):
        async with spacing.turn(f"{number}.example"):
            time.now += 1

    assert len(spacing._lines) <= 1001


async def test_a_request_that_fails_lets_the_next_one_in(spacing: Spacing):
    with pytest.raises(ZeroDivisionError):
        async with spacing.turn("example.org"):
            raise ZeroDivisionError

    async with spacing.turn("example.org"):
        pass
