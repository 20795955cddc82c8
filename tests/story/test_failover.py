"""The database goes away while messages go; `python -m benchmarks.failover` does more of it."""

import pytest

from benchmarks.failover.clusters import binaries
from benchmarks.failover.mishaps import Mishap
from benchmarks.failover.working import Outcome, Working
from tests.conftest import missing

pytestmark = pytest.mark.slow


async def outcome_of(mishap: Mishap, folder) -> Outcome:
    if binaries() is None:
        missing("no PostgreSQL server is installed here")
    working = Working(folder, alerts=60, say=print, latency=0.02)
    return await working.through(mishap, silent_seconds=9)


async def test_a_standby_that_is_promoted_has_all_and_work_goes_on(tmp_path):
    outcome = await outcome_of(Mishap.FAILOVER, tmp_path)

    assert outcome.verdict.due == 60
    assert outcome.is_good, outcome.to_json()


@pytest.mark.parametrize(
    "mishap",
    [
        pytest.param(Mishap.FREEZE, id="a primary that stands still, and its standby promoted"),
        pytest.param(Mishap.PARTITION, id="a network that says nothing for a while"),
    ],
)
async def test_a_server_that_says_nothing_is_left_and_work_goes_on(tmp_path, mishap):
    outcome = await outcome_of(mishap, tmp_path)

    assert outcome.verdict.due == 60
    assert outcome.is_good, outcome.to_json()
