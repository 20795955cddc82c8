"""Handing updates to the dispatcher, however they came: in order, bounded, and to an end.

1. Updates of one chat are handled in order, chats side by side; inline queries wait for none.
2. A flood is dropped here, before there is a task for it, of one person or of one chat; what is in
   hand is bounded in any case.
3. What a chat tells of itself while the database is away is handled again after a pause, as long
   as nobody else has it; at a stop it is *left*.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.exceptions import TelegramRetryAfter
from aiogram.types.update import UpdateTypeLookupError

from bot.chat.buckets import Verdict
from bot.chat.floodgate import Floodgate, may_be_dropped
from bot.chat.middlewares.calming import SHUT_SECONDS
from bot.chat.outages import log_outage
from bot.loops import nap
from bot.telegram import is_late
from bot.watch import Watch
from storage.db.engine import is_transient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiogram import Bot, Dispatcher
    from aiogram.types import Update

log = structlog.get_logger(__name__)

MOST_IN_HAND = 2_000
MOST_OF_A_CHAT = 100  # that wait for one another; nobody waits so long for an answer
LONGEST_PAUSE_SECONDS = 30.0
# Who asks more than Telegram lets a chat be answered in: what stood in line for so long is done,
# but no longer answered one by one.
LATE_SECONDS = 30.0


@dataclass(eq=False)
class Handling:
    """Its tasks say whether the update is done with; False if it is *left* to come again."""

    bot: Bot
    dispatcher: Dispatcher
    gate: Floodgate = field(default_factory=Floodgate)
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = nap
    most_in_hand: int = MOST_IN_HAND
    watch: Watch = field(default_factory=Watch)
    late_seconds: float = LATE_SECONDS
    in_hand: set[asyncio.Task[bool]] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    """Updates that nobody has handled at the stop."""
    is_ours: Callable[[Update], bool] = lambda _update: True
    """Whether nobody else would bring it again, so that it is kept here while it cannot be done."""
    _running: dict[int, asyncio.Task[bool]] = field(default_factory=dict)
    """The last task of each chat that still has one."""
    _waiting: Counter[int] = field(default_factory=Counter)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def open(self, stopping: asyncio.Event) -> AsyncIterator[None]:
        """Take updates in the block; those in hand are finished before it is left.

        It is left once *stopping* is set; a pause ends with it.
        """
        async with asyncio.TaskGroup() as self._group:
            self._group.create_task(self._hear(stopping))
            yield
        self._group = None

    async def _hear(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._ending.set()

    @property
    def is_full(self) -> bool:
        return len(self.in_hand) > self.most_in_hand

    async def has_room(self) -> None:
        """Wait until there is room for more."""
        while self.is_full:
            await asyncio.wait(self.in_hand, return_when=asyncio.FIRST_COMPLETED)

    def start(self, update: Update) -> asyncio.Task[bool] | None:
        """Start to handle it, behind what its chat still waits for; None if it is dropped."""
        if self._group is None:
            raise RuntimeError("updates are taken inside the block only")
        judged = self.gate.judge(update, now())
        match judged.verdict:
            case Verdict.DROP:
                return None
            case Verdict.SAY:
                task = self._group.create_task(self._feed(update, {SHUT_SECONDS: judged.seconds}))
            case Verdict.HANDLE if update.inline_query:
                # What is typed over must not wait; its handler knows which of them counts.
                task = self._group.create_task(self._handle(update, after=None))
            case Verdict.HANDLE:
                chat = chat_of(update)
                if self._waiting[chat] >= MOST_OF_A_CHAT and may_be_dropped(update):
                    return None
                self._waiting[chat] += 1
                task = self._group.create_task(self._handle(update, self._running.get(chat)))
                self._running[chat] = task
                task.add_done_callback(lambda done: self._forget(chat, done))
        self.in_hand.add(task)
        task.add_done_callback(self.in_hand.discard)
        return task

    def _forget(self, chat: int, task: asyncio.Task[bool]) -> None:
        self._waiting[chat] -= 1
        if self._running.get(chat) is task:
            del self._running[chat], self._waiting[chat]

    async def _handle(self, update: Update, after: asyncio.Task[bool] | None) -> bool:
        if after:
            came = now()
            await asyncio.wait((after,))
            is_late.set(now() - came > self.late_seconds)
        return await self._feed(update, {})

    async def _feed(self, update: Update, known: dict[str, Any]) -> bool:
        """Let it be handled; while the database is away it waits, until the stop."""
        failures = 0
        while not await self._is_done(update, known, is_first=not failures):
            if not self.is_ours(update):
                return False
            await self.pause(self._ending, pause_seconds(failures))
            failures += 1
            if self._ending.is_set():
                self.left.add(update.update_id)
                return False
        return True

    async def _is_done(self, update: Update, known: dict[str, Any], *, is_first: bool) -> bool:
        try:
            await self.dispatcher.feed_update(self.bot, update, **known)
        except TelegramRetryAfter as refused:
            log.info("could not answer in time", update=update.update_id, reason=refused.message)
        except Exception as error:  # one bad update must not end the rest
            if not is_transient(error):
                log.exception("an update failed", update=update.update_id)
                return True
            if is_first:
                log_outage("an update waits for the database", error, update=update.update_id)
            return False
        return True


def pause_seconds(failures: int) -> float:
    """Return how long to wait after so many failures before the last: 1, 2, 4 … 30."""
    return min(2.0**failures, LONGEST_PAUSE_SECONDS)


def chat_of(update: Update) -> int:
    """Return the chat (or else the person) an update belongs to, for the order of handling."""
    try:
        event = update.event
    except UpdateTypeLookupError:  # newer than our aiogram
        return 0
    message = getattr(event, "message", event)
    chat = getattr(message, "chat", None) or getattr(event, "from_user", None)
    return chat.id if chat else 0


def now() -> float:
    return asyncio.get_running_loop().time()
