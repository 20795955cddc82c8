"""Several processes on one PostgreSQL with faults; `python -m benchmarks.chaos --processes 4`."""

import random

import pytest

from benchmarks.chaos.together import Together
from benchmarks.chaos.troubles import Trouble

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_equal_processes_lose_and_repeat_nothing_in_any_trouble(database_url, tmp_path):
    wanted = dict.fromkeys((Trouble.KILL, Trouble.PAUSE, Trouble.DROP), 1)
    together = Together(
        database=database_url,
        folder=tmp_path,
        processes=2,
        alerts=80,
        digests=2,
        wanted=wanted,
        dice=random.Random(3),
        say=print,
        latency=0.02,
        buries=True,
        pause_seconds=11,  # past the end of an open transaction
    )

    outcome = await together.run()

    assert outcome.verdict.due == 82
    assert outcome.is_good, outcome.to_json()
    assert outcome.troubles["kills"] == outcome.troubles["pauses"] == 1
