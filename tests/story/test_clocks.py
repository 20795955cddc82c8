"""A process whose clock is set back and forth; more of it: `python -m benchmarks.chaos --steps`."""

import random

import pytest

from benchmarks.chaos.clocks import faking
from benchmarks.chaos.together import Together
from benchmarks.chaos.troubles import Trouble
from tests.conftest import missing

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_clock_that_is_set_holds_up_and_doubles_nothing(database_url, tmp_path):
    if faking() is None:
        missing("no libfaketime is installed here")
    together = Together(
        database=database_url,
        folder=tmp_path,
        processes=2,
        alerts=60,
        digests=2,
        wanted={Trouble.STEP: 4},
        dice=random.Random(3),
        say=print,
        latency=0.02,
    )

    outcome = await together.run()

    assert outcome.verdict.due == 62
    assert outcome.verdict.repeated == 0
    assert outcome.is_good, outcome.to_json()
    assert outcome.troubles["steps"] == 4
