from datetime import timedelta

from sqlmodel import col, select

from storage.db.engine import Storage
from storage.db.leases import (
    acquire_lease,
    claim,
    lease_of,
    lock_own,
    release,
    release_each,
    release_lease,
    renew,
    renew_lease,
)
from storage.stories import Story, create_stories
from tests.conftest import TurnedClock

LEASE = timedelta(seconds=10)


async def holds(storage: Storage, owner: str) -> bool:
    async with storage.writing() as tx:
        return await acquire_lease(tx, "poll", owner, LEASE)


async def test_one_process_holds_a_role_and_renews_it(storage: Storage, clock: TurnedClock):
    assert await holds(storage, "a")
    assert not await holds(storage, "b")

    clock.turn(LEASE / 2)
    assert await holds(storage, "a")
    clock.turn(LEASE / 2)
    assert not await holds(storage, "b")


async def test_an_expired_role_goes_to_another_process(storage: Storage, clock: TurnedClock):
    assert await holds(storage, "a")

    clock.turn(LEASE)

    assert await holds(storage, "b")
    assert not await holds(storage, "a")


async def test_a_released_role_is_free_at_once(storage: Storage):
    assert await holds(storage, "a")

    async with storage.writing() as tx:
        await release_lease(tx, "poll", "a")

    assert await holds(storage, "b")


async def test_an_expired_lease_is_renewed_unless_another_took_it(
    storage: Storage, clock: TurnedClock
):
    assert await holds(storage, "a")
    clock.turn(2 * LEASE)

    async with storage.writing() as tx:
        assert await renew_lease(tx, "poll", "a", LEASE)
        assert await lease_of(tx, "poll") == ("a", tx.now + LEASE)
    clock.turn(LEASE)
    assert await holds(storage, "b")
    async with storage.writing() as tx:
        assert not await renew_lease(tx, "poll", "a", LEASE)


async def test_a_role_that_was_never_taken_is_free(storage: Storage):
    async with storage.reading() as tx:
        assert await lease_of(tx, "poll") == ("", tx.now)


async def claimed(storage: Storage, owner: str, count: int) -> list[int]:
    async with storage.writing() as tx:
        due, order = col(Story.reported) == 0, (col(Story.id),)
        stories = await claim(tx, Story, due, order=order, limit=count, owner=owner, lease=LEASE)
        return sorted(story.id for story in stories)


async def rows(storage: Storage) -> list[tuple[str | None, int]]:
    """Return the owner of each story, and its `reported`."""
    async with storage.reading() as tx:
        return list(await tx.rows(select(Story.owner, Story.reported).order_by(col(Story.id))))


async def two_have_three(storage: Storage) -> list[int]:
    """Create three stories, the first two leased to "a", the third to "b"; return their ids."""
    async with storage.writing() as tx:
        await create_stories(tx, 3)
    return [*await claimed(storage, "a", 2), *await claimed(storage, "b", 1)]


async def test_only_own_rows_are_renewed(storage: Storage, clock: TurnedClock):
    ids = await two_have_three(storage)
    clock.turn(LEASE / 2)

    async with storage.writing() as tx:
        assert await renew(tx, Story, ids, "a", LEASE, grown=7) == set(ids[:2])

    clock.turn(LEASE / 2)
    assert await claimed(storage, "c", 3) == ids[2:]
    async with storage.reading() as tx:
        assert await tx.rows(select(Story.grown).order_by(col(Story.id))) == [7, 7, 0]


async def test_rows_are_released_with_other_values(storage: Storage):
    ids = await two_have_three(storage)

    async with storage.writing() as tx:
        assert await release(tx, Story, ids, "a", reported=1) == set(ids[:2])
        assert await release(tx, Story, ids, "a") == set()
        assert await renew(tx, Story, ids, "a", LEASE) == set()

    assert await rows(storage) == [(None, 1), (None, 1), ("b", 0)]


async def test_rows_that_the_owner_leases_are_locked(storage: Storage):
    ids = await two_have_three(storage)

    async with storage.writing() as tx:
        assert await lock_own(tx, Story, ids, "a") == set(ids[:2])


async def test_each_leased_row_is_released_with_values_of_its_own(
    storage: Storage, clock: TurnedClock
):
    ids = await two_have_three(storage)
    rest = clock.now + 5 * LEASE

    async with storage.writing() as tx:
        changes: dict[int, dict[str, object]] = {
            ids[0]: {"reported": 3},
            ids[1]: {"lease_until": rest},
            ids[2]: {"reported": 3},
        }
        assert await release_each(tx, Story, changes, "a") == set(ids[:2])
        assert await release_each(tx, Story, {}, "a") == set()

    assert await rows(storage) == [(None, 3), (None, 0), ("b", 0)]
    clock.turn(LEASE)
    assert await claimed(storage, "c", 3) == ids[2:]
    clock.turn(4 * LEASE)
    assert await claimed(storage, "d", 3) == ids[1:]
