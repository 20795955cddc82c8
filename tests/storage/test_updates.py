"""Updates that were processed: recorded with their result, for each bot, forgotten after a day."""

from datetime import timedelta

import pytest
from sqlmodel import select

from storage.db.engine import Storage
from storage.updates import ProcessedUpdate, UpdateRef, is_duplicate, record_result, result_of

FIRST = UpdateRef(bot_id=7_000_000_000, update_id=1)


async def handled_before(storage: Storage, update_ref: UpdateRef | None) -> bool:
    async with storage.writing() as tx:
        return await is_duplicate(tx, update_ref)


async def test_a_repeated_update_is_a_duplicate(storage):
    assert [await handled_before(storage, FIRST) for _ in range(3)] == [False, True, True]


async def test_the_same_number_of_another_bot_is_another_update(storage):
    await handled_before(storage, FIRST)

    assert not await handled_before(storage, UpdateRef(FIRST.bot_id + 1, FIRST.update_id))


async def test_an_action_without_an_update_is_never_a_duplicate(storage):
    assert [await handled_before(storage, None) for _ in range(2)] == [False, False]


async def test_a_rolled_back_update_is_no_duplicate(storage):
    async def fail_to_handle() -> None:
        async with storage.writing() as tx:
            await is_duplicate(tx, FIRST)
            raise LookupError

    with pytest.raises(LookupError):
        await fail_to_handle()

    assert not await handled_before(storage, FIRST)


async def test_the_result_of_an_update_is_known_to_its_repetition(storage):
    async with storage.writing() as tx:
        await is_duplicate(tx, FIRST)
        before = await result_of(tx, FIRST)
        await record_result(tx, FIRST, 12)

    async with storage.reading() as tx:
        assert (before, await result_of(tx, FIRST)) == (None, 12)


async def test_a_record_is_deleted_after_a_day(storage, clock):
    await handled_before(storage, FIRST)
    clock.turn(timedelta(days=1, seconds=1))
    await handled_before(storage, UpdateRef(1, 2))

    async with storage.reading() as tx:
        (kept,) = await tx.rows(select(ProcessedUpdate))
    assert (kept.bot_id, kept.update_id) == (1, 2)
