"""A flood of messages: the sender gets one notice, and nobody else waits."""

import asyncio

import pytest
from aiogram import Dispatcher
from aiogram.types import Message

from bot.chat.rate_limit import EVERYBODY, RateLimiter
from bot.subscribers.access import Access
from tests.chat.conftest import buttons
from tests.chat.receiving import polling
from tests.story.processes import PATIENCE

MANY = 300
TOO_MUCH = "That was a lot at once. I'll answer again in 10 seconds."


@pytest.fixture(autouse=True)
def all_at_once(monkeypatch):
    """Stop the clock of the rate limiter, so that a slow machine changes nothing."""
    monkeypatch.setattr("bot.chat.updates.now", lambda: 0.0)


@pytest.fixture
def limiter():
    return RateLimiter()


async def test_a_flooder_gets_one_burst_of_replies_and_one_notice(house, playground):
    eve = house.talk("Eve")
    for number in range(MANY):
        playground.send(eve.who, f"/help {number}")

    await playground.wait_for_message(eve.who, lambda message: message["text"] == TOO_MUCH)
    await house.talk("Ann").says("/help")  # the last update: all others were judged

    told = [message["text"] for message in eve.all()]
    assert told.count(TOO_MUCH) == 1
    assert len(told) <= EVERYBODY.burst + 1


async def test_too_many_taps_are_answered_with_a_toast(house, playground):
    eve = house.talk("Eve")
    topics = await eve.says("/topics")
    _, data = next(buttons(topics))

    pressed = [
        playground.press(eve.who, topics["message_id"], data) for _ in range(EVERYBODY.burst)
    ]

    assert (await playground.wait_for_answer(pressed[-1]))["text"] == TOO_MUCH


async def test_dropped_updates_reach_no_handler(receiving, handler):
    async with receiving.open(handler.dispatcher) as stopping:
        for number in range(MANY):
            await receiving.send(str(number), "Eve")
        await receiving.send("last", "Ann")
        await handler.wait_for(EVERYBODY.burst + 2)
        stopping.set()

    assert "last" in handler.texts
    assert len(handler.texts) == EVERYBODY.burst + 2  # the burst, the notice and "last"


async def test_a_calm_user_is_answered_while_the_handlers_of_a_flood_hang(playground, handler):
    ann, eve = playground.user("Ann"), playground.user("Eve")
    handler.held["flood"] = asyncio.Event()
    answered = asyncio.Event()

    async def floods() -> None:
        while not answered.is_set():
            for _ in range(20):
                playground.send(eve, "flood")
            await asyncio.sleep(0)

    async with polling(playground, handler.dispatcher) as stopping, asyncio.TaskGroup() as group:
        group.create_task(floods())
        await handler.begun.wait()
        playground.send(ann, "calm")
        first = list(await handler.wait_for(1))
        answered.set()
        handler.held["flood"].set()
        stopping.set()

    assert first == ["calm"]


async def test_the_number_of_updates_at_work_is_bounded(playground):
    handler = Crowd(begin=100)
    for number in range(250):
        playground.send(playground.user(f"P{number}"), "hello")

    async with polling(playground, handler.dispatcher, most_at_work=10):
        await handler.wait_for(250)

    assert handler.most_at_once <= 110


class Crowd:
    """A dispatcher whose handlers wait until *begin* of them have begun."""

    def __init__(self, begin: int) -> None:
        self.begin = begin
        self.begun = self.at_once = self.most_at_once = self.done = 0
        self.changed = asyncio.Condition()
        self.dispatcher = Dispatcher(disable_fsm=True)
        self.dispatcher.message.register(self.on_message)

    async def on_message(self, _message: Message) -> None:
        async with self.changed:
            self.begun += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.changed.notify_all()
            await self.changed.wait_for(lambda: self.begun >= self.begin)
            self.at_once -= 1
            self.done += 1
            self.changed.notify_all()

    async def wait_for(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(lambda: self.done >= number)


class TestAdmins:
    """The larger rate of an admin, in a playground whose first user becomes one."""

    @pytest.fixture
    def access(self):
        return Access(is_open=True)

    @pytest.fixture
    def is_for_first(self):
        return True

    async def test_a_new_admin_has_the_larger_rate_at_once(self, house, playground):
        ada = house.talk("Ada")
        await ada.says("/help")
        for number in range(2 * EVERYBODY.burst):
            playground.send(ada.who, f"/help {number}")

        await playground.wait_for_message(ada.who, lambda _: len(ada.all()) > 2 * EVERYBODY.burst)

        assert TOO_MUCH not in [message["text"] for message in ada.all()]

    async def test_a_former_admin_has_the_rate_of_everybody(self, house, limiter):
        ada = house.talk("Ada")
        await ada.says("/delete_me", "Delete")
        await ada.says("/help")

        assert ada.who.id not in limiter.admins
