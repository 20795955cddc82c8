"""Updates that were processed: recorded with their result, for each bot, forgotten after a day."""

from datetime import timedelta

from sqlmodel import select

from storage.db.engine import Storage
from storage.updates import ProcessedUpdate, UpdateRef, is_duplicate, record_result, result_of

FIRST = UpdateRef(bot_id=7_000_000_000, update_id=1)


async def comes(storage: Storage, once: UpdateRef | None) -> bool:
    async with storage.writing() as tx:
        return await is_duplicate(tx, once)


async def test_the_second_time_is_again(storage):
    assert [await comes(storage, FIRST) for _ in range(3)] == [False, True, True]


async def test_the_same_number_of_another_bot_is_another_update(storage):
    await comes(storage, FIRST)

    assert not await comes(storage, UpdateRef(FIRST.bot_id + 1, FIRST.update_id))


async def test_what_comes_by_no_update_is_meant_each_time(storage):
    assert [await comes(storage, None) for _ in range(2)] == [False, False]


async def test_what_is_not_committed_was_not_handled(storage):
    async with storage.writing() as tx:
        await is_duplicate(tx, FIRST)
        await tx.session.rollback()

    assert not await comes(storage, FIRST)


async def test_what_the_update_made_is_known_the_second_time(storage):
    async with storage.writing() as tx:
        await is_duplicate(tx, FIRST)
        before = await result_of(tx, FIRST)
        await record_result(tx, FIRST, 12)

    async with storage.reading() as tx:
        assert (before, await result_of(tx, FIRST)) == (None, 12)


async def test_after_a_day_it_is_forgotten(storage, clock):
    await comes(storage, FIRST)
    clock.turn(timedelta(days=1, seconds=1))
    await comes(storage, UpdateRef(1, 2))

    async with storage.reading() as tx:
        (kept,) = await tx.session.exec(select(ProcessedUpdate))
    assert (kept.bot_id, kept.update_id) == (1, 2)
