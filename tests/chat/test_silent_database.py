"""Presses are answered even while the database accepts connections but never responds."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.methods import AnswerCallbackQuery
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.replies import Replies
from tests.chat.pressings import press
from tests.conftest import TurnedClock

AWAY = "My database is unavailable right now. Please try again in a minute."
USERS = 100


class SilentClock(TurnedClock):
    """The clock that each transaction reads first; it blocks until *answers* is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.answers.set()

    async def __call__(self, connection: AsyncConnection) -> datetime:
        await self.answers.wait()
        return await super().__call__(connection)


class AnswersAfter(BaseRequestMiddleware):
    """Lets the database respond after the given number of presses was answered."""

    def __init__(self, presses: int, clock: SilentClock) -> None:
        self.left = presses
        self.clock = clock

    async def __call__(self, make_request: Any, bot: Bot, method: Any) -> Any:
        try:
            return await make_request(bot, method)
        finally:
            self.left -= isinstance(method, AnswerCallbackQuery)
            if not self.left:
                self.clock.answers.set()


@pytest.fixture
def clock():
    return SilentClock()


@pytest.fixture
async def one_storage(storage):
    return storage


@pytest.fixture
def press_seconds():
    return 0


@pytest.mark.slow
async def test_simultaneous_presses_are_answered_while_the_database_is_silent(house, clock):
    """Replies would read the pauses from the database too."""
    house.bot.session.middleware(Replies(house.storage, "bot"))
    house.bot.session.middleware(AnswersAfter(USERS, clock))
    clock.answers.clear()

    async with asyncio.TaskGroup() as group:
        for user in range(1, USERS + 1):
            group.create_task(house.feed(press(user, "renewsure")))

    toasts = house.playground.journal("answerCallbackQuery")
    assert [call["params"].get("text") for call in toasts] == [AWAY] * USERS
