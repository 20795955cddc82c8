"""The database fails while messages are sent; see `python -m benchmarks.failover`."""

import pytest

from benchmarks.failover.clusters import binaries
from benchmarks.failover.outages import OutageKind
from benchmarks.failover.run import Outcome, Run
from tests.conftest import missing

pytestmark = pytest.mark.slow


async def outcome_of(kind: OutageKind, folder) -> Outcome:
    if binaries() is None:
        missing("no PostgreSQL server is installed here")
    run = Run(folder, alerts=60, say=print, latency=0.02)
    return await run.through(kind, silent_seconds=9)


async def test_work_continues_on_a_promoted_standby(tmp_path):
    outcome = await outcome_of(OutageKind.FAILOVER, tmp_path)

    assert outcome.verdict.due == 60
    assert outcome.is_good, outcome.to_json()


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(OutageKind.FREEZE, id="a halted primary, and its standby promoted"),
        pytest.param(OutageKind.PARTITION, id="a network partition"),
    ],
)
async def test_work_continues_after_a_silent_server(tmp_path, kind):
    outcome = await outcome_of(kind, tmp_path)

    assert outcome.verdict.due == 60
    assert outcome.is_good, outcome.to_json()
