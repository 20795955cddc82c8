"""How long an update waits for an unavailable database before the user gets an apology."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiogram.types import Message
from sqlalchemy.exc import OperationalError

from bot.chat import middlewares
from bot.chat.middlewares import KNOWN_SECONDS, LONGEST_SECONDS, ErrorMiddleware

MESSAGE = Message.model_validate(
    {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "hello"}
)


class Clock:
    """Goes on only while somebody sleeps, or a try takes its time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Says:
    def __init__(self) -> None:
        self.said: list[str] = []

    async def say(self, template: str) -> None:
        self.said.append(template)


@pytest.fixture
def ticks(monkeypatch):
    clock = Clock()
    loop = SimpleNamespace(time=lambda: clock.now)
    fake = SimpleNamespace(sleep=clock.sleep, get_running_loop=lambda: loop)
    monkeypatch.setattr(middlewares, "asyncio", fake)
    return clock


async def handle(middleware: ErrorMiddleware, ticks: Clock, tries: Iterator[float]) -> list[str]:
    """Let tries fail, each after so many seconds; return what the user was told."""

    async def fail(_event: object, _data: dict[str, Any]) -> None:
        ticks.now += next(tries)
        raise OperationalError("SELECT", {}, Exception("away"))

    reply = Says()
    data = {"reply": reply, "resources": None, "event_update": SimpleNamespace(update_id=1)}
    await middleware(fail, MESSAGE, data)
    return reply.said


@pytest.mark.parametrize(
    ("tries", "slept"),
    [
        pytest.param([0, 0, 0, 0], [0.1, 1, 3], id="a server that is gone"),
        pytest.param([5], [], id="a lock that was waited for"),
        pytest.param([2, 0, 0], [0.1, 1], id="behind others who waited for it"),
        pytest.param([4.95], [], id="late"),
    ],
)
async def test_the_user_is_told_within_seconds(ticks, tries, slept):
    begun = ticks.now

    said = await handle(ErrorMiddleware(), ticks, iter(tries))

    assert said == ["chat/errors.html#database_away"]
    assert ticks.slept == slept
    assert ticks.now - begun <= LONGEST_SECONDS


async def test_an_update_behind_a_failed_one_does_not_wait(ticks):
    middleware = ErrorMiddleware()
    await handle(middleware, ticks, iter([5]))

    for _ in range(3):
        assert await handle(middleware, ticks, iter([0])) == ["chat/errors.html#database_away"]
    assert ticks.slept == []

    ticks.now += KNOWN_SECONDS
    await handle(middleware, ticks, iter([0, 0, 0, 0]))
    assert ticks.slept == [0.1, 1, 3]
