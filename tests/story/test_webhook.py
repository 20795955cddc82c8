"""Updates by webhook: two processes behind a balancer, and from one way to another."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.story.balancer import Balancer, balancer
from tests.story.playground import TOKEN, FarPlayground, far_playground
from tests.story.processes import Command, Workplace, free_port

pytestmark = pytest.mark.slow

PEOPLE = 6
QUESTIONS = ("/help", "/settings")


@dataclass(frozen=True)
class Town:
    workplace: Workplace
    playground: FarPlayground
    balancer: Balancer
    ports: tuple[int, int]
    settings: dict[str, Any]

    def bot(self, port: int, updates: str = "webhook") -> AbstractAsyncContextManager[Command]:
        facts = self.settings | {"web_port": port, "updates": updates}
        return self.workplace.dateline("run", "--roles", "chat,send", **facts)

    async def person(self) -> int:
        return int((await self.playground.post("add_user", first_name="Ann"))["id"])

    async def ask(self, people: list[int], *questions: str) -> None:
        for question in questions:
            for person in people:
                await self.playground.post("send", chat_id=person, text=question)

    async def answers(self, person: int) -> list[str]:
        sent = await self.playground.messages_sent()
        return [call["params"]["text"] for call in sent if call["chat_id"] == person]

    async def until_answered(self, people: list[int], number: int) -> None:
        async def are_there() -> bool:
            return all([len(await self.answers(person)) >= number for person in people])

        await self.playground.until(are_there)


@pytest.fixture
async def town(database_url: str, workplace: Workplace) -> AsyncIterator[Town]:
    ports = (free_port(), free_port())
    async with (
        far_playground(workplace.folder, longest_pause=0.5) as playground,
        balancer(*ports) as passing,
    ):
        settings = {
            "bot_token": TOKEN,
            "bot_api_url": playground.base_url,
            "database_url": database_url,
            "public_url": passing.url,
            "access": "open",
            "admin_ids": "1",
        }
        yield Town(workplace, playground, passing, ports, settings)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_in_a_rolling_restart_all_is_answered_once_and_in_order(town):
    first, second = town.ports
    people = [await town.person() for _ in range(PEOPLE)]
    async with town.bot(first) as one, town.bot(second) as two:
        await one.said("ready")
        await two.said("ready")
        await town.ask(people, *QUESTIONS)
        await one.stop()
        await town.ask(people, *QUESTIONS)
        async with town.bot(first) as anew:
            await anew.said("ready")
            await two.stop()
            await town.ask(people, *QUESTIONS)
            await town.until_answered(people, 3 * len(QUESTIONS))
            await anew.stop()

    for person in people:
        answers = await town.answers(person)
        assert len(answers) == 3 * len(QUESTIONS)
        assert len({*answers[0::2]}) == len({*answers[1::2]}) == 1
        assert answers[0] != answers[1]
    assert min(town.balancer.served[port] for port in town.ports) > 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_a_killed_process_had_in_hand_another_answers(town):
    people = [await town.person() for _ in range(PEOPLE)]
    async with town.bot(town.ports[0]) as one, town.bot(town.ports[1]) as two:
        await one.said("ready")
        await two.said("ready")
        await town.ask(people, *QUESTIONS)
        await one.kill()
        await town.until_answered(people, len(QUESTIONS))
        await two.stop()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_from_one_way_to_the_other_and_back_nothing_is_lost(town):
    port = town.ports[0]
    ann = await town.person()
    for number, updates in enumerate(("webhook", "polling", "webhook"), 1):
        await town.ask([ann], "/help")
        async with town.bot(port, updates) as bot:
            await town.until_answered([ann], number)
            await bot.stop()

    assert len(await town.answers(ann)) == 3
