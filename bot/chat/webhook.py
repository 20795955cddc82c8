"""Updates by webhook: registered at Telegram, received, and confirmed once they are handled.

1. A response of 200 confirms an update, and Telegram forgets it. The response follows the handling,
   so that after a crash the update comes again. Telegram sends the updates of a chat one after
   another, each to any process, which keeps their order.
2. An update that takes longer than a few seconds is confirmed early; its handling goes on, and a
   stop waits for it.
3. An update is not confirmed if the database is away, if too many updates are in progress, before
   the start or after the stop. It comes again, to any process.
4. An update that comes twice, for example after a timeout of a load balancer, is handled once.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)

from bot.chat.polling import make_sure_of_token
from bot.chat.updates import pause_seconds, read_update
from bot.tasks import sleep_until, work_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiogram import Bot
    from aiogram.types import WebhookInfo

    from bot.chat.updates import UpdateQueue

log = structlog.get_logger(__name__)

# Telegram's maximum, because each response holds a connection until its update is handled.
MOST_CONNECTIONS = 100
PATIENCE_SECONDS = 10.0  # shorter than the timeout of a load balancer
MOST_REMEMBERED = 10_000  # handled updates, to recognise those that come twice


class WebhookRefusedError(RuntimeError):
    """Telegram refuses the webhook."""


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str = field(repr=False)
    secret: str = field(repr=False)
    allowed_updates: tuple[str, ...] = ()

    def is_set(self, info: WebhookInfo) -> bool:
        """Return whether *info* describes this webhook, as far as Telegram tells."""
        return (
            info.url == self.url
            and info.max_connections == MOST_CONNECTIONS
            and set(info.allowed_updates or ()) == set(self.allowed_updates)
        )


@dataclass(frozen=True, slots=True)
class WebhookRegistration:
    bot: Bot
    webhook: Webhook
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = sleep_until

    async def set(self, stopping: asyncio.Event) -> None:
        """Set the webhook, even if it looks set, because Telegram does not show the secret."""
        failures = 0
        while not stopping.is_set():
            try:
                await self.bot.set_webhook(
                    self.webhook.url,
                    secret_token=self.webhook.secret,
                    max_connections=MOST_CONNECTIONS,
                    allowed_updates=list(self.webhook.allowed_updates),
                    drop_pending_updates=False,
                )
            except (AiogramError, OSError, TimeoutError) as error:
                if isinstance(error, TelegramUnauthorizedError):
                    await work_until(stopping, make_sure_of_token(self.bot))
                await self.pause(stopping, _pause_after(error, failures))
                failures += 1
            else:
                return

    async def check(self, stopping: asyncio.Event, *, may_set: bool) -> None:
        """Set the webhook again if it was lost or replaced; raises TokenRefusedError."""
        try:
            info = await self.bot.get_webhook_info()
        except (AiogramError, OSError, TimeoutError) as error:
            if isinstance(error, TelegramUnauthorizedError):
                await work_until(stopping, make_sure_of_token(self.bot))
            log.warning("checking the webhook failed", error=str(error))
            return
        if may_set and not self.webhook.is_set(info):
            log.warning("the webhook was replaced; setting it again", had=host_of(info))
            await self.set(stopping)


async def remove_webhook(bot: Bot) -> None:
    """Remove the webhook, if any, because polling fails while one is set; pending updates stay."""
    try:
        info = await bot.get_webhook_info()
        if info.url:
            await bot.delete_webhook(drop_pending_updates=False)
            log.info("a webhook was removed, because updates are polled", had=host_of(info))
    except (AiogramError, OSError, TimeoutError) as error:
        log.warning("a webhook may block polling", error=str(error))


def host_of(info: WebhookInfo) -> str:
    """Return the scheme and host of the webhook's address; the path is secret."""
    scheme, separator, rest = (info.url or "").partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0]}" or "none"


def _pause_after(error: Exception, failures: int) -> float:
    """Return the seconds to wait; raises if waiting would not help."""
    match error:
        case TelegramBadRequest():
            raise WebhookRefusedError(
                f"PUBLIC_URL is wrong: Telegram refuses to send updates there ({error.message})."
            ) from error
        case TelegramRetryAfter():  # another process has just set it
            return float(error.retry_after)
    log.warning("setting the webhook failed", error=str(error))
    return pause_seconds(failures)


@dataclass(eq=False)
class WebhookReceiver:
    patience_seconds: float = PATIENCE_SECONDS
    _queue: UpdateQueue | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[int, asyncio.Task[bool]] = field(default_factory=dict)
    _done: dict[int, None] = field(default_factory=dict)
    _promised: set[int] = field(default_factory=set)
    """Updates that were confirmed early and are not handled yet."""

    @asynccontextmanager
    async def open(self, queue: UpdateQueue, stopping: asyncio.Event) -> AsyncIterator[None]:
        """Take updates inside the block until *stopping*; its end waits for those in progress."""
        queue.is_ours = lambda update: update.update_id in self._promised
        try:
            async with queue.open(stopping):
                self._queue, self._stopping = queue, stopping
                yield
        finally:
            self._queue = None
            if self._promised:
                log.error("updates that took too long are lost", number=len(self._promised))

    async def take(self, sent: dict[str, Any]) -> bool:
        """Handle an update; return False if Telegram shall send it again."""
        if self._queue is None or self._stopping.is_set():
            return False
        update = read_update(sent, self._queue.bot, self._queue.instrumentation)
        if update is None or update.update_id in self._done:
            return True
        task = self._running.get(update.update_id)
        if task is None:
            if self._queue.is_full:
                return False
            task = self._queue.start(update)
        return task is None or await self._is_done(update.update_id, task)

    async def _is_done(self, update_id: int, task: asyncio.Task[bool]) -> bool:
        if update_id not in self._running:
            self._running[update_id] = task
            task.add_done_callback(lambda done: self._forget(update_id, done))
        await asyncio.wait((task,), timeout=self.patience_seconds)
        if not task.done():
            self._promised.add(update_id)
            return True
        return _is_good(task)

    def _forget(self, update_id: int, task: asyncio.Task[bool]) -> None:
        del self._running[update_id]
        if not _is_good(task):
            return
        self._promised.discard(update_id)
        self._done[update_id] = None
        if len(self._done) > MOST_REMEMBERED:
            del self._done[next(iter(self._done))]


def _is_good(task: asyncio.Task[bool]) -> bool:
    return not task.cancelled() and not task.exception() and task.result()
