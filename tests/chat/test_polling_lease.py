"""The polling lease: ownership, takeover and expiry."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.chat.polling import CHECK_SECONDS, LEASE, RENEW_SECONDS, PollingLease
from storage.db.engine import Storage, Transaction

TAKEN_OVER_WITHIN = 10  # seconds


@pytest.fixture
def one(storage, seconds):
    return PollingLease(storage, "one", seconds)


@pytest.fixture
def two(storage, seconds):
    return PollingLease(storage, "two", seconds)


async def test_one_of_two_processes_keeps_the_lease(one, two, clock):
    for _ in range(10):
        assert await one.renew() == RENEW_SECONDS
        assert await two.renew() <= CHECK_SECONDS
        clock.turn(timedelta(seconds=RENEW_SECONDS))

        assert (one.lasts(), two.lasts()) == (True, False)


async def test_the_lease_of_a_killed_process_is_taken_over(one, two, clock):
    await one.renew()

    waited = 0.0
    while not two.lasts():
        seconds = await two.renew()
        if not two.lasts():
            waited += seconds
            clock.turn(timedelta(seconds=seconds))

    assert waited < TAKEN_OVER_WITHIN
    assert not one.lasts()


async def test_a_suspended_process_sees_that_its_lease_expired(one, two, clock):
    await one.renew()

    clock.turn(LEASE)

    assert not one.lasts()
    await two.renew()
    await one.renew()
    assert (one.lasts(), two.lasts()) == (False, True)


async def test_a_released_lease_is_free_at_once(one, two):
    await one.renew()

    await one.release()
    await two.renew()

    assert (one.lasts(), two.lasts()) == (False, True)


async def test_the_lease_is_renewed_until_the_stop(one, clock):
    stopping, waited = asyncio.Event(), []

    async def pause(_: asyncio.Event, seconds: float) -> None:
        waited.append(seconds)
        clock.turn(timedelta(seconds=seconds))
        if len(waited) == 10:
            stopping.set()

    one.pause = pause
    await one.run(stopping)

    assert waited == [RENEW_SECONDS] * 10


class FailingStorage(Storage):
    is_away = False

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        if self.is_away:
            raise OperationalError("SELECT", {}, Exception("away"))
        async with super().writing() as tx:
            yield tx


async def test_an_unavailable_database_ends_the_lease_and_is_logged_once(
    database_url, clock, seconds
):
    storage = FailingStorage.open(database_url, clock=clock)
    assert isinstance(storage, FailingStorage)
    one = PollingLease(storage, "one", seconds)
    await one.renew()

    storage.is_away = True
    with capture_logs() as logged:
        for _ in range(20):
            clock.turn(timedelta(seconds=await one.renew()))
        lasted = one.lasts()
        storage.is_away = False
        await one.renew()
    await storage.close()

    assert (lasted, one.lasts()) == (False, True)
    assert [line["event"] for line in logged] == [
        "polling stops while the database is unavailable",
        "polling resumes",
    ]
