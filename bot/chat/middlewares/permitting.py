"""In groups and channels only those who run them change what comes there; reading is for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import Message

from bot.chat.permits import only_reads
from bot.subscribers import users
from storage.enums import ChatKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.chat.administrators import Administrators
    from bot.chat.context import Context
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser


class Permitting(BaseMiddleware):
    """An inner middleware: what the found handler says of itself decides."""

    def __init__(self, administrators: Administrators) -> None:
        self._administrators = administrators

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        context: Context = data["context"]
        user, reply = context.user, context.reply
        # What a channel's readers press would be answered in private, to people who never asked.
        reads = user.kind is not ChatKind.CHANNEL and only_reads(data)
        if reads:
            return await handler(event, data)
        if user.can_change and await self._may_still_change(event, user, data):
            return await handler(event, data)
        await reply.toast("chat/groups.html#not_yours", user=user)
        return None

    async def _may_still_change(
        self, event: TelegramObject, user: CurrentUser, data: dict[str, Any]
    ) -> bool:
        """Ask Telegram anew who runs the place: `user.can_change` may be minutes old.

        It is noted who does, to be told when the place is shut to the bot.
        """
        is_anonymous = isinstance(event, Message) and event.sender_chat is not None
        if user.kind is ChatKind.PRIVATE or is_anonymous:
            return True
        place, person = user.telegram_id, user.user_id
        if not await self._administrators.has(data["bot"], place, person, is_change=True):
            return False
        resources: Resources = data["resources"]
        await users.remember_chat_admin(resources.storage, user)
        return True
