"""One message for each event: it names all publishers, and the next chapter is a reply."""

import pytest

from storage.db.engine import Storage
from tests.story.fleet import subscribe
from tests.story.newspaper import newspaper
from tests.story.playground import remote_playground
from tests.story.processes import Workplace

pytestmark = pytest.mark.slow


async def test_a_second_newspaper_is_added_to_the_message(sqlite_url: str, workplace: Workplace):
    storage = Storage.open(sqlite_url)
    async with (
        remote_playground(workplace.folder) as playground,
        newspaper() as town,
        newspaper("Village Paper") as village,
    ):
        settings = playground.settings(database_url=sqlite_url)
        for paper in (town, village):
            await workplace.add_source(paper.url, **settings)
        await subscribe(storage, playground)
        async with workplace.dateline("run", **settings) as bot:
            await bot.wait_for("ready")
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


async def test_the_next_chapter_of_a_story_is_a_reply(sqlite_url: str, workplace: Workplace):
    storage = Storage.open(sqlite_url)
    async with remote_playground(workplace.folder) as playground, newspaper() as town:
        settings = playground.settings(database_url=sqlite_url)
        await workplace.add_source(town.url, **settings)
        await subscribe(storage, playground)
        async with workplace.dateline("run", **settings) as bot:
            await bot.wait_for("ready")
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
