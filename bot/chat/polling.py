"""Long polling: takes updates from Telegram in order and hands them to the dispatcher.

Ours rather than aiogram's, which retries a wrong token and a second poller for ever, and which
confirms updates before they are handled. Here:

1. An update is confirmed by the next call, so a crash gets it again; handlers are idempotent. At a
   stop a last call confirms what was handled, or whoever polls next would answer it once more.
2. Updates of one chat are handled in order, chats side by side; inline queries wait for none.
3. A slow handler holds up nobody: after a moment's grace polling goes on without it, and sooner
   where an answer was full, since then more is waiting at Telegram.
4. What a chat tells of itself while the database is away is kept here and tried again; at a stop it
   is left with Telegram, for whoever polls next.
5. A flood is dropped here, before there is a task for it; what is in hand is bounded in any case.
6. Only the holder of the lease polls.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.exceptions import (
    AiogramError,
    TelegramConflictError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types.update import UpdateTypeLookupError

from bot.chat.buckets import Verdict
from bot.chat.floodgate import Floodgate
from bot.chat.middlewares.calming import SHUT_SECONDS
from bot.chat.outages import log_outage
from bot.loops import nap, until
from storage.engine import will_pass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiogram import Bot, Dispatcher
    from aiogram.types import Update

log = structlog.get_logger(__name__)

WAIT_SECONDS = 8  # how long Telegram holds an empty answer
FULL_ANSWER = 100  # updates; more do not come at once
GRACE_SECONDS = 0.25
GRACE_SECONDS_IF_FULL = 0.02
MOST_IN_HAND = 2_000
CONFLICT_SECONDS = 30.0  # one conflict after a deploy or a crash is normal; this long is not
LEASE_PAUSE_SECONDS = 2.0
LAST_WORD_SECONDS = 3  # of the ten that service managers give to a stop
LONGEST_PAUSE_SECONDS = 30.0


class TokenRefusedError(RuntimeError):
    """Telegram does not know the token."""


class SecondPollerError(RuntimeError):
    """Somebody else keeps polling with the same token."""


@dataclass(frozen=True, slots=True)
class Polling:
    bot: Bot
    dispatcher: Dispatcher
    holds_lease: Callable[[], Awaitable[bool]]
    allowed_updates: tuple[str, ...]
    gate: Floodgate = field(default_factory=Floodgate)
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = nap
    most_in_hand: int = MOST_IN_HAND
    running: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    """The last task of each chat that still has one."""
    in_hand: set[asyncio.Task[None]] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    """Updates that nobody has handled at the stop."""
    ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until *stopping* is set; handlers in flight are finished before this returns."""
        failures = Failures()
        offset: int | None = None
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear(stopping))
            while not stopping.is_set():
                if not await self.holds_lease():
                    await nap(stopping, LEASE_PAUSE_SECONDS)
                    continue
                try:
                    updates = await until(stopping, self._updates(offset))
                except (AiogramError, OSError, TimeoutError) as error:
                    await nap(stopping, failures.pause_after(error, _now()))
                    continue
                failures = Failures()
                if updates:
                    offset = updates[-1].update_id + 1
                    await self._start(group, updates)
        if offset is not None:
            await self._confirm(min(self.left, default=offset))

    async def _hear(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.ending.set()

    async def _confirm(self, offset: int) -> None:
        """Confirm what is before *offset*; what comes with the answer stays for the next poller."""
        try:
            await self.bot.get_updates(
                offset=offset, limit=1, timeout=0, request_timeout=LAST_WORD_SECONDS
            )
        except (AiogramError, OSError, TimeoutError) as error:
            log.warning("the last updates may be answered once more", error=str(error))

    async def _updates(self, offset: int | None) -> list[Update]:
        return await self.bot.get_updates(
            offset=offset,
            timeout=WAIT_SECONDS,
            allowed_updates=list(self.allowed_updates),
            request_timeout=WAIT_SECONDS + 10,
        )

    async def _start(self, group: asyncio.TaskGroup, updates: Sequence[Update]) -> None:
        tasks = [task for update in updates if (task := self._start_one(group, update))]
        is_full = len(updates) >= FULL_ANSWER
        if tasks:
            grace = GRACE_SECONDS_IF_FULL if is_full else GRACE_SECONDS
            await asyncio.wait(tasks, timeout=grace)
        while len(self.in_hand) > self.most_in_hand:
            await asyncio.wait(self.in_hand, return_when=asyncio.FIRST_COMPLETED)

    def _start_one(self, group: asyncio.TaskGroup, update: Update) -> asyncio.Task[None] | None:
        """Start to handle it, behind what its chat still waits for; None if it is dropped."""
        judged = self.gate.judge(update, _now())
        match judged.verdict:
            case Verdict.DROP:
                return None
            case Verdict.SAY:
                task = group.create_task(self._feed(update, {SHUT_SECONDS: judged.seconds}))
            case Verdict.HANDLE if update.inline_query:
                # What is typed over must not wait; its handler knows which of them counts.
                task = group.create_task(self._handle(update, after=None))
            case Verdict.HANDLE:
                chat = chat_of(update)
                task = group.create_task(self._handle(update, after=self.running.get(chat)))
                self.running[chat] = task
                task.add_done_callback(lambda done: self._forget(chat, done))
        self.in_hand.add(task)
        task.add_done_callback(self.in_hand.discard)
        return task

    def _forget(self, chat: int, task: asyncio.Task[None]) -> None:
        if self.running.get(chat) is task:
            del self.running[chat]

    async def _handle(self, update: Update, after: asyncio.Task[None] | None) -> None:
        if after:
            await asyncio.wait((after,))
        await self._feed(update, {})

    async def _feed(self, update: Update, known: dict[str, Any]) -> None:
        """Let it be handled; while the database is away it waits, until the stop."""
        failures = 0
        while not await self._is_done(update, known, is_first=not failures):
            await self.pause(self.ending, pause_seconds(failures))
            failures += 1
            if self.ending.is_set():
                self.left.add(update.update_id)
                return

    async def _is_done(self, update: Update, known: dict[str, Any], *, is_first: bool) -> bool:
        try:
            await self.dispatcher.feed_update(self.bot, update, **known)
        except Exception as error:  # one bad update must not end the polling
            if not will_pass(error):
                log.exception("an update failed", update=update.update_id)
                return True
            if is_first:
                log_outage("an update waits for the database", error, update=update.update_id)
            return False
        return True


@dataclass
class Failures:
    """What went wrong since the last good answer, and how long to wait."""

    number: int = 0
    conflict_since: float | None = None

    def pause_after(self, error: Exception, now: float) -> float:
        """Return the seconds to wait, or raise where waiting would not help."""
        self.number += 1
        match error:
            case TelegramUnauthorizedError():
                raise TokenRefusedError(
                    "Telegram does not know this BOT_TOKEN; copy it again from @BotFather."
                ) from error
            case TelegramConflictError():
                self.conflict_since = self.conflict_since or now
                if now - self.conflict_since >= CONFLICT_SECONDS:
                    raise SecondPollerError(
                        "Another program polls with the same BOT_TOKEN; stop it, or take another."
                    ) from error
            case TelegramRetryAfter():
                return float(error.retry_after)
        pause = pause_seconds(self.number - 1)
        log.warning("polling failed", error=str(error), pause_seconds=pause)
        return pause


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


def _now() -> float:
    return asyncio.get_running_loop().time()
