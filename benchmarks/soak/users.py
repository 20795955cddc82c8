"""The actions of users, through the real dispatcher: write, press, block, return, leave."""

import asyncio
import random
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.types import Chat, Message, Update, User

from benchmarks.skipping_clock import Clock
from benchmarks.soak.audience import Audience
from benchmarks.soak.news import subject
from benchmarks.soak.numbers import DAY, Numbers
from benchmarks.soak.telegram import Telegram
from bot.app.resources import ProcessContext, make_resources
from bot.app.roles import chat_stages
from bot.chat.dispatcher import make_dispatcher
from bot.chat.updates import UpdateQueue
from bot.delivery.pace import bot_key
from bot.delivery.replies import Replies, counts_as_message
from bot.ops.instrumented_telegram import InstrumentedCalls, InstrumentedUpdates
from bot.stages import StageRunner

_KEPT_KEYBOARDS: Final = 500
_COMMANDS: Final = (
    *("/start", "/topics", "/digest", "/settings", "/language", "/mutes", "/help", "/stop"),
    *("/trend", "/export", "/privacy", "/sources", "8:30", "quiet 22-7", "Asia/Tokyo"),
)
# The actions of users, with their frequencies.
_ACTIONS: Final = {
    "write": 25,
    "command": 25,
    "press": 35,
    "block": 5,
    "arrive": 5,
    "leave": 5,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot with buttons."""

    message_id: int
    text: str
    data: tuple[str, ...]


class Session(BaseSession):
    """Responds to the calls of the chat, and keeps the newest keyboards."""

    def __init__(self, telegram: Telegram, clock: Clock) -> None:
        super().__init__()
        self.shown: OrderedDict[int, Shown] = OrderedDict()
        self._telegram, self._clock = telegram, clock

    async def make_request(self, bot: Bot, method: Any, timeout: int | None = None) -> Any:  # noqa: ASYNC109 - aiogram's
        del timeout
        name = method.__api_method__
        if counts_as_message(name):
            self._telegram.tick()
        await asyncio.sleep(0.1)
        if name == "getMe":
            return User(id=1, is_bot=True, first_name="Dateline", username="dateline_bot")
        chat = getattr(method, "chat_id", None)
        if not isinstance(chat, int) or not (
            counts_as_message(name) or name.startswith("editMessage")
        ):
            return True
        self._telegram.calls["replies"] += 1
        message = self._message(chat, method)
        self._remember(chat, message, method)
        return message.as_(bot)

    async def stream_content(self, *_request: Any, **_options: Any) -> AsyncIterator[bytes]:  # type: ignore[override]
        yield b""

    async def close(self) -> None:
        pass

    def _message(self, chat: int, method: Any) -> Message:
        self._telegram.last_id += 1
        number = getattr(method, "message_id", None) or self._telegram.last_id
        kind = "private" if chat > 0 else "group"
        text = getattr(method, "text", None) or getattr(method, "caption", None) or ""
        return Message(
            message_id=number, date=self._clock.now, chat=Chat(id=chat, type=kind), text=text
        )

    def _remember(self, chat: int, message: Message, method: Any) -> None:
        rows = getattr(getattr(method, "reply_markup", None), "inline_keyboard", ())
        data = tuple(each.callback_data for row in rows for each in row if each.callback_data)
        if data:
            self.shown[chat] = Shown(message.message_id, message.text or "", data)
            self.shown.move_to_end(chat)
        if len(self.shown) > _KEPT_KEYBOARDS:
            self.shown.popitem(last=False)


@dataclass(eq=False)
class Users:
    numbers: Numbers
    clock: Clock
    telegram: Telegram
    session: Session
    queue: UpdateQueue
    private: list[int]
    groups: list[int]
    done: Counter[str] = field(default_factory=Counter)
    _dice: random.Random = field(init=False)
    _newest: int = field(init=False)
    _updates: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.numbers.seed + 3)
        self._newest = self.numbers.chats

    async def live(self) -> None:
        """Act at random until cancelled; each action waits for its reply."""
        while True:
            await asyncio.sleep(
                self._dice.expovariate(self.numbers.actions_a_day / DAY.total_seconds())
            )
            (action,) = self._dice.choices(list(_ACTIONS), list(_ACTIONS.values()))
            self.done[action] += 1
            await self._act(action)

    async def _act(self, action: str) -> None:
        user = self._dice.choice(self.private)
        match action:
            case "write":
                await self._send(user, subject(self._dice.randrange(self.numbers.subjects)))
                await self._press(user, lambda data: data.startswith(("watch", "words")))
            case "command":
                await self._send(user, self._dice.choice(_COMMANDS))
            case "press" if self.session.shown:
                user = self._dice.choice(list(self.session.shown))
                await self._press(user, lambda data: not data.startswith("erase"))
            case "block":
                await self._block_or_return(user)
            case "arrive":
                self._newest += 1
                self.private.append(self._newest)
                await self._send(self._newest, "/start")
                await self._press(self._newest, lambda data: data.startswith("watch"))
            case "leave" if len(self.private) > 1:
                self.private.remove(user)
                await self._send(user, "/delete_me")
                await self._press(user, lambda data: data.startswith("erase"))

    async def _block_or_return(self, user: int) -> None:
        if self.groups and self._dice.random() < 0.1:
            group = self.groups.pop()
            self.telegram.moved[group] = group - 10**12
            return
        is_back = bool(self.telegram.blocked) and self._dice.random() < 0.5
        if is_back:
            user = self.telegram.blocked.pop()
        else:
            self.telegram.blocked.add(user)
        # Half of the users who block the bot send no update; the bot learns it from an error.
        if is_back or self._dice.random() < 0.5:
            await self._handle({"my_chat_member": self._membership(user, is_back=is_back)})

    async def _send(self, user: int, text: str) -> None:
        entities = []
        if text.startswith("/"):
            entities.append(
                {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
            )
        message = self._facts(user) | {"text": text, "entities": entities}
        await self._handle({"message": message | {"from": _user_facts(user)}})

    async def _press(self, user: int, fits: Callable[[str], bool]) -> None:
        shown = self.session.shown.get(user)
        fitting = [data for data in shown.data if fits(data)] if shown else []
        if not shown or not fitting:
            return
        message = self._facts(user) | {"message_id": shown.message_id, "text": shown.text}
        pressed = {
            "id": str(self._updates),
            "from": _user_facts(user),
            "chat_instance": "1",
            "data": self._dice.choice(fitting),
            "message": message | {"from": {"id": 1, "is_bot": True, "first_name": "Dateline"}},
        }
        await self._handle({"callback_query": pressed})

    def _membership(self, user: int, *, is_back: bool) -> dict[str, Any]:
        bot = {"id": 1, "is_bot": True, "first_name": "Dateline"}
        kicked = {"user": bot, "status": "kicked", "until_date": 0}
        member = {"user": bot, "status": "member"}
        old, new = (kicked, member) if is_back else (member, kicked)
        facts = self._facts(user)
        del facts["message_id"]
        return facts | {"from": _user_facts(user), "old_chat_member": old, "new_chat_member": new}

    def _facts(self, user: int) -> dict[str, Any]:
        self.telegram.last_id += 1
        return {
            "message_id": self.telegram.last_id,
            "date": int(self.clock.now.timestamp()),
            "chat": {"id": user, "type": "private", "first_name": "Reader"},
        }

    async def _handle(self, payload: dict[str, Any]) -> None:
        self._updates += 1
        raw = {"update_id": self._updates, **payload}
        update = Update.model_validate(raw, context={"bot": self.queue.bot})
        task = self.queue.start(update)
        if task:
            await task


def _user_facts(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": "Reader", "language_code": "en"}


@asynccontextmanager
async def users_of(
    process: ProcessContext, numbers: Numbers, clock: Clock, telegram: Telegram, audience: Audience
) -> AsyncIterator[tuple[Users, list[StageRunner]]]:
    """Yield the users, and the stages of the chat."""
    session, stopping = Session(telegram, clock), asyncio.Event()
    bot = Bot(process.deployment.token, session=session)
    key = bot_key(process.deployment.token)
    session.middleware(Replies(process.storage, key, process.settings.send_per_second))
    session.middleware(InstrumentedCalls(process.instrumentation))
    resources = make_resources(process, mailer=None)
    dispatcher = make_dispatcher(resources, process.renderer)
    dispatcher.update.outer_middleware(InstrumentedUpdates(process.instrumentation))
    queue = UpdateQueue(bot, dispatcher)
    private = [reader.telegram_id for reader in audience.others if reader.telegram_id > 0]
    groups = [reader.telegram_id for reader in audience.others if reader.telegram_id < 0]
    async with queue.open(stopping):
        users = Users(numbers, clock, telegram, session, queue, private, groups)
        yield users, chat_stages(process, bot)
        stopping.set()
