"""An account that does its worst beside another; `python -m benchmarks.neighbours` times it."""

import pytest

from benchmarks.neighbours import attacks
from benchmarks.neighbours.scene import PATIENCE, scene

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attacks.asks_for_a_pause, id="a pause of the publisher's host"),
        pytest.param(attacks.slow_hosts, id="hosts that never answer"),
        pytest.param(attacks.heavy_documents, id="documents that unpack to much"),
    ],
)
async def test_an_alert_arrives_beside_an_account_that_attacks(attack):
    async with scene() as made:
        await attack(made)

        assert await made.alert() < PATIENCE
