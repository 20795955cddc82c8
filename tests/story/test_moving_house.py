"""The bot moves to PostgreSQL with a message in its outbox, and goes on there."""

from typing import Any

import pytest
from sqlmodel import col, func, select

from storage.db.engine import Storage
from storage.enums import DeliveryState
from storage.outbox import Delivery
from tests.story.newspaper import newspaper
from tests.story.playground import TOKEN, far_playground
from tests.story.processes import Workplace
from tests.story.test_two_bots import subscribe

pytestmark = pytest.mark.slow


async def in_state(url: str, state: DeliveryState) -> int:
    storage = Storage.open(url)
    try:
        async with storage.reading() as tx:
            asked = select(func.count()).where(col(Delivery.state) == state)
            return int((await tx.session.exec(asked)).one())
    finally:
        await storage.close()


async def test_what_waits_in_the_old_database_is_sent_once_from_the_new(
    sqlite_url: str, own_postgresql_url: str, workplace: Workplace
):
    storage = Storage.open(sqlite_url)
    async with far_playground(workplace.folder) as playground, newspaper() as paper:
        settings: dict[str, Any] = {
            "bot_token": TOKEN,
            "bot_api_url": playground.base_url,
            "database_url": sqlite_url,
            "allowed_networks": "127.0.0.0/8",
            "access": "open",
        }
        add = ("sources", "add", paper.url, "--every", "1s")
        async with workplace.dateline(*add, **settings) as command:
            assert await command.ended() == 0, command.output
        reader = await subscribe(storage, playground)
        await storage.close()

        async def waits() -> bool:
            return await in_state(sqlite_url, DeliveryState.PENDING) == 1

        async with workplace.dateline("run", "--roles", "poll,match,publish", **settings) as bot:
            await bot.said("ready")
            paper.print("Mayor opens a bridge")
            await playground.until(waits)
            # While it runs nothing is moved.
            move = ("migrate-storage", sqlite_url, own_postgresql_url)
            async with workplace.dateline(*move) as command:
                assert await command.ended() == 75
                assert "already runs the bot" in command.output
            await bot.stop()
        async with workplace.dateline(*move) as command:
            assert await command.ended() == 0, command.output
        assert f"Set DATABASE_URL={own_postgresql_url} in .env" in command.output.replace("\n", " ")

        settings["database_url"] = own_postgresql_url

        async def both_are_sent() -> bool:
            return await in_state(own_postgresql_url, DeliveryState.SENT) == 2

        async with workplace.dateline("run", **settings) as bot:
            await bot.said("ready")
            paper.print("Mayor closes a bridge")
            await playground.until(both_are_sent)
            await bot.stop()

        assert [call["chat_id"] for call in await playground.messages_sent()] == [reader, reader]
