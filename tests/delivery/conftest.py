"""A storage with chats and deliveries to send, and a fake Telegram that can fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiogram import Bot

from bot.delivery.errors import DeliveryError
from bot.delivery.pace import Timer, bot_key
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.ops.instrumentation import Observation
from bot.rendering.messages import Message
from bot.telegram import BOT_DEFAULTS
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatKind, DeliveryKind, DeliveryState
from storage.outbox import Delivery, new_delivery
from tests.bot_api import PlainSession
from tests.conftest import TurnedClock
from tests.local_playground import LocalPlayground

TOKEN = "1:playground"
PACE_KEY = bot_key(TOKEN)


class TurnedTimer(Timer):
    """Waits by turning the clock, so that a minute of pace takes no time."""

    def __init__(self, clock: TurnedClock) -> None:
        self.clock = clock
        self._start = clock.now

    def now(self) -> float:
        return (self.clock.now - self._start).total_seconds()

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(0)  # lets calls that were started earlier begin at their own time
        self.clock.turn(timedelta(seconds=seconds))


class StandingTimer(TurnedTimer):
    """Waits too long, as in a suspended process: each time by the next of *seconds*."""

    def __init__(self, clock: TurnedClock, *seconds: float) -> None:
        super().__init__(clock)
        self.seconds = list(seconds)

    async def wait(self, seconds: float) -> None:
        await super().wait(seconds + (self.seconds.pop(0) if self.seconds else 0))


class FakeTelegram(Telegram):
    """Accepts all calls, except that each call to a chat takes the next of its *errors*.

    *during_send* is awaited while a message is sent.
    """

    def __init__(self, clock: TurnedClock) -> None:
        super().__init__(Bot(TOKEN))
        self.clock = clock
        self.errors: dict[int, list[DeliveryError | None]] = {}
        self.is_there = True
        self.calls: list[tuple[datetime, int, str, bool]] = []
        self.edits: list[tuple[int, int, str]] = []
        self.replies: list[tuple[str, int]] = []
        self.during_send: Callable[[], Awaitable[object]] | None = None

    async def send(
        self,
        chat_id: int,
        message: Message,
        *,
        thread_id: int = 0,
        silent: bool = False,
        reply_to: int | None = None,
    ) -> int:
        del thread_id
        self.calls.append((self.clock.now, chat_id, message.text, silent))
        message_id = len(self.calls)
        if reply_to:
            self.replies.append((message.text, reply_to))
        self._fail(chat_id)
        if self.during_send:
            await self.during_send()
        return message_id

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        self.edits.append((chat_id, message_id, message.text))
        self._fail(chat_id)
        return message_id

    async def responds(self) -> bool:
        return self.is_there

    def _fail(self, chat_id: int) -> None:
        errors = self.errors.get(chat_id)
        if errors and (error := errors.pop(0)):
            raise error

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text, _ in self.calls]


@dataclass
class Outbox:
    """Adds and reads chats and deliveries."""

    storage: Storage

    async def chat(self, telegram_id: int, **columns: Any) -> int:
        kind = ChatKind.PRIVATE if telegram_id > 0 else ChatKind.GROUP
        async with self.storage.writing() as tx:
            row = Chat(
                telegram_id=telegram_id,
                kind=kind,
                state_since=tx.now,
                created_at=tx.now,
                **columns,
            )
            return (await tx.add(row)).id

    async def add(
        self,
        chat_id: int,
        text: str = "news",
        kind: DeliveryKind = DeliveryKind.ALERT,
        **columns: Any,
    ) -> int:
        async with self.storage.writing() as tx:
            row = new_delivery(tx, kind, chat_id, Message(text)) | {"fallback": None} | columns
            return (await tx.add(Delivery(**row))).id

    async def get(self, delivery_id: int) -> Delivery:
        async with self.storage.reading() as tx:
            return await tx.get_one(Delivery, delivery_id)

    async def states(self, *ids: int) -> list[DeliveryState]:
        return [(await self.get(delivery_id)).state for delivery_id in ids]

    async def set(self, delivery_id: int, **columns: Any) -> None:
        async with self.storage.writing() as tx:
            delivery = await tx.get_one(Delivery, delivery_id)
            for name, value in columns.items():
                setattr(delivery, name, value)


class FakeObserver:
    """Records its observations."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []

    @contextmanager
    def observe(self, observation: Observation) -> Iterator[None]:
        try:
            yield
        finally:
            self.seen.append(observation)

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(observation.name, observation.outcome) for observation in self.seen]


@pytest.fixture
def outbox(storage: Storage) -> Outbox:
    return Outbox(storage)


@pytest.fixture
def telegram(clock: TurnedClock) -> FakeTelegram:
    return FakeTelegram(clock)


def stage(storage: Storage, telegram: Telegram, calls: Calls, **options: Any) -> SendStage[Any]:
    return SendStage(storage, telegram, "me", calls, PACE_KEY, **options)


@pytest.fixture
async def sending(storage, telegram, clock) -> AsyncIterator[SendStage[Any]]:
    async with Calls(timer=TurnedTimer(clock)) as calls:
        yield stage(storage, telegram, calls)


@pytest.fixture
async def playground() -> AsyncIterator[LocalPlayground]:
    async with LocalPlayground(flood="off") as opened:
        yield opened


@pytest.fixture
async def bot(playground) -> AsyncIterator[Bot]:
    """A bot on the playground, by real HTTP."""
    session = PlainSession(playground.base_url)
    yield Bot(TOKEN, session=session, default=BOT_DEFAULTS)
    await session.close()


@pytest.fixture
async def sending_there(storage, bot, clock) -> AsyncIterator[SendStage[Any]]:
    """Sends to the playground instead of the fake Telegram."""
    async with Calls(timer=TurnedTimer(clock)) as calls:
        yield stage(storage, Telegram(bot), calls)


async def send_all(sending: SendStage[Any]) -> int:
    """Send due deliveries until there are none; return how many were claimed."""
    count = 0
    while claimed := await sending.run_once():
        count += claimed
        await sending.calls.all_done()
    return count
