"""The whole bot, twice on one database; counted by a playground of its own process."""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import col, func, select

from bot.subscribers import subscriptions, users
from bot.subscribers.access import Access
from bot.subscribers.users import Sender
from storage.alerts import Alert
from storage.db.engine import Storage
from storage.enums import DeliveryState, Mode
from storage.outbox import Delivery
from tests.resources import USUAL_LIMITS
from tests.story.newspaper import Newspaper, newspaper
from tests.story.playground import TOKEN, FarPlayground, far_playground
from tests.story.processes import Command, Workplace

pytestmark = pytest.mark.slow

CHATS = 100
NEWS = ("Mayor opens a bridge", "Mayor closes a bridge")
ALERTS = CHATS * len(NEWS)


@dataclass(frozen=True)
class Town:
    """A playground, a newspaper, many readers who all want to hear of the mayor, and their bot."""

    workplace: Workplace
    playground: FarPlayground
    paper: Newspaper
    storage: Storage
    settings: dict[str, Any]
    readers: tuple[int, ...]

    def bot(self, *roles: str) -> AbstractAsyncContextManager[Command]:
        """Run the bot, or of it only the *roles*."""
        said = ("--roles", ",".join(roles)) if roles else ()
        return self.workplace.dateline("run", *said, **self.settings)

    async def arrived(self) -> Counter[int]:
        return Counter(call["chat_id"] for call in await self.playground.messages_sent())

    async def until_sent(self, number: int) -> None:
        async def are_sent() -> bool:
            return (await self.arrived()).total() >= number

        await self.playground.until(are_sent)

    async def until_arrived(self, reader: int) -> None:
        async def is_there() -> bool:
            return reader in await self.arrived()

        await self.playground.until(is_there)

    async def until_all_is_done(self) -> None:
        async def is_done() -> bool:
            return await self.count(Delivery, col(Delivery.state) == DeliveryState.SENT) == ALERTS

        await self.playground.until(is_done)

    async def count(self, table: Any, *conditions: Any) -> int:
        async with self.storage.reading() as tx:
            question = select(func.count()).select_from(table).where(*conditions)
            return int((await tx.session.exec(question)).one())


@pytest.fixture
async def town(database_url: str, workplace: Workplace) -> AsyncIterator[Town]:
    storage = Storage.open(database_url)
    async with far_playground(workplace.folder) as playground, newspaper() as paper:
        settings = {
            "bot_token": TOKEN,
            "bot_api_url": playground.base_url,
            "database_url": database_url,
            "allowed_networks": "127.0.0.0/8",
            "access": "open",
            "admin_ids": "1",
        }
        add = ("sources", "add", paper.url, "--every", "1s")
        async with workplace.dateline(*add, **settings) as command:
            assert await command.ended() == 0, command.output
        readers = [await subscribe(storage, playground) for _ in range(CHATS)]
        yield Town(workplace, playground, paper, storage, settings, tuple(readers))
    await storage.close()


async def subscribe(storage: Storage, playground: FarPlayground) -> int:
    number: int = (await playground.post("add_user", first_name="Reader"))["id"]
    user = await users.identify(storage, Sender(number, number), access=Access(is_open=True))
    assert user
    await subscriptions.subscribe(storage, user.chat_id, "mayor", Mode.INSTANT, limits=USUAL_LIMITS)
    return number


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_bots_on_postgresql_share_the_work_and_send_nothing_twice(town):
    async with town.bot() as one, town.bot() as two:
        await one.said("ready")
        await two.said("ready")
        town.paper.print(*NEWS)
        await town.until_all_is_done()
        await one.stop()
        await two.stop()

    assert await town.arrived() == dict.fromkeys(town.readers, len(NEWS))
    assert await town.count(Alert) == ALERTS


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_one_of_two_bots_polls_and_the_other_takes_over(town):
    ann, ben = town.readers[:2]
    async with town.bot() as one, town.bot() as two:
        await one.said("ready")
        await two.said("ready")
        await town.playground.post("send", chat_id=ann, text="/help")
        await town.until_sent(1)
        await one.stop()

        await town.playground.post("send", chat_id=ben, text="/help")
        await town.until_sent(2)
        await two.stop()

    assert await town.arrived() == {ann: 1, ben: 1}
    journal = await town.playground.get("journal")
    assert {call["status"] for call in journal if call["method"] == "getUpdates"} <= {200, 0}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_where_the_one_that_polls_is_killed_the_other_answers(town):
    ann, ben = town.readers[:2]
    async with town.bot() as one:
        await one.said("ready")
        await town.playground.post("send", chat_id=ann, text="/help")
        await town.until_sent(1)
        async with town.bot() as two:
            await two.said("ready")
            await one.kill()

            await town.playground.post("send", chat_id=ben, text="/help")
            await town.until_arrived(ben)
            await two.stop()

    assert (await town.arrived())[ben] == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_bot_that_was_halted_does_not_take_what_another_takes_now(town):
    ann, ben, cem = town.readers[:3]
    async with town.bot() as one:
        await one.said("ready")
        await town.playground.post("send", chat_id=ann, text="/help")
        await town.until_sent(1)
        async with town.bot() as two:
            await two.said("ready")
            os.kill(one.process.pid, signal.SIGSTOP)
            await town.playground.post("send", chat_id=ben, text="/help")
            await town.until_arrived(ben)

            os.kill(one.process.pid, signal.SIGCONT)
            await town.playground.post("send", chat_id=cem, text="/help")
            await town.until_arrived(cem)
            await one.stop()
            await two.stop()

    arrived = await town.arrived()
    assert (arrived[ben], arrived[cem]) == (1, 1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_each_role_may_have_a_process_of_its_own(town):
    async with AsyncExitStack() as stack:
        parts = [("chat", "web"), ("poll",), ("match",), ("publish",), ("send",)]
        bots = [await stack.enter_async_context(town.bot(*part)) for part in parts]
        for bot in bots:
            await bot.said("ready")
        town.paper.print(*NEWS)
        await town.until_all_is_done()
        for bot in bots:
            await bot.stop()

    assert await town.arrived() == dict.fromkeys(town.readers, len(NEWS))
