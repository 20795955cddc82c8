"""Both ways of receiving updates, polling and webhook, with a handler that a test can block."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from typing import Any, Protocol

from aiogram import Bot, Dispatcher
from aiogram.types import Message
from sqlalchemy.exc import OperationalError

from bot.chat.polling import Poller
from bot.chat.updates import UpdateQueue
from bot.chat.webhook import WebhookReceiver
from tests.bot_api import PlainSession
from tests.local_playground import LocalPlayground
from tests.story.processes import PATIENCE

AT_ONCE = 0.0
LONG = 60.0


class Handler:
    """A dispatcher whose only handler records texts, and waits if *held* has an event for one."""

    def __init__(self) -> None:
        self.texts: list[str | None] = []
        self.begun = asyncio.Event()
        self.came = asyncio.Condition()
        self.held: dict[str, asyncio.Event] = {}
        self.dispatcher = Dispatcher(disable_fsm=True)
        self.dispatcher.message.register(self.on_message)

    async def on_message(self, message: Message) -> None:
        self.begun.set()
        if held := self.held.get(message.text or ""):
            await held.wait()
        async with self.came:
            self.texts.append(message.text)
            self.came.notify_all()

    async def wait_for(self, number: int) -> list[str | None]:
        async with asyncio.timeout(PATIENCE), self.came:
            await self.came.wait_for(lambda: len(self.texts) >= number)
        return self.texts


class FailingHandler(Handler):
    """Finds the database unavailable for the first *times* tries of the text "hello"."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def on_message(self, message: Message) -> None:
        if self.times and message.text == "hello":
            self.times -= 1
            self.begun.set()
            raise OperationalError("SELECT", {}, Exception("away"))
        await super().on_message(message)


class RecordedPauses:
    """A pause that takes no time; *seconds* has the length of each."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, _stopping: asyncio.Event, seconds: float) -> None:
        self.seconds.append(seconds)


def bot_on(playground: LocalPlayground, token: str = "1:playground") -> Bot:
    return Bot(token, session=PlainSession(playground.base_url))


async def unconfirmed(playground: LocalPlayground) -> list[str | None]:
    """Return the texts of the updates that Telegram would send to the next poller."""
    async with bot_on(playground) as next_poller:
        updates = await next_poller.get_updates()
    return [update.message.text for update in updates if update.message]


@asynccontextmanager
async def polling(
    playground: LocalPlayground,
    dispatcher: Dispatcher,
    holds_lease: Callable[[], bool] = lambda: True,
    **options: Any,
) -> AsyncIterator[asyncio.Event]:
    """Poll inside the block; yield the event that stops it. *options* are the queue's."""
    stopping = asyncio.Event()
    async with bot_on(playground) as bot, asyncio.TaskGroup() as group:
        queue = UpdateQueue(bot, dispatcher, **options)
        group.create_task(Poller(bot, queue, holds_lease, ("message",)).run(stopping))
        try:
            yield stopping
        finally:
            stopping.set()


@asynccontextmanager
async def webhook(
    bot: Bot, dispatcher: Dispatcher, patience: float = LONG, **options: Any
) -> AsyncIterator[tuple[WebhookReceiver, asyncio.Event]]:
    """Take updates inside the block; yield the receiver and the event that stops it."""
    receiver, stopping = WebhookReceiver(patience), asyncio.Event()
    async with receiver.open(UpdateQueue(bot, dispatcher, **options), stopping):
        try:
            yield receiver, stopping
        finally:
            stopping.set()


def message_of(number: int, text: str, user_id: int = 7) -> dict[str, Any]:
    """Return an update as Telegram sends it: a message in the private chat of the user."""
    user = {"id": user_id, "is_bot": False, "first_name": "Ann"}
    chat = {"id": user_id, "type": "private", "first_name": "Ann"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": user, "text": text}
    return {"update_id": number, "message": message}


class Receiving(Protocol):
    """A way of receiving updates."""

    def open(
        self, dispatcher: Dispatcher, **options: Any
    ) -> AbstractAsyncContextManager[asyncio.Event]:
        """Receive inside the block; yield the event that stops it. *options* are the queue's."""

    async def send(self, text: str, user: str = "Ann") -> None: ...

    async def update(self, **content: Any) -> int:
        """Send an update with any content; return its number."""

    async def left(self) -> list[Any]:
        """Return the updates that Telegram would send again."""


class ByPolling:
    def __init__(self, playground: LocalPlayground) -> None:
        self.playground = playground
        self.users: dict[str, Any] = {}

    def open(
        self, dispatcher: Dispatcher, **options: Any
    ) -> AbstractAsyncContextManager[asyncio.Event]:
        return polling(self.playground, dispatcher, **options)

    async def send(self, text: str, user: str = "Ann") -> None:
        if user not in self.users:
            self.users[user] = self.playground.user(user)
        self.playground.send(self.users[user], text)

    async def update(self, **content: Any) -> int:
        return int(self.playground.update(**content))

    async def left(self) -> list[Any]:
        return await unconfirmed(self.playground)


class ByWebhook:
    """Updates are accepted at once, before they are handled."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.numbers = count(1)
        self.users: defaultdict[str, int] = defaultdict(count(7).__next__)
        self.rejected: list[Any] = []

    @asynccontextmanager
    async def open(self, dispatcher: Dispatcher, **options: Any) -> AsyncIterator[asyncio.Event]:
        async with webhook(self.bot, dispatcher, AT_ONCE, **options) as (self.receiver, stopping):
            yield stopping

    async def send(self, text: str, user: str = "Ann") -> None:
        await self._take(message_of(next(self.numbers), text, self.users[user]))

    async def update(self, **content: Any) -> int:
        number = next(self.numbers)
        await self._take({"update_id": number, **content})
        return number

    async def _take(self, update: dict[str, Any]) -> None:
        if not await self.receiver.take(update):
            self.rejected.append(update)

    async def left(self) -> list[Any]:
        return self.rejected
