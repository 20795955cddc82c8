"""In groups only what is said to the bot goes on: a command of its own, its name, a reply to it.

Another command goes on where it names this bot, for another bot may know it. The name is taken out
of what goes on, so that words are words wherever they are typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.enums import ChatType, MessageEntityType
from aiogram.types import Message

from bot.chat.menu import HEARD_IN_GROUPS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

_GROUPS = {ChatType.GROUP, ChatType.SUPERGROUP}


class Addressing(BaseMiddleware):
    """Gives handlers `is_named`: whether it is this bot alone that was meant."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if not isinstance(event, Message) or event.chat.type not in _GROUPS:
            return await handler(event, data | {"is_named": True})
        me = await data["bot"].me()
        name = (me.username or "").lower()
        if event.edit_date or not event.text or event.is_automatic_forward:
            return None
        if event.text.startswith("/"):
            command, _, named = event.text.split(maxsplit=1)[0].partition("@")
            is_ours = named.lower() == name if named else command[1:] in HEARD_IN_GROUPS
            return await handler(event, data | {"is_named": bool(named)}) if is_ours else None
        words = without_name(event, name)
        if words:
            said = event.model_copy(update={"text": words, "entities": None})
            return await handler(said, data | {"is_named": True})
        answered = event.reply_to_message
        if answered and answered.from_user and answered.from_user.id == me.id:
            return await handler(event, data | {"is_named": False})
        return None


def without_name(message: Message, name: str) -> str | None:
    """Return the text without the mention of *name*, None if there is no such mention."""
    text = message.text or ""
    for entity in message.entities or ():
        mention = entity.extract_from(text)
        if entity.type == MessageEntityType.MENTION and mention.lower() == f"@{name}":
            return " ".join(text.replace(mention, " ", 1).split())
    return None
