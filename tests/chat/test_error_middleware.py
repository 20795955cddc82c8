"""How long an update waits for an unavailable database before the user gets an apology."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiogram.types import Message
from sqlalchemy.exc import OperationalError

from bot.chat import middlewares
from bot.chat.middlewares import KNOWN_SECONDS, LONGEST_SECONDS, ErrorMiddleware
from tests.conftest import TurnedClock

APOLOGY = "chat/errors.html#database_away"
MESSAGE = Message.model_validate(
    {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "hello"}
)


class FakeReply:
    def __init__(self) -> None:
        self.templates: list[str] = []

    async def say(self, template: str) -> None:
        self.templates.append(template)


@pytest.fixture
def slept(monkeypatch, clock, seconds):
    """Let sleeping turn the clock; return the seconds of each sleep."""
    slept: list[float] = []

    async def sleep(length: float) -> None:
        slept.append(length)
        clock.turn(timedelta(seconds=length))

    loop = SimpleNamespace(time=seconds)
    fake = SimpleNamespace(sleep=sleep, get_running_loop=lambda: loop)
    monkeypatch.setattr(middlewares, "asyncio", fake)
    return slept


async def handle(middleware: ErrorMiddleware, clock: TurnedClock, *tries: float) -> list[str]:
    """Let each try fail after that many seconds; return the templates sent to the user."""
    left = iter(tries)

    async def fail(_event: object, _data: dict[str, Any]) -> None:
        clock.turn(timedelta(seconds=next(left)))
        raise OperationalError("SELECT", {}, Exception("away"))

    reply = FakeReply()
    data = {"reply": reply, "resources": None, "event_update": SimpleNamespace(update_id=1)}
    await middleware(fail, MESSAGE, data)
    return reply.templates


@pytest.mark.parametrize(
    ("tries", "pauses"),
    [
        pytest.param([0, 0, 0, 0], [0.1, 1, 3], id="a server that is gone"),
        pytest.param([5], [], id="a lock that was waited for"),
        pytest.param([2, 0, 0], [0.1, 1], id="behind others who waited for it"),
        pytest.param([4.95], [], id="late"),
    ],
)
async def test_the_user_gets_an_apology_within_seconds(clock, slept, tries, pauses):
    started_at = clock.now

    templates = await handle(ErrorMiddleware(), clock, *tries)

    assert templates == [APOLOGY]
    assert slept == pauses
    assert clock.now - started_at <= timedelta(seconds=LONGEST_SECONDS)


async def test_an_update_behind_a_failed_one_does_not_wait(clock, slept):
    middleware = ErrorMiddleware()
    await handle(middleware, clock, 5)

    for _ in range(3):
        assert await handle(middleware, clock, 0) == [APOLOGY]
    assert slept == []

    clock.turn(timedelta(seconds=KNOWN_SECONDS))
    await handle(middleware, clock, 0, 0, 0, 0)
    assert slept == [0.1, 1, 3]
