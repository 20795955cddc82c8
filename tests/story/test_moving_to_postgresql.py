"""Moving the bot to PostgreSQL with a message in its outbox."""

import pytest
from sqlmodel import col, func, select

from storage.db.engine import Storage
from storage.enums import DeliveryState
from storage.outbox import Delivery
from tests.story.fleet import subscribe
from tests.story.newspaper import newspaper
from tests.story.playground import remote_playground
from tests.story.processes import Workplace

pytestmark = pytest.mark.slow


async def count_deliveries(url: str, state: DeliveryState) -> int:
    storage = Storage.open(url)
    try:
        async with storage.reading() as tx:
            return await tx.one(select(func.count()).where(col(Delivery.state) == state))
    finally:
        await storage.close()


async def test_a_message_in_the_old_database_is_sent_once_from_the_new(
    sqlite_url: str, own_postgresql_url: str, workplace: Workplace
):
    storage = Storage.open(sqlite_url)
    async with remote_playground(workplace.folder) as playground, newspaper() as paper:
        settings = playground.settings(database_url=sqlite_url)
        await workplace.add_source(paper.url, **settings)
        reader = await subscribe(storage, playground)
        await storage.close()

        async def is_pending() -> bool:
            return await count_deliveries(sqlite_url, DeliveryState.PENDING) == 1

        async with workplace.dateline("run", "--roles", "poll,match,publish", **settings) as bot:
            await bot.wait_for("ready")
            paper.print("Mayor opens a bridge")
            await playground.until(is_pending)
            # The command refuses to move the data of a running bot.
            move = ("migrate-storage", sqlite_url, own_postgresql_url)
            async with workplace.dateline(*move) as command:
                assert await command.exit_code() == 75
                assert "already runs the bot" in command.output
            await bot.stop()
        async with workplace.dateline(*move) as command:
            assert await command.exit_code() == 0, command.output
        assert f"Set DATABASE_URL={own_postgresql_url} in .env" in command.output.replace("\n", " ")

        settings["database_url"] = own_postgresql_url

        async def both_are_sent() -> bool:
            return await count_deliveries(own_postgresql_url, DeliveryState.SENT) == 2

        async with workplace.dateline("run", **settings) as bot:
            await bot.wait_for("ready")
            paper.print("Mayor closes a bridge")
            await playground.until(both_are_sent)
            await bot.stop()

        assert [call["chat_id"] for call in await playground.messages_sent()] == [reader, reader]
