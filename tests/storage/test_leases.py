from datetime import timedelta

from storage.db.engine import Storage
from storage.db.leases import acquire_lease, lease_of, release_lease, renew_lease
from tests.conftest import TurnedClock

LEASE = timedelta(seconds=10)


async def holds(storage: Storage, owner: str) -> bool:
    async with storage.writing() as unit:
        return await acquire_lease(unit, "poll", owner, LEASE)


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
        await release_lease(unit, "poll", "a")

    assert await holds(storage, "b")


async def test_a_lease_that_ran_out_is_kept_unless_another_took_it(
    storage: Storage, clock: TurnedClock
):
    assert await holds(storage, "a")
    clock.turn(2 * LEASE)

    async with storage.writing() as unit:
        assert await renew_lease(unit, "poll", "a", LEASE)
        assert await lease_of(unit, "poll") == ("a", unit.now + LEASE)
    clock.turn(LEASE)
    assert await holds(storage, "b")
    async with storage.writing() as unit:
        assert not await renew_lease(unit, "poll", "a", LEASE)


async def test_nobody_has_a_role_that_was_never_taken(storage: Storage):
    async with storage.reading() as unit:
        assert await lease_of(unit, "poll") == ("", unit.now)
