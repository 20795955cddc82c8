"""What people do, through the real front door: write, press, block, come back, leave for good."""

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

from benchmarks.soak.clock import Clock
from benchmarks.soak.numbers import DAY, Numbers
from benchmarks.soak.press import subject
from benchmarks.soak.telegram import Telegram
from benchmarks.soak.town import Town
from bot.app.resources import ProcessContext, make_resources
from bot.app.roles import chat_stages
from bot.chat.dispatcher import make_dispatcher
from bot.chat.updates import UpdateQueue
from bot.delivery.pace import bot_key
from bot.delivery.replies import Replies, counts_as_message
from bot.ops.instrumented_telegram import InstrumentedCalls, InstrumentedUpdates
from bot.stages import StageRunner

_REMEMBERED: Final = 500  # messages with buttons, which may be pressed still
_COMMANDS: Final = (
    *("/start", "/topics", "/digest", "/settings", "/language", "/mutes", "/help", "/stop"),
    *("/trend", "/export", "/privacy", "/sources", "8:30", "quiet 22-7", "Asia/Tokyo"),
)
# What is pressed at random; the rest of the buttons lead out of the bot or to its operators.
_DOES: Final = {
    "write": 25,
    "command": 25,
    "press": 35,
    "block": 5,
    "come": 5,
    "leave": 5,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot that has buttons."""

    message_id: int
    text: str
    data: tuple[str, ...]


class Session(BaseSession):
    """Reply the calls of the front door, and remembers the buttons."""

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

    async def stream_content(self, *_asked: Any, **_options: Any) -> AsyncIterator[bytes]:  # type: ignore[override]
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
        if len(self.shown) > _REMEMBERED:
            self.shown.popitem(last=False)


@dataclass(eq=False)
class People:
    numbers: Numbers
    clock: Clock
    telegram: Telegram
    session: Session
    queue: UpdateQueue
    own: list[int]
    """Those who talk to the bot alone, by Telegram's number."""
    groups: list[int]
    done: Counter[str] = field(default_factory=Counter)
    _dice: random.Random = field(init=False)
    _newest: int = field(init=False)
    _updates: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.numbers.seed + 3)
        self._newest = self.numbers.chats

    async def live(self) -> None:
        """Operation, until cancelled; a person waits for the answer to what was said."""
        while True:
            await asyncio.sleep(
                self._dice.expovariate(self.numbers.acts_a_day / DAY.total_seconds())
            )
            (does,) = self._dice.choices(list(_DOES), list(_DOES.values()))
            self.done[does] += 1
            await self._act(does)

    async def _act(self, does: str) -> None:
        person = self._dice.choice(self.own)
        match does:
            case "write":
                await self._says(person, subject(self._dice.randrange(self.numbers.subjects)))
                await self._presses(person, lambda data: data.startswith(("watch", "words")))
            case "command":
                await self._says(person, self._dice.choice(_COMMANDS))
            case "press" if self.session.shown:
                person = self._dice.choice(list(self.session.shown))
                await self._presses(person, lambda data: not data.startswith("erase"))
            case "block":
                await self._blocks_or_returns(person)
            case "come":
                self._newest += 1
                self.own.append(self._newest)
                await self._says(self._newest, "/start")
                await self._presses(self._newest, lambda data: data.startswith("watch"))
            case "leave" if len(self.own) > 1:
                self.own.remove(person)
                await self._says(person, "/delete_me")
                await self._presses(person, lambda data: data.startswith("erase"))

    async def _blocks_or_returns(self, person: int) -> None:
        if self.groups and self._dice.random() < 0.1:
            group = self.groups.pop()
            self.telegram.moved[group] = group - 10**12
            return
        is_back = bool(self.telegram.blocked) and self._dice.random() < 0.5
        if is_back:
            person = self.telegram.blocked.pop()
        else:
            self.telegram.blocked.add(person)
        # Of half of those who leave we hear only when we write to them.
        if is_back or self._dice.random() < 0.5:
            await self._take({"my_chat_member": self._membership(person, is_back=is_back)})

    async def _says(self, person: int, text: str) -> None:
        entities = []
        if text.startswith("/"):
            entities.append(
                {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
            )
        said = self._facts(person) | {"text": text, "entities": entities}
        await self._take({"message": said | {"from": _user(person)}})

    async def _presses(self, person: int, fits: Callable[[str], bool]) -> None:
        shown = self.session.shown.get(person)
        fitting = [data for data in shown.data if fits(data)] if shown else []
        if not shown or not fitting:
            return
        message = self._facts(person) | {"message_id": shown.message_id, "text": shown.text}
        pressed = {
            "id": str(self._updates),
            "from": _user(person),
            "chat_instance": "1",
            "data": self._dice.choice(fitting),
            "message": message | {"from": {"id": 1, "is_bot": True, "first_name": "Dateline"}},
        }
        await self._take({"callback_query": pressed})

    def _membership(self, person: int, *, is_back: bool) -> dict[str, Any]:
        bot = {"id": 1, "is_bot": True, "first_name": "Dateline"}
        left, there = (
            {"user": bot, "status": "kicked", "until_date": 0},
            {
                "user": bot,
                "status": "member",
            },
        )
        old, new = (left, there) if is_back else (there, left)
        facts = self._facts(person)
        del facts["message_id"]
        return facts | {"from": _user(person), "old_chat_member": old, "new_chat_member": new}

    def _facts(self, person: int) -> dict[str, Any]:
        self.telegram.last_id += 1
        return {
            "message_id": self.telegram.last_id,
            "date": int(self.clock.now.timestamp()),
            "chat": {"id": person, "type": "private", "first_name": "Reader"},
        }

    async def _take(self, payload: dict[str, Any]) -> None:
        self._updates += 1
        raw = {"update_id": self._updates, **payload}
        update = Update.model_validate(raw, context={"bot": self.queue.bot})
        task = self.queue.start(update)
        if task:
            await task


def _user(person: int) -> dict[str, Any]:
    return {"id": person, "is_bot": False, "first_name": "Reader", "language_code": "en"}


@asynccontextmanager
async def front_door(
    process: ProcessContext, numbers: Numbers, clock: Clock, telegram: Telegram, town: Town
) -> AsyncIterator[tuple[People, list[StageRunner]]]:
    """Yield those who come, and the stages that report long work to them."""
    session, stopping = Session(telegram, clock), asyncio.Event()
    bot = Bot(process.deployment.token, session=session)
    key = bot_key(process.deployment.token)
    session.middleware(Replies(process.storage, key, process.settings.send_per_second))
    session.middleware(InstrumentedCalls(process.instrumentation))
    doors = make_resources(process, process.renderer)
    dispatcher = make_dispatcher(doors, process.renderer)
    dispatcher.update.outer_middleware(InstrumentedUpdates(process.instrumentation))
    queue = UpdateQueue(bot, dispatcher)
    own = [reader.telegram_id for reader in town.others if reader.telegram_id > 0]
    groups = [reader.telegram_id for reader in town.others if reader.telegram_id < 0]
    async with queue.open(stopping):
        people = People(numbers, clock, telegram, session, queue, own, groups)
        yield people, chat_stages(process, bot)
        stopping.set()
