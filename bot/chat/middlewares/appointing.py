"""Making whoever writes first an admin, in a playground, where they alone are at the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import Message

from bot.chat.menu import register_admin
from bot.subscribers import feedback
from bot.subscribers.access import make_first_admin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.resources import Resources


class Appointing(BaseMiddleware):
    """Asks for each message until somebody has come first, and then no more."""

    def __init__(self) -> None:
        self._is_over = False

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if isinstance(event, Message) and not self._is_over and await self._appoint(event, data):
            result = await handler(event, data)
            resources: Resources = data["resources"]
            await feedback.forward_feedback(
                resources.storage, renderer=resources.renderer, admins=resources.access.admins
            )  # there is a chat by now to which it is sent
            return result
        return await handler(event, data)

    async def _appoint(self, message: Message, data: dict[str, Any]) -> bool:
        if message.from_user is None or message.chat.type != ChatType.PRIVATE:
            return False
        self._is_over = True
        user_id = message.from_user.id
        resources: Resources = data["resources"]
        is_first = await make_first_admin(
            resources.storage,
            user_id,
            access=resources.access,
            is_playground=resources.is_playground,
        )
        if is_first:
            await register_admin(data["bot"], data["reply"].renderer, user_id)
        return is_first
