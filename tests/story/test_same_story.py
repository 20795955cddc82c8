"""One event, one message: it says who else reports it, and has the next chapter as a reply."""

import pytest

from storage.db.engine import Storage
from tests.story.newspaper import newspaper
from tests.story.playground import TOKEN, far_playground
from tests.story.processes import Workplace
from tests.story.test_two_bots import subscribe

pytestmark = pytest.mark.slow


async def test_a_second_newspaper_is_added_to_the_message(sqlite_url: str, workplace: Workplace):
    storage = Storage.open(sqlite_url)
    async with (
        far_playground(workplace.folder) as playground,
        newspaper() as town,
        newspaper("Village Paper") as village,
    ):
        settings = {
            "bot_token": TOKEN,
            "bot_api_url": playground.base_url,
            "database_url": sqlite_url,
            "allowed_networks": "127.0.0.0/8",
            "access": "open",
        }
        for paper in (town, village):
            add = ("sources", "add", paper.url, "--every", "1s")
            async with workplace.dateline(*add, **settings) as command:
                assert await command.ended() == 0, command.output
        await subscribe(storage, playground)
        async with workplace.dateline("run", **settings) as bot:
            await bot.said("ready")
            town.print("Mayor opens bridge over the Harmon river")
            await playground.until_called("sendMessage")

            village.print("New bridge over Harmon river opened by the mayor")
            await playground.until_called("editMessageText")
            await bot.stop()

        (sent,) = await playground.calls("sendMessage")
        (edited,) = await playground.calls("editMessageText")
    await storage.close()
    assert "also" not in sent["params"]["text"]
    assert edited["params"]["text"].endswith("· also Village Paper")
    assert edited["params"]["text"].startswith(sent["params"]["text"])


async def test_what_a_newspaper_reports_next_is_a_reply(sqlite_url: str, workplace: Workplace):
    storage = Storage.open(sqlite_url)
    async with far_playground(workplace.folder) as playground, newspaper() as town:
        settings = {
            "bot_token": TOKEN,
            "bot_api_url": playground.base_url,
            "database_url": sqlite_url,
            "allowed_networks": "127.0.0.0/8",
            "access": "open",
        }
        add = ("sources", "add", town.url, "--every", "1s")
        async with workplace.dateline(*add, **settings) as command:
            assert await command.ended() == 0, command.output
        await subscribe(storage, playground)
        async with workplace.dateline("run", **settings) as bot:
            await bot.said("ready")
            town.print("Mayor opens bridge over the Harmon river")
            await playground.until_called("sendMessage")

            town.print("Harmon river bridge closed hours after mayor opens it")
            await playground.until_called("sendMessage", 2)
            await bot.stop()

        first, second = await playground.calls("sendMessage")
    await storage.close()
    assert "reply_parameters" not in first["params"]
    assert second["params"]["reply_parameters"]["message_id"] == 1
    assert second["params"]["text"].startswith("More on this story · ")
