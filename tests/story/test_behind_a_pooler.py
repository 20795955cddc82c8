"""The whole bot behind PgBouncer in transaction mode."""

import pytest

from storage.alerts import Alert
from tests.pgbouncer import pooled
from tests.story.fleet import ALERTS, NEWS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_bots_behind_a_pooler_send_each_alert_once(fleet, database_url):
    async with pooled(database_url) as url:
        fleet.settings.update(database_url=url, database_direct_url=database_url)
        async with fleet.bot("chat", "poll", "match") as one, fleet.bot("publish", "send") as two:
            await one.wait_for("ready")
            await two.wait_for("ready")
            fleet.paper.print(*NEWS)
            await fleet.until_all_alerts_are_sent()
            await one.stop()
            await two.stop()

    assert await fleet.messages_by_chat() == dict.fromkeys(fleet.readers, len(NEWS))
    assert await fleet.count(Alert) == ALERTS
