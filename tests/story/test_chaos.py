"""The whole bot under faults; `python -m benchmarks.chaos` has more of them."""

import random

import pytest

from benchmarks.chaos.audience import TITLES, TOPICS
from benchmarks.chaos.faults import Fault, clock_library
from benchmarks.chaos.run import Run
from benchmarks.chaos.verdict import Verdict
from bot.publishing.rate_limits import BURST
from tests.conftest import missing

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_kills_lose_nothing_and_repeat_no_more_than_was_in_flight(database_url, tmp_path):
    outcome = await Run(
        database_url,
        tmp_path,
        alerts=150,
        digests=4,
        faults={Fault.KILL: 3},
        dice=random.Random(3),
        say=print,
    ).run()

    assert outcome.verdict.due == 154
    assert outcome.is_good, outcome.to_json()
    assert outcome.faults["kills"] == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_equal_processes_lose_and_repeat_nothing_despite_faults(database_url, tmp_path):
    outcome = await Run(
        database_url,
        tmp_path,
        processes=2,
        alerts=80,
        digests=2,
        faults=dict.fromkeys((Fault.KILL, Fault.PAUSE, Fault.DROP), 1),
        dice=random.Random(3),
        say=print,
        latency=0.02,
        ends_leases=True,
        pause_seconds=11,  # past the end of an open transaction
    ).run()

    assert outcome.verdict.due == 82
    assert outcome.is_good, outcome.to_json()
    assert outcome.faults["kills"] == outcome.faults["pauses"] == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_clock_steps_delay_and_repeat_nothing(database_url, tmp_path):
    if clock_library() is None:
        missing("no libfaketime is installed here")

    outcome = await Run(
        database_url,
        tmp_path,
        processes=2,
        alerts=60,
        digests=2,
        faults={Fault.STEP: 4},
        dice=random.Random(3),
        say=print,
        latency=0.02,
    ).run()

    assert outcome.verdict.due == 62
    assert outcome.verdict.repeated == 0
    assert outcome.is_good, outcome.to_json()
    assert outcome.faults["steps"] == 4


@pytest.mark.parametrize("topic", TOPICS)
def test_no_topic_of_a_run_has_a_burst_of_alerts_that_would_wait(topic):
    assert 0 < sum(topic in title.lower() for title in TITLES) <= BURST


@pytest.mark.parametrize(
    ("seen", "is_good"),
    [
        pytest.param({"held": 5, "repeated": 7}, True, id="some held of a few"),
        pytest.param({"held": 9}, False, id="more held than were in flight twice"),
        pytest.param({"repeated": 17}, False, id="more repeats than were in flight"),
        pytest.param({"lost": 1}, False, id="one lost"),
        pytest.param({"doubled_decisions": 1}, False, id="one decided twice"),
        pytest.param(
            {"due": 5_200, "held": 52, "in_flight_at_kills": 400}, True, id="few held of many"
        ),
        pytest.param(
            {"due": 5_200, "held": 53, "in_flight_at_kills": 400}, False, id="too many held"
        ),
    ],
)
def test_a_verdict_depends_on_the_calls_in_flight(seen, is_good):
    fine = dict.fromkeys(("lost", "held", "repeated", "doubled_decisions"), 0)
    facts = fine | {"kills": 3, "due": 154, "in_flight_at_kills": 16} | seen

    assert Verdict(**facts).is_good is is_good
