"""One bad row neither ends a round nor takes others with it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.batches import in_batches


class Work:
    """Does rows, but fails for each batch with one of the *bad* ones."""

    def __init__(self, *bad: int, error: type[Exception] = ValueError) -> None:
        self.bad = set(bad)
        self.error = error
        self.batches: list[list[int]] = []
        self.done: list[int] = []
        self.given_up: list[int] = []

    async def do(self, rows: Sequence[int]) -> None:
        self.batches.append(list(rows))
        if self.bad.intersection(rows):
            raise self.error(f"no {rows}")
        self.done += rows

    async def give_up(self, row: int, error: Exception) -> None:
        assert isinstance(error, self.error)
        self.given_up.append(row)


async def test_rows_are_worked_on_in_batches():
    work = Work()

    await in_batches([1, 2, 3, 4, 5], work.do, work.give_up, together=2)

    assert work.batches == [[1, 2], [3, 4], [5]]


@given(count=st.integers(1, 40), together=st.integers(1, 50), bad=st.sets(st.integers(0, 39)))
async def test_each_row_is_done_once_or_given_up_once(count, together, bad):
    work = Work(*bad)

    await in_batches(range(count), work.do, work.give_up, together=together)

    assert work.done == [row for row in range(count) if row not in bad]
    assert work.given_up == sorted(bad.intersection(range(count)))


async def test_one_bad_row_among_many_costs_few_batches():
    work = Work(300)

    await in_batches(range(400), work.do, work.give_up, together=400)

    assert len(work.batches) <= 2 * (400).bit_length() + 1


async def test_a_row_that_is_worked_on_alone_is_tried_once():
    work = Work(1, 2)

    await in_batches([1, 2], work.do, work.give_up)

    assert work.batches == [[1], [2]]


async def test_no_row_is_given_up_while_the_database_is_away():
    work = Work(1, error=ConnectionResetError)

    with pytest.raises(ConnectionResetError):
        await in_batches([1, 2], work.do, work.give_up)

    assert work.given_up == []
