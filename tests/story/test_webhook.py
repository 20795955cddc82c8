"""Updates by webhook: two processes behind a balancer, and changes between webhook and polling."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.story.balancer import Balancer, balancer
from tests.story.playground import RemotePlayground, remote_playground
from tests.story.processes import Command, Workplace, free_port

pytestmark = pytest.mark.slow

USERS = 6
QUESTIONS = ("/help", "/settings")


@dataclass(frozen=True)
class Webhooks:
    workplace: Workplace
    playground: RemotePlayground
    balancer: Balancer
    ports: tuple[int, int]
    settings: dict[str, Any]

    def bot(self, port: int, updates: str = "webhook") -> AbstractAsyncContextManager[Command]:
        facts = self.settings | {"web_port": port, "updates": updates}
        return self.workplace.dateline("run", "--roles", "chat,send", **facts)

    async def add_user(self) -> int:
        return int((await self.playground.post("add_user", first_name="Ann"))["id"])

    async def ask(self, users: list[int], *questions: str) -> None:
        for question in questions:
            for user in users:
                await self.playground.post("send", chat_id=user, text=question)

    async def answers(self, user: int) -> list[str]:
        sent = await self.playground.messages_sent()
        return [call["params"]["text"] for call in sent if call["chat_id"] == user]

    async def until_answered(self, users: list[int], number: int) -> None:
        async def are_answered() -> bool:
            return all([len(await self.answers(user)) >= number for user in users])

        await self.playground.until(are_answered)


@pytest.fixture
async def webhooks(database_url: str, workplace: Workplace) -> AsyncIterator[Webhooks]:
    ports = (free_port(), free_port())
    async with (
        remote_playground(workplace.folder, longest_pause=0.5) as playground,
        balancer(*ports) as balancing,
    ):
        settings = playground.settings(
            database_url=database_url, public_url=balancing.url, admin_ids="1"
        )
        yield Webhooks(workplace, playground, balancing, ports, settings)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_rolling_restart_answers_every_message_once_and_in_order(webhooks):
    first, second = webhooks.ports
    users = [await webhooks.add_user() for _ in range(USERS)]
    async with webhooks.bot(first) as one, webhooks.bot(second) as two:
        await one.wait_for("ready")
        await two.wait_for("ready")
        await webhooks.ask(users, *QUESTIONS)
        await one.stop()
        await webhooks.ask(users, *QUESTIONS)
        async with webhooks.bot(first) as restarted:
            await restarted.wait_for("ready")
            await two.stop()
            await webhooks.ask(users, *QUESTIONS)
            await webhooks.until_answered(users, 3 * len(QUESTIONS))
            await restarted.stop()

    for user in users:
        answers = await webhooks.answers(user)
        assert len(answers) == 3 * len(QUESTIONS)
        assert len({*answers[0::2]}) == len({*answers[1::2]}) == 1
        assert answers[0] != answers[1]
    assert min(webhooks.balancer.served[port] for port in webhooks.ports) > 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_updates_of_a_killed_process_are_answered_by_another(webhooks):
    users = [await webhooks.add_user() for _ in range(USERS)]
    async with webhooks.bot(webhooks.ports[0]) as one, webhooks.bot(webhooks.ports[1]) as two:
        await one.wait_for("ready")
        await two.wait_for("ready")
        await webhooks.ask(users, *QUESTIONS)
        await one.kill()
        await webhooks.until_answered(users, len(QUESTIONS))
        await two.stop()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_changing_between_webhook_and_polling_loses_no_message(webhooks):
    port = webhooks.ports[0]
    ann = await webhooks.add_user()
    for number, updates in enumerate(("webhook", "polling", "webhook"), 1):
        await webhooks.ask([ann], "/help")
        async with webhooks.bot(port, updates) as bot:
            await webhooks.until_answered([ann], number)
            await bot.stop()

    assert len(await webhooks.answers(ann)) == 3
