"""Telling somebody who sends a flood that nobody listens for a while, instead of handling it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.chat.reply import Reply

SHUT_SECONDS = "shut_seconds"
"""What the poller passes with an update that is too much: how long nothing is answered."""


class Calming(BaseMiddleware):
    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        seconds = data.get(SHUT_SECONDS)
        if seconds is None:
            return await handler(event, data)
        reply: Reply = data["reply"]
        await reply.toast("chat/errors.html#too_much", seconds=seconds)
        return None
