"""The webhook at Telegram: set at the start, set again when it is lost, taken away for polling."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)

from bot.chat.handling import pause_seconds
from bot.chat.polling import make_sure_of_token
from bot.loops import nap, until

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from aiogram import Bot
    from aiogram.types import WebhookInfo

log = structlog.get_logger(__name__)

# Telegram's most: an answer waits until its update has been handled, and holds a connection.
MOST_CONNECTIONS = 100


class HookRefusedError(RuntimeError):
    """Telegram takes no such webhook."""


@dataclass(frozen=True, slots=True)
class Hook:
    url: str = field(repr=False)
    secret: str = field(repr=False)
    allowed_updates: tuple[str, ...] = ()

    def is_set(self, info: WebhookInfo) -> bool:
        """Whether *info* tells of this one, as far as Telegram tells."""
        return (
            info.url == self.url
            and info.max_connections == MOST_CONNECTIONS
            and set(info.allowed_updates or ()) == set(self.allowed_updates)
        )


@dataclass(frozen=True, slots=True)
class Hooking:
    bot: Bot
    hook: Hook
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = nap

    async def set(self, stopping: asyncio.Event) -> None:
        """Set it, be it set or not: Telegram does not tell the secret. Each process may do so."""
        failures = 0
        while not stopping.is_set():
            try:
                await self._set()
            except (AiogramError, OSError, TimeoutError) as error:
                if isinstance(error, TelegramUnauthorizedError):
                    await until(stopping, make_sure_of_token(self.bot))
                await self.pause(stopping, _seconds_after(error, failures))
                failures += 1
            else:
                return

    async def _set(self) -> None:
        await self.bot.set_webhook(
            self.hook.url,
            secret_token=self.hook.secret,
            max_connections=MOST_CONNECTIONS,
            allowed_updates=list(self.hook.allowed_updates),
            drop_pending_updates=False,
        )

    async def check(self, stopping: asyncio.Event, *, may_set: bool) -> None:
        """Set it again if it is lost, or somebody set another; TokenRefusedError if that is it."""
        try:
            info = await self.bot.get_webhook_info()
        except (AiogramError, OSError, TimeoutError) as error:
            if isinstance(error, TelegramUnauthorizedError):
                await until(stopping, make_sure_of_token(self.bot))
            log.warning("the webhook could not be looked at", error=str(error))
            return
        if may_set and not self.hook.is_set(info):
            log.warning("the webhook was not ours any more, and is set again", had=host_of(info))
            await self.set(stopping)


async def unhook(bot: Bot) -> None:
    """Take a webhook away if there is one, for nobody polls beside it; what waits stays."""
    try:
        info = await bot.get_webhook_info()
        if info.url:
            await bot.delete_webhook(drop_pending_updates=False)
            log.info("a webhook was taken away, since updates are polled", had=host_of(info))
    except (AiogramError, OSError, TimeoutError) as error:
        log.warning("a webhook may stand in the way of polling", error=str(error))


def host_of(info: WebhookInfo) -> str:
    """Return what may be told of a webhook's address: its path is a secret."""
    scheme, separator, rest = (info.url or "").partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0]}" or "none"


def _seconds_after(error: Exception, failures: int) -> float:
    """Return how long to wait, or raise where waiting would not help."""
    match error:
        case TelegramBadRequest():
            raise HookRefusedError(
                f"PUBLIC_URL is wrong: Telegram brings no updates there ({error.message})."
            ) from error
        case TelegramRetryAfter():  # another process has just set it
            return float(error.retry_after)
    log.warning("the webhook could not be set yet", error=str(error))
    return pause_seconds(failures)
