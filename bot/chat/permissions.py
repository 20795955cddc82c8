"""Permissions: who may use a handler.

Each handler is registered with one, and `PermissionMiddleware` enforces them all:

    router.message.register(import_file, F.document, flags=Permission.PRIVATE.flags)

A command takes its permission from its row in `commands`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message

if TYPE_CHECKING:
    from bot.chat.context import Context


class Permission(Enum):
    """The users who may use a handler."""

    WITHOUT_ACCESS = auto()
    """Also users without access, and Telegram itself; the handler gets no context."""
    EVERYBODY = auto()
    """Everybody, because the handler changes nothing; in a channel only its administrators.

    The answer to a reader of a channel would go to a private chat that they never opened.
    """
    ADMINISTRATORS = auto()
    """Administrators of the group or channel; in a private chat everybody."""
    PRIVATE = auto()
    """Everybody, in a private chat; in a group the command may be another bot's."""
    BOT_ADMINS = auto()
    """Admins of this bot, in a private chat."""

    @property
    def flags(self) -> dict[str, Any]:
        """The flags to register a handler with: a new dict, because filters write to it."""
        return {"permission": self}

    @property
    def is_private(self) -> bool:
        """Whether the handler can be used in private chats only."""
        return self in {Permission.PRIVATE, Permission.BOT_ADMINS}


REFUSALS = {
    Permission.EVERYBODY: "chat/groups.html#not_yours",
    Permission.ADMINISTRATORS: "chat/groups.html#not_yours",
    Permission.PRIVATE: "chat/errors.html#unknown_command",
    Permission.BOT_ADMINS: "chat/admin/access.html#not_for_you",
}
"""The template that refuses a user without the permission."""


def is_in_private_chat(event: Message | CallbackQuery) -> bool:
    message = event.message if isinstance(event, CallbackQuery) else event
    return message is not None and message.chat.type == ChatType.PRIVATE


async def is_bot_admin(event: Message | CallbackQuery, context: Context) -> bool:
    """Return whether the user has the permission BOT_ADMINS here.

    As a filter it only chooses between two handlers of a command. `PermissionMiddleware` still
    checks the permission.
    """
    return context.user.is_admin and is_in_private_chat(event)
