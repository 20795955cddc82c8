"""Finding out who it is: a guest with a chat of our own, or a stranger, who is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message

from bot.chat.visitors import visitor_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors


class Arriving(BaseMiddleware):
    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        doors: Doors = data["doors"]
        answers: Answers = data["answers"]
        if not isinstance(event, Message | CallbackQuery) or event.from_user is None:
            return None
        guest = await doors.arrivals.welcome(visitor_of(event.from_user))
        if guest is None:
            await answers.toast("chat/stranger.html", person_id=event.from_user.id)
            return None
        return await handler(event, data | {"guest": guest})
