"""The whole bot behind PgBouncer in transaction mode."""

import pytest

from storage.alerts import Alert
from tests.pgbouncer import pooled
from tests.story.test_two_bots import ALERTS, NEWS, town

pytestmark = pytest.mark.slow

__all__ = ("town",)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_bots_behind_a_pooler_send_each_alert_once(town, database_url):
    async with pooled(database_url) as url:
        town.settings.update(database_url=url, database_direct_url=database_url)
        async with town.bot("chat", "poll", "match") as one, town.bot("publish", "send") as two:
            await one.said("ready")
            await two.said("ready")
            town.paper.print(*NEWS)
            await town.until_all_is_done()
            await one.stop()
            await two.stop()

    assert await town.arrived() == dict.fromkeys(town.readers, len(NEWS))
    assert await town.count(Alert) == ALERTS
