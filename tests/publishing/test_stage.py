"""The frame: one bad row neither ends a round nor takes others with it."""

import pytest

from bot.publishing.stage import in_batches, in_pages


async def test_rows_are_worked_on_in_batches():
    batches = []

    async def work(rows):
        batches.append(list(rows))

    await in_batches([1, 2, 3, 4, 5], work, together=2)

    assert batches == [[1, 2], [3, 4], [5]]


async def test_where_a_batch_fails_each_of_its_rows_is_tried_alone():
    done = []

    async def work(rows):
        if 2 in rows:
            raise ValueError(f"no {rows}")
        done.extend(rows)

    with pytest.raises(ExceptionGroup) as failed:
        await in_batches([1, 2, 3, 4, 5], work, together=3)

    assert done == [1, 3, 4, 5]
    assert [str(error) for error in failed.value.exceptions] == ["no [2]"]


async def test_a_row_that_is_worked_on_alone_is_tried_once():
    tried = []

    async def work(rows):
        tried.extend(rows)
        raise ValueError(rows)

    with pytest.raises(ExceptionGroup):
        await in_batches([1, 2], work)

    assert tried == [1, 2]


async def test_pages_follow_each_other_until_there_is_none(storage):
    begun = []

    async def page(_tx, after: int) -> int | None:
        begun.append(after)
        return after + 10 if after < 20 else None

    await in_pages(storage, page, 0)

    assert begun == [0, 10, 20]
