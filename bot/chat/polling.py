"""Long polling: takes updates from Telegram, and has them handled.

Ours rather than aiogram's, which retries a wrong token and a second poller for ever, and which
confirms updates before they are handled. Here:

1. An update is confirmed by the next call, so a crash gets it again; handlers are idempotent. At a
   stop a last call confirms what was handled, or whoever polls next would answer it once more.
2. A slow handler holds up nobody: after a moment's grace polling goes on without it, and sooner
   where an answer was full, since then more is waiting at Telegram.
3. Only the holder of the lease polls and confirms. What comes after the lease ran out, as to a
   process that was halted, is not looked at: another has it.
4. An update that cannot be read is confirmed with the others. Whatever an answer is, the next may
   be good; it is for whoever looks at the probes that the failures are counted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from aiogram.exceptions import (
    AiogramError,
    TelegramConflictError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)

from bot.chat.handling import now, pause_seconds
from bot.chat.updates import GetUpdates, read_update
from bot.loops import nap, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from aiogram import Bot

    from bot.chat.handling import Handling

log = structlog.get_logger(__name__)

WAIT_SECONDS = 8  # how long Telegram holds an empty answer
FULL_ANSWER = 100  # updates; more do not come at once
GRACE_SECONDS = 0.25
GRACE_SECONDS_IF_FULL = 0.02
CONFLICT_SECONDS = 30.0  # one conflict after a deploy or a crash is normal; this long is not
LEASE_PAUSE_SECONDS = 0.25
LAST_WORD_SECONDS = 3  # of the ten that service managers give to a stop


class TokenRefusedError(RuntimeError):
    """Telegram does not know the token."""


class SecondPollerError(RuntimeError):
    """Somebody else keeps polling with the same token, or lets a webhook have the updates."""


@dataclass
class Failures:
    """What went wrong since the last good answer, and how long to wait."""

    number: int = 0
    since: float | None = None
    conflict_since: float | None = None

    def seconds(self, now: float) -> float:
        """Return for how long there was no good answer."""
        return 0.0 if self.since is None else now - self.since

    def end(self) -> None:
        self.number, self.since, self.conflict_since = 0, None, None

    def pause_after(self, error: Exception, now: float) -> float:
        """Return the seconds to wait, or raise where waiting would not help."""
        self.number += 1
        self.since = now if self.since is None else self.since
        match error:
            case TelegramConflictError():
                self.conflict_since = now if self.conflict_since is None else self.conflict_since
                if now - self.conflict_since >= CONFLICT_SECONDS:
                    _say_who_else(error)
            case TelegramRetryAfter():
                return float(error.retry_after)
            case _:
                self.conflict_since = None
        pause = pause_seconds(self.number - 1)
        log.warning("polling failed", error=str(error), pause_seconds=pause)
        return pause


@dataclass(frozen=True, slots=True)
class Polling:
    """*holds_lease* says whether we are the one who polls, at this moment."""

    bot: Bot
    handling: Handling
    holds_lease: Callable[[], bool]
    allowed_updates: tuple[str, ...]
    failures: Failures = field(default_factory=Failures)
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = nap

    def fails_for(self) -> float:
        """Return the seconds for which no poll has gone well, though we are the one who polls."""
        return self.failures.seconds(now())

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until *stopping* is set; handlers in flight are finished before this returns."""
        async with self.handling.open(stopping):
            offset = await self._poll(stopping)
        if offset is not None and self.holds_lease():
            await self._confirm(min(self.handling.left, default=offset))

    async def _poll(self, stopping: asyncio.Event) -> int | None:
        """Return what the next poll would confirm, which is all that was started to be handled."""
        offset: int | None = None
        while not stopping.is_set():
            if not self.holds_lease():
                self.failures.end()
                await nap(stopping, LEASE_PAUSE_SECONDS)
                continue
            try:
                told = await until(stopping, self._updates(offset))
            except Exception as error:  # noqa: BLE001 - an odd answer must not end the polling
                if isinstance(error, TelegramUnauthorizedError):
                    await until(stopping, make_sure_of_token(self.bot))
                await self.pause(stopping, self.failures.pause_after(error, now()))
                continue
            self.failures.end()
            if told and self.holds_lease():
                offset = max(told) + 1
                await self._start(told.values())
        return offset

    async def _confirm(self, offset: int) -> None:
        """Confirm what is before *offset*; what comes with the answer stays for the next poller."""
        try:
            await self.bot(GetUpdates(offset=offset, limit=1, timeout=0), LAST_WORD_SECONDS)
        except (AiogramError, OSError, TimeoutError) as error:
            log.warning("the last updates may be answered once more", error=str(error))

    async def _updates(self, offset: int | None) -> dict[int, dict[str, Any]]:
        """Return what is told, by the numbers of the updates."""
        allowed = list(self.allowed_updates)
        asked = GetUpdates(offset=offset, timeout=WAIT_SECONDS, allowed_updates=allowed)
        return {told["update_id"]: told for told in await self.bot(asked, WAIT_SECONDS + 10)}

    async def _start(self, told: Collection[dict[str, Any]]) -> None:
        read = (read_update(each, self.bot, self.handling.watch) for each in told)
        tasks = [task for update in read if update and (task := self.handling.start(update))]
        if tasks:
            grace = GRACE_SECONDS_IF_FULL if len(told) >= FULL_ANSWER else GRACE_SECONDS
            await asyncio.wait(tasks, timeout=grace)
        await self.handling.has_room()


async def make_sure_of_token(bot: Bot) -> None:
    """Raise TokenRefusedError if Telegram does not know who we are; it has refused a call."""
    try:
        await bot.get_me()
    except TelegramUnauthorizedError as error:
        raise TokenRefusedError(
            "Telegram does not know this BOT_TOKEN; copy it again from @BotFather."
        ) from error
    except (AiogramError, OSError, TimeoutError):
        return  # then nobody can tell


def _say_who_else(error: TelegramConflictError) -> NoReturn:
    if "webhook" in error.message:
        raise SecondPollerError(
            "A webhook that somebody set has the updates of this BOT_TOKEN; stop whoever sets it."
        ) from error
    raise SecondPollerError(
        "Another program polls with the same BOT_TOKEN; stop it, or take another."
    ) from error
