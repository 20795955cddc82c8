"""A playground of its own for each test, and three ways to call it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiogram import Bot
from aiohttp import ClientSession

from bot.playground.state.chats import User
from tests.bot_api import PlainSession
from tests.conftest import TurnedClock
from tests.local_playground import LocalPlayground

Call = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def unix_time(clock: TurnedClock) -> Callable[[], float]:
    return lambda: clock.now.timestamp()  # noqa: PLW0108 - `now` changes


@pytest.fixture
async def pg(unix_time: Callable[[], float]) -> AsyncIterator[LocalPlayground]:
    async with LocalPlayground(flood="off", clock=unix_time) as playground:
        yield playground


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def call(pg: LocalPlayground, http: ClientSession) -> Call:
    """Call a method with a JSON body; returns the body of the response, an error's too."""

    async def call(method: str, token: str = "1:playground", **params: Any) -> dict[str, Any]:
        async with http.post(f"{pg.base_url}/bot{token}/{method}", json=params) as response:
            body: dict[str, Any] = await response.json()
            assert response.status == (200 if body["ok"] else body["error_code"])
            return body

    return call


@pytest.fixture
async def bot(pg: LocalPlayground) -> AsyncIterator[Bot]:
    session = PlainSession(pg.base_url)
    bot = Bot("1:playground", session=session)
    yield bot
    await session.close()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Let the server, which runs in the same event loop, run until a condition holds."""

    async def until(condition: Callable[[], object]) -> None:
        while not condition():  # noqa: ASYNC110 - yields to the server, waits for no clock
            await asyncio.sleep(0)

    return until


@pytest.fixture
def ann(pg: LocalPlayground) -> User:
    return pg.user("Ann", language_code="ja")
