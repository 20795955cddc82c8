"""A playground of its own for each test, and three ways to call it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiogram import Bot
from aiohttp import ClientSession

from bot.playground.state.chats import User
from tests.bot_api import PlainSession
from tests.local_playground import LocalPlayground

Call = Callable[..., Awaitable[dict[str, Any]]]


class Clock:
    """Stands still until a test turns it."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def turn(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def wall() -> Clock:
    return Clock()


@pytest.fixture
async def pg(wall: Clock) -> AsyncIterator[LocalPlayground]:
    async with LocalPlayground(flood="off", clock=wall) as playground:
        yield playground


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def call(pg: LocalPlayground, http: ClientSession) -> Call:
    """Call a method with a JSON body; returns the answer, refused or not."""

    async def call(method: str, token: str = "1:playground", **params: Any) -> dict[str, Any]:
        async with http.post(f"{pg.base_url}/bot{token}/{method}", json=params) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == (200 if answer["ok"] else answer["error_code"])
            return answer

    return call


@pytest.fixture
async def bot(pg: LocalPlayground) -> AsyncIterator[Bot]:
    session = PlainSession(pg.base_url)
    bot = Bot("1:playground", session=session)
    yield bot
    await session.close()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Let the server, which runs in this same loop, go on until something is so."""

    async def until(condition: Callable[[], object]) -> None:
        while not condition():  # noqa: ASYNC110 - yields to the server, waits for no clock
            await asyncio.sleep(0)

    return until


@pytest.fixture
def ann(pg: LocalPlayground) -> User:
    return pg.user("Ann", language_code="ja")
