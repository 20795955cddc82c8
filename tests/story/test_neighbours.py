"""An alert beside an account that attacks; see `python -m benchmarks.neighbours`."""

import pytest

from benchmarks.neighbours import attacks
from benchmarks.neighbours.scene import PATIENCE, attack_scene

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attacks.pause_host, id="a pause of the publisher's host"),
        pytest.param(attacks.slow_hosts, id="hosts that never respond"),
        pytest.param(attacks.heavy_documents, id="documents that unpack to much"),
    ],
)
async def test_an_alert_arrives_beside_an_account_that_attacks(attack):
    async with attack_scene() as scene:
        await attack(scene)

        assert await scene.alert() < PATIENCE
