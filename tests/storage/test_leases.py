from datetime import timedelta

from storage.engine import Storage
from storage.leases import hold, let_go
from tests.conftest import TurnedClock

LEASE = timedelta(seconds=10)


async def holds(storage: Storage, owner: str) -> bool:
    async with storage.writing() as unit:
        return await hold(unit, "poll", owner, LEASE)


async def test_one_process_holds_a_role_and_renews_it(storage: Storage, clock: TurnedClock):
    assert await holds(storage, "a")
    assert not await holds(storage, "b")

    clock.turn(LEASE / 2)
    assert await holds(storage, "a")
    clock.turn(LEASE / 2)
    assert not await holds(storage, "b")


async def test_a_role_goes_to_another_when_its_holder_is_silent(
    storage: Storage, clock: TurnedClock
):
    assert await holds(storage, "a")

    clock.turn(LEASE)

    assert await holds(storage, "b")
    assert not await holds(storage, "a")


async def test_a_role_let_go_is_free_at_once(storage: Storage):
    assert await holds(storage, "a")

    async with storage.writing() as unit:
        await let_go(unit, "poll", "a")

    assert await holds(storage, "b")
