"""Several processes of the whole bot on one database; a playground records their calls."""

import os
import signal
from contextlib import AsyncExitStack

import pytest

from storage.alerts import Alert
from tests.story.fleet import ALERTS, NEWS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_bots_on_postgresql_share_the_work_and_send_nothing_twice(fleet):
    async with fleet.bot() as one, fleet.bot() as two:
        await one.wait_for("ready")
        await two.wait_for("ready")
        fleet.paper.print(*NEWS)
        await fleet.until_all_alerts_are_sent()
        await one.stop()
        await two.stop()

    assert await fleet.messages_by_chat() == dict.fromkeys(fleet.readers, len(NEWS))
    assert await fleet.count(Alert) == ALERTS


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_second_bot_takes_over_from_a_stopped_poller(small_fleet):
    ann, ben = small_fleet.readers[:2]
    async with small_fleet.bot("chat") as one, small_fleet.bot("chat") as two:
        await one.wait_for("ready")
        await two.wait_for("ready")
        await small_fleet.playground.post("send", chat_id=ann, text="/help")
        await small_fleet.until_sent(1)
        await one.stop()

        await small_fleet.playground.post("send", chat_id=ben, text="/help")
        await small_fleet.until_sent(2)
        await two.stop()

    assert await small_fleet.messages_by_chat() == {ann: 1, ben: 1}
    journal = await small_fleet.playground.get("journal")
    assert {call["status"] for call in journal if call["method"] == "getUpdates"} <= {200, 0}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_second_bot_takes_over_from_a_killed_poller(small_fleet):
    ann, ben = small_fleet.readers[:2]
    async with small_fleet.bot("chat") as one:
        await one.wait_for("ready")
        await small_fleet.playground.post("send", chat_id=ann, text="/help")
        await small_fleet.until_sent(1)
        async with small_fleet.bot("chat") as two:
            await two.wait_for("ready")
            await one.kill()

            await small_fleet.playground.post("send", chat_id=ben, text="/help")
            await small_fleet.until_reached(ben)
            await two.stop()

    assert (await small_fleet.messages_by_chat())[ben] == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_halted_poller_does_not_answer_after_another_took_over(small_fleet):
    ann, ben, cem = small_fleet.readers[:3]
    async with small_fleet.bot("chat") as one:
        await one.wait_for("ready")
        await small_fleet.playground.post("send", chat_id=ann, text="/help")
        await small_fleet.until_sent(1)
        async with small_fleet.bot("chat") as two:
            await two.wait_for("ready")
            os.kill(one.process.pid, signal.SIGSTOP)
            await small_fleet.playground.post("send", chat_id=ben, text="/help")
            await small_fleet.until_reached(ben)

            os.kill(one.process.pid, signal.SIGCONT)
            await small_fleet.playground.post("send", chat_id=cem, text="/help")
            await small_fleet.until_reached(cem)
            await one.stop()
            await two.stop()

    messages = await small_fleet.messages_by_chat()
    assert (messages[ben], messages[cem]) == (1, 1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_each_role_may_have_a_process_of_its_own(fleet):
    async with AsyncExitStack() as stack:
        parts = [("chat", "web"), ("poll",), ("match",), ("publish",), ("send",)]
        bots = [await stack.enter_async_context(fleet.bot(*part)) for part in parts]
        for bot in bots:
            await bot.wait_for("ready")
        fleet.paper.print(*NEWS)
        await fleet.until_all_alerts_are_sent()
        for bot in bots:
            await bot.stop()

    assert await fleet.messages_by_chat() == dict.fromkeys(fleet.readers, len(NEWS))
