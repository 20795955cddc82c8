"""Who shares a database frees what a killed process leased, and nothing of a living one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import OperationalError

from bot.app.presence import EVERY, LEASE, Presence
from storage.db.leases import acquire_lease, lease_of, presence_name
from storage.outbox import begin_sending, claim_deliveries, has_abandoned
from tests.delivery.conftest import Outbox

if TYPE_CHECKING:
    from storage.db.engine import Storage
    from tests.conftest import TurnedClock

pytestmark = pytest.mark.slow

DEAD, LIVING = (
    "a-host-with-a-long-name.example:1:aaaaaa",
    "a-host-with-a-long-name.example:2:bbbbbb",
)
HOUR = 240 * LEASE


@pytest.fixture
async def left(storage: Storage) -> int:
    """A call that DEAD has begun, and a role that it holds, for an hour each."""
    outbox = Outbox(storage)
    delivery = await outbox.add(await outbox.chat(7))
    async with storage.writing() as tx:
        await claim_deliveries(tx, DEAD, limit=1, lease=HOUR)
        await begin_sending(tx, [delivery], DEAD, HOUR)
        await acquire_lease(tx, "group", DEAD, HOUR)
    return delivery


async def is_free(storage: Storage) -> bool:
    async with storage.reading() as tx:
        owner, _ = await lease_of(tx, "group")
        return await has_abandoned(tx) and not owner


async def look_for(seconds: float, clock: TurnedClock, *processes: Presence) -> None:
    for _ in range(int(seconds / EVERY.total_seconds())):
        clock.turn(EVERY)
        for process in processes:
            await process.look()


async def test_what_a_dead_process_leased_is_free_after_its_silence(storage, clock, left):
    await Presence(storage, DEAD).look()

    await look_for(
        LEASE.total_seconds() + 2 * EVERY.total_seconds(), clock, Presence(storage, LIVING)
    )

    assert await is_free(storage)


async def test_a_living_process_keeps_what_it_leases(storage, clock, left):
    await look_for(
        600, clock, Presence(storage, DEAD), Presence(storage, LIVING), Presence(storage, "third")
    )

    assert not await is_free(storage)


async def test_who_came_after_the_silence_began_does_not_judge_before_it_has_lasted(
    storage, clock, left
):
    await Presence(storage, DEAD).look()
    clock.turn(2 * LEASE)
    new = Presence(storage, LIVING)

    await new.look()
    await look_for((LEASE - EVERY).total_seconds(), clock, new)

    assert not await is_free(storage)


async def test_after_an_outage_nobody_is_taken_for_dead_at_once(storage, clock, left):
    other = Presence(storage, DEAD)
    one = Presence(storage, LIVING)
    await look_for(60, clock, one, other)

    clock.turn(4 * LEASE)  # the database was away from both; one is back first
    await one.look()
    await look_for((LEASE - EVERY).total_seconds(), clock, one)
    await other.look()
    await look_for(60, clock, one, other)

    assert not await is_free(storage)


async def test_a_process_that_ends_leaves_what_was_cut_off_at_once(storage, clock, left):
    stopping = asyncio.Event()
    stopping.set()
    await Presence(storage, DEAD).keep(stopping)
    one = Presence(storage, LIVING)

    await one.look()
    await look_for(LEASE.total_seconds(), clock, one)

    assert await is_free(storage)


async def test_a_database_that_is_away_is_no_trouble():
    class Away:
        def writing(self):
            raise OperationalError("INSERT", None, OSError("gone"))

    await Presence(Away(), LIVING).look()  # type: ignore[arg-type]


def test_each_process_has_a_name_that_fits():
    assert presence_name(DEAD) != presence_name(LIVING)
    assert len(presence_name(DEAD)) == 32
    assert presence_name("me") == "alive:me"
