"""A watch around the calls of one bot, and around the updates that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from aiogram import BaseMiddleware
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError

from bot.chat.updates import OTHER
from bot.ops.instrumentation import Act, Watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType
    from aiogram.types import TelegramObject

NOBODYS = "unhandled"

_WORDS: dict[type[Exception], str] = {
    TelegramRetryAfter: "flood_wait",
    TelegramConflictError: "conflict",
    TelegramUnauthorizedError: "unauthorized",
    TelegramForbiddenError: "forbidden",
    TelegramBadRequest: "bad_request",
    TelegramServerError: "server",
    TelegramNetworkError: "network",
    ClientDecodeError: "unreadable",
}


@dataclass(eq=False)
class WatchedCalls(BaseRequestMiddleware):
    """Register it last: what other middlewares do around a call is not the call."""

    watch: Watch

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        with self.watch.over(Act.CALL, method.__api_method__) as seen:
            try:
                return await make_request(bot, method)
            except (TelegramAPIError, ClientDecodeError) as error:
                kinds = (word for kind, word in _WORDS.items() if isinstance(error, kind))
                seen.outcome = next(kinds, OTHER)
                raise


@dataclass(eq=False)
class WatchedUpdates(BaseMiddleware):
    """Around all that is done for an update; what is logged meanwhile names it."""

    watch: Watch

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if not isinstance(event, Update):
            return await handler(event, data)
        update_id = event.update_id
        with (
            structlog.contextvars.bound_contextvars(update=update_id),
            self.watch.over(Act.UPDATE, _kind_of(event), update=update_id) as seen,
        ):
            result = await handler(event, data)
            if result is UNHANDLED:
                seen.outcome = NOBODYS
            return result


def _kind_of(update: Update) -> str:
    try:
        return update.event_type
    except UpdateTypeLookupError:  # newer than our aiogram
        return OTHER
