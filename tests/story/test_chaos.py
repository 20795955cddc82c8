"""The whole bot, killed at its work; `python -m benchmarks.chaos` does it a hundred times."""

import random

import pytest

from benchmarks.chaos.killing import Run
from benchmarks.chaos.verdict import Verdict

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_kills_lose_nothing_and_repeat_no_more_than_was_in_flight(database_url, tmp_path):
    dice = random.Random(3)
    run = Run(
        3, alerts=150, digests=4, database=database_url, folder=tmp_path, dice=dice, say=print
    )

    verdict, loud_repeats = await run.run()

    assert verdict.due == 154
    assert verdict.is_good, verdict
    assert loud_repeats == 0


@pytest.mark.parametrize(
    ("seen", "is_good"),
    [
        pytest.param({"held": 5, "repeated": 7}, True, id="of few more may be held"),
        pytest.param({"held": 9}, False, id="more than was in flight twice"),
        pytest.param({"repeated": 17}, False, id="more repeats than were in flight"),
        pytest.param({"lost": 1}, False, id="a lost one"),
        pytest.param({"doubled_decisions": 1}, False, id="one decided twice"),
        pytest.param({"due": 5_200, "held": 52, "in_flight_at_kills": 400}, True, id="of many"),
        pytest.param({"due": 5_200, "held": 53, "in_flight_at_kills": 400}, False, id="too many"),
    ],
)
def test_a_verdict_asks_for_what_is_sure(seen, is_good):
    fine = dict.fromkeys(("lost", "held", "repeated", "doubled_decisions"), 0)
    facts = fine | {"kills": 3, "due": 154, "in_flight_at_kills": 16} | seen

    assert Verdict(**facts).is_good is is_good
