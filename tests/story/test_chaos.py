"""The whole bot, killed at its work; `python -m tests.chaos` does it a hundred times."""

from __future__ import annotations

import random

import pytest

from tests.chaos.killing import Run


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_kills_lose_nothing_and_repeat_no_more_than_was_in_flight(database_url, tmp_path):
    dice = random.Random(3)
    run = Run(
        3, alerts=150, digests=4, database=database_url, folder=tmp_path, dice=dice, say=print
    )

    verdict, loud_repeats = await run.run()

    assert verdict.due == 154
    assert verdict.is_good
    assert loud_repeats == 0
