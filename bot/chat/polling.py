"""Long polling: takes updates from Telegram and passes them to the queue.

aiogram's own polling retries a wrong token and a second poller for ever, and confirms updates
before they are handled. Here:

1. Each call confirms the updates of the one before, so that they come again after a crash; handlers
   are idempotent. At a stop, a last call confirms the handled updates, so that the next poller does
   not repeat them.
2. A slow handler delays nobody: polling goes on after a short grace period. The period is even
   shorter after a full response, because more updates wait at Telegram.
3. Only the holder of the lease polls and confirms. It drops updates that arrive after its lease has
   expired, for example because the process was suspended: another process gets them too.
4. An unreadable update is confirmed with the others. A bad response does not end the polling,
   because the next may be good; the health probe counts the failures.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from aiogram.exceptions import (
    AiogramError,
    TelegramConflictError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)

from bot.chat.updates import GetUpdates, log_outage, now, pause_seconds, read_update
from bot.tasks import sleep_until, work_until
from storage.db.leases import acquire_lease, lease_of, release_lease
from storage.db.problems import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from aiogram import Bot

    from bot.chat.updates import UpdateQueue
    from storage.db.engine import Storage

log = structlog.get_logger(__name__)

WAIT_SECONDS = 8  # how long Telegram waits for an update before it answers
FULL_ANSWER = 100  # updates in a response, which is Telegram's limit
GRACE_SECONDS = 0.25
GRACE_SECONDS_IF_FULL = 0.02
CONFLICT_SECONDS = 30.0  # one conflict after a deploy or a crash is normal; this long is not
NO_LEASE_PAUSE_SECONDS = 0.25
CONFIRM_SECONDS = 3  # of the ten that service managers allow for a stop

POLL_ROLE = "poll"
LEASE = timedelta(seconds=8)
RENEW_SECONDS = 2.5
CHECK_SECONDS = 1.0  # between two checks of other processes whether the lease has expired
_MARGIN_SECONDS = 0.5  # because clocks differ in speed


class TokenRefusedError(RuntimeError):
    """Telegram does not know the token."""


class SecondPollerError(RuntimeError):
    """Another program polls with the same token, or a webhook receives the updates."""


@dataclass
class Failures:
    """Counts the failed polls since the last good response."""

    number: int = 0
    since: float | None = None
    conflict_since: float | None = None

    def seconds(self, now: float) -> float:
        """Return how many seconds there has been no good response."""
        return 0.0 if self.since is None else now - self.since

    def end(self) -> None:
        self.number, self.since, self.conflict_since = 0, None, None

    def pause_after(self, error: Exception, now: float) -> float:
        """Return the seconds to wait; raises if waiting would not help."""
        self.number += 1
        self.since = now if self.since is None else self.since
        match error:
            case TelegramConflictError():
                self.conflict_since = now if self.conflict_since is None else self.conflict_since
                if now - self.conflict_since >= CONFLICT_SECONDS:
                    _raise_second_poller(error)
            case TelegramRetryAfter():
                return float(error.retry_after)
            case _:
                self.conflict_since = None
        pause = pause_seconds(self.number - 1)
        log.warning("polling failed", error=str(error), pause_seconds=pause)
        return pause


@dataclass(frozen=True, slots=True)
class Poller:
    """Passes updates to *queue*; *holds_lease* tells whether this process may poll now."""

    bot: Bot
    queue: UpdateQueue
    holds_lease: Callable[[], bool]
    allowed_updates: tuple[str, ...]
    failures: Failures = field(default_factory=Failures)
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = sleep_until

    def fails_for(self) -> float:
        """Return for how many seconds every poll has failed, while this process may poll."""
        return self.failures.seconds(now())

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until *stopping* is set; handlers in flight are finished before this returns."""
        async with self.queue.open(stopping):
            offset = await self._poll(stopping)
        if offset is not None and self.holds_lease():
            await self._confirm(min(self.queue.left, default=offset))

    async def _poll(self, stopping: asyncio.Event) -> int | None:
        """Return the offset that would confirm all updates handed to the queue."""
        offset: int | None = None
        while not stopping.is_set():
            if not self.holds_lease():
                self.failures.end()
                await sleep_until(stopping, NO_LEASE_PAUSE_SECONDS)
                continue
            try:
                sent = await work_until(stopping, self._updates(offset))
            except Exception as error:  # noqa: BLE001 - an odd response must not end the polling
                if isinstance(error, TelegramUnauthorizedError):
                    await work_until(stopping, make_sure_of_token(self.bot))
                await self.pause(stopping, self.failures.pause_after(error, now()))
                continue
            self.failures.end()
            if sent and self.holds_lease():
                offset = max(sent) + 1
                await self._start(sent.values())
        return offset

    async def _confirm(self, offset: int) -> None:
        """Confirm the updates before *offset*; an update in the response is not confirmed."""
        try:
            await self.bot(GetUpdates(offset=offset, limit=1, timeout=0), CONFIRM_SECONDS)
        except (AiogramError, OSError, TimeoutError) as error:
            log.warning("the last updates were not confirmed", error=str(error))

    async def _updates(self, offset: int | None) -> dict[int, dict[str, Any]]:
        """Return new updates by their ids."""
        allowed = list(self.allowed_updates)
        call = GetUpdates(offset=offset, timeout=WAIT_SECONDS, allowed_updates=allowed)
        return {update["update_id"]: update for update in await self.bot(call, WAIT_SECONDS + 10)}

    async def _start(self, sent: Collection[dict[str, Any]]) -> None:
        read = (read_update(each, self.bot, self.queue.instrumentation) for each in sent)
        tasks = [task for update in read if update and (task := self.queue.start(update))]
        if tasks:
            grace = GRACE_SECONDS_IF_FULL if len(sent) >= FULL_ANSWER else GRACE_SECONDS
            await asyncio.wait(tasks, timeout=grace)
        await self.queue.has_room()


async def make_sure_of_token(bot: Bot) -> None:
    """Check the token after Telegram refused a call; raise TokenRefusedError if it is unknown."""
    try:
        await bot.get_me()
    except TelegramUnauthorizedError as error:
        raise TokenRefusedError(
            "Telegram does not know this BOT_TOKEN; copy it again from @BotFather."
        ) from error
    except (AiogramError, OSError, TimeoutError):
        return  # the token may be good


def _raise_second_poller(error: TelegramConflictError) -> NoReturn:
    if "webhook" in error.message:
        raise SecondPollerError(
            "A webhook receives the updates of this BOT_TOKEN; stop the program that sets it."
        ) from error
    raise SecondPollerError(
        "Another program polls with the same BOT_TOKEN; stop it, or take another."
    ) from error


@dataclass(eq=False)
class PollingLease:
    """The lease to poll. One process holds it, and renews it in a task of its own.

    The poller cannot renew the lease, because one poll may take as long as the lease lasts. The
    holder measures the lease by its own clock, from before its request, so that a process that was
    suspended finds the lease expired. *clock*: monotonic seconds that include a suspension.
    """

    storage: Storage
    owner: str
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = sleep_until
    _until: float = 0.0
    _is_logged: bool = False

    def lasts(self) -> bool:
        return self.clock() < self._until

    async def run(self, stopping: asyncio.Event) -> None:
        """Acquire and renew the lease until *stopping* is set."""
        while not stopping.is_set():
            await self.pause(stopping, await self.renew())

    async def renew(self) -> float:
        """Acquire or renew the lease if possible; return the seconds until the next try."""
        asked_at = self.clock()
        try:
            seconds = 0.0 if self.lasts() else await self._seconds_of_others()
            if seconds <= 0 and await self._acquire():
                self._until = asked_at + LEASE.total_seconds() - _MARGIN_SECONDS
                seconds = RENEW_SECONDS
            else:
                self._until = 0.0
                seconds = min(max(seconds, 0.0), CHECK_SECONDS)
        except (DatabaseError, OSError) as error:
            if not self._is_logged and not self.lasts():
                log_outage("polling stops while the database is unavailable", error)
                self._is_logged = True
            return CHECK_SECONDS
        if self._is_logged:
            log.info("polling resumes")
            self._is_logged = False
        return seconds

    async def _seconds_of_others(self) -> float:
        """Return how many seconds another process still holds the lease; 0 or less if none does."""
        async with self.storage.reading() as tx:
            owner, until = await lease_of(tx, POLL_ROLE)
            return 0.0 if owner == self.owner else (until - tx.now).total_seconds()

    async def _acquire(self) -> bool:
        async with self.storage.writing() as tx:
            return await acquire_lease(tx, POLL_ROLE, self.owner, LEASE)

    async def release(self) -> None:
        """Release the lease, so that another process can acquire it at once."""
        self._until = 0.0
        with suppress(DatabaseError, OSError):  # it expires in any case
            async with self.storage.writing() as tx:
                await release_lease(tx, POLL_ROLE, self.owner)
