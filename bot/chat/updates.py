"""The queue of updates before the dispatcher, for polling and webhook.

1. Each update is parsed on its own, so that an unreadable one affects no other.
2. Updates of one chat are handled in order, and those of different chats concurrently. Inline
   queries wait for no other update.
3. A flood from one user or one chat is dropped here, before a task is created. The number of
   updates in progress is always bounded.
4. A service message that fails because the database is away is retried after a pause, unless
   Telegram will send it again (`is_ours`). If the process stops first, the update is *left*.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods.base import TelegramMethod
from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError

from bot.chat.rate_limit import (
    POSTS,
    WAIT_SECONDS,
    RateLimiter,
    Verdict,
    is_channel_post,
    may_be_dropped,
)
from bot.ops.instrumentation import Instrumentation, Operation
from bot.tasks import sleep_until
from bot.telegram import is_late
from storage.db.problems import is_transient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from aiogram import Bot, Dispatcher

log = structlog.get_logger(__name__)

UNREADABLE, OTHER = "unreadable", "other"

MOST_AT_WORK = 2_000
MOST_OF_A_CHAT = 100  # updates that wait in line; nobody would wait longer for an answer
LONGEST_PAUSE_SECONDS = 30.0
# An update that waited longer behind others of its chat is still handled, but its replies may be
# dropped, because Telegram limits the messages to a chat.
LATE_SECONDS = 30.0


class GetUpdates(TelegramMethod[list[dict[str, Any]]]):
    """Replaces aiogram's own, which rejects the whole response if one update is unreadable."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


def read_update(
    sent: Mapping[str, Any], bot: Bot, instrumentation: Instrumentation
) -> Update | None:
    """Return the update, parsed; None if it cannot be read.

    The log gets only its number and kind, because a validation error quotes what users wrote.
    """
    try:
        return Update.model_validate(sent, context={"bot": bot})
    except Exception:  # noqa: BLE001 - one bad update must not stop the next
        number, kind = sent.get("update_id"), _kind_of(sent)
    with instrumentation.observe(Operation.UPDATE, kind) as seen:
        seen.outcome = UNREADABLE
    is_number = isinstance(number, int)
    log.warning("an update is unreadable", update=number if is_number else None, kind=kind)
    return None


def _kind_of(sent: Mapping[str, Any]) -> str:
    kinds = Update.model_fields.keys() - {"update_id"}
    return next((name for name in sent if name in kinds), OTHER)


@dataclass(eq=False)
class UpdateQueue:
    """Handles updates in tasks; a task returns False if its update was not handled."""

    bot: Bot
    dispatcher: Dispatcher
    limiter: RateLimiter = field(default_factory=RateLimiter)
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = sleep_until
    most_at_work: int = MOST_AT_WORK
    instrumentation: Instrumentation = field(default_factory=Instrumentation)
    late_seconds: float = LATE_SECONDS
    at_work: set[asyncio.Task[bool]] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    """The ids of updates that were not handled before the stop."""
    is_ours: Callable[[Update], bool] = lambda _update: True
    """Whether Telegram will not send the update again, so that this queue must retry it."""
    _running: dict[int, asyncio.Task[bool]] = field(default_factory=dict)
    """The last task of each chat that still has one."""
    _waiting: Counter[int] = field(default_factory=Counter)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def open(self, stopping: asyncio.Event) -> AsyncIterator[None]:
        """Take updates inside the block; its end waits for those in progress.

        *stopping* ends the pauses between retries.
        """
        async with asyncio.TaskGroup() as self._group:
            self._group.create_task(self._end_with(stopping))
            yield
        self._group = None

    async def _end_with(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._ending.set()

    @property
    def is_full(self) -> bool:
        return len(self.at_work) > self.most_at_work

    async def has_room(self) -> None:
        """Wait until the queue is not full."""
        while self.is_full:
            await asyncio.wait(self.at_work, return_when=asyncio.FIRST_COMPLETED)

    def start(self, update: Update) -> asyncio.Task[bool] | None:
        """Start to handle *update* after earlier ones of its chat; None if it is dropped."""
        if self._group is None:
            raise RuntimeError("updates are taken inside the block only")
        decision = self.limiter.decide(update, now())
        match decision.verdict:
            case Verdict.DROP:
                return None
            case Verdict.NOTIFY:
                task = self._group.create_task(self._feed(update, {WAIT_SECONDS: decision.seconds}))
            case Verdict.HANDLE if update.inline_query:
                # Inline queries do not wait, because their handler answers only the newest one.
                task = self._group.create_task(self._handle(update, after=None))
            case Verdict.HANDLE:
                chat = chat_of(update)
                most = POSTS.burst if is_channel_post(update) else MOST_OF_A_CHAT
                if self._waiting[chat] >= most and may_be_dropped(update):
                    return None
                self._waiting[chat] += 1
                task = self._group.create_task(self._handle(update, self._running.get(chat)))
                self._running[chat] = task
                task.add_done_callback(lambda done: self._forget(chat, done))
        self.at_work.add(task)
        task.add_done_callback(self.at_work.discard)
        return task

    def _forget(self, chat: int, task: asyncio.Task[bool]) -> None:
        self._waiting[chat] -= 1
        if self._running.get(chat) is task:
            del self._running[chat], self._waiting[chat]

    async def _handle(self, update: Update, after: asyncio.Task[bool] | None) -> bool:
        if after:
            received_at = now()
            await asyncio.wait((after,))
            is_late.set(now() - received_at > self.late_seconds)
        return await self._feed(update, {})

    async def _feed(self, update: Update, facts: dict[str, Any]) -> bool:
        """Pass *update* to the dispatcher; retry while the database is away, until the stop."""
        failures = 0
        while not await self._is_done(update, facts, is_first=not failures):
            if not self.is_ours(update):
                return False
            await self.pause(self._ending, pause_seconds(failures))
            failures += 1
            if self._ending.is_set():
                self.left.add(update.update_id)
                return False
        return True

    async def _is_done(self, update: Update, facts: dict[str, Any], *, is_first: bool) -> bool:
        try:
            await self.dispatcher.feed_update(self.bot, update, **facts)
        except TelegramRetryAfter as refused:
            log.info("a reply was rate limited", update=update.update_id, reason=refused.message)
        except Exception as error:  # one bad update must not stop the others
            if not is_transient(error):
                log.exception("an update failed", update=update.update_id)
                return True
            if is_first:
                log_outage("an update waits for the database", error, update=update.update_id)
            return False
        return True


def pause_seconds(failures: int) -> float:
    """Return the seconds to wait after *failures* earlier failures: 1, 2, 4 … 30."""
    return min(2.0**failures, LONGEST_PAUSE_SECONDS)


def chat_of(update: Update) -> int:
    """Return the id of the chat, or else of the user, whose updates are handled in order."""
    try:
        event = update.event
    except UpdateTypeLookupError:  # newer than our aiogram
        return 0
    message = getattr(event, "message", event)
    chat = getattr(message, "chat", None) or getattr(event, "from_user", None)
    return chat.id if chat else 0


def now() -> float:
    return asyncio.get_running_loop().time()


def log_outage(event: str, error: Exception, **facts: object) -> None:
    """Log that the database is away, without the SQL statement, which quotes what users wrote."""
    log.error(event, reason=str(error).partition("\n")[0], **facts)
