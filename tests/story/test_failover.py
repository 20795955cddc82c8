"""The primary is killed while messages go; `python -m tests.failover` does all kinds of it."""

from __future__ import annotations

from tests.conftest import missing
from tests.failover.clusters import binaries
from tests.failover.mishaps import Mishap
from tests.failover.working import Working


async def test_a_standby_that_is_promoted_has_all_and_work_goes_on(tmp_path):
    if binaries() is None:
        missing("no PostgreSQL server is installed here")

    outcome = await Working(tmp_path, alerts=60, say=print, latency=0.02).through(Mishap.FAILOVER)

    assert outcome.verdict.due == 60
    assert outcome.is_good, outcome.to_json()
