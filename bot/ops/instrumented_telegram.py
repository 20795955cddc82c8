"""Instrumentation of a bot's calls and updates, as middlewares of aiogram."""

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
from bot.ops.instrumentation import Instrumentation, Operation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType
    from aiogram.types import TelegramObject

UNHANDLED_OUTCOME = "unhandled"

_OUTCOMES: dict[type[Exception], str] = {
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
class InstrumentedCalls(BaseRequestMiddleware):
    """Observes calls of the Bot API. Register it last, so that it measures no other middleware."""

    instrumentation: Instrumentation

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        with self.instrumentation.observe(Operation.CALL, method.__api_method__) as observation:
            try:
                return await make_request(bot, method)
            except (TelegramAPIError, ClientDecodeError) as error:
                kinds = (name for kind, name in _OUTCOMES.items() if isinstance(error, kind))
                observation.outcome = next(kinds, OTHER)
                raise


@dataclass(eq=False)
class InstrumentedUpdates(BaseMiddleware):
    """Observes the handling of each update, and adds the update's id to its log lines."""

    instrumentation: Instrumentation

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
            self.instrumentation.observe(
                Operation.UPDATE, _kind_of(event), update=update_id
            ) as observation,
        ):
            result = await handler(event, data)
            if result is UNHANDLED:
                observation.outcome = UNHANDLED_OUTCOME
            return result


def _kind_of(update: Update) -> str:
    try:
        return update.event_type
    except UpdateTypeLookupError:  # newer than our aiogram
        return OTHER
