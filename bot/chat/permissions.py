"""Permissions: who may use a handler.

Each handler is registered with one, and `PermissionMiddleware` enforces them all:

    router.message.register(import_file, F.document, flags=Permission.PRIVATE.flags)

A command takes its permission from its row in `commands`.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from aiogram.enums import ChatType
from aiogram.filters.callback_data import CallbackQueryFilter
from aiogram.types import CallbackQuery, Message

if TYPE_CHECKING:
    from aiogram import Router

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
    CONFIDENTIAL = auto()
    """As ADMINISTRATORS, but a group does not see the answer, which goes to a private chat.

    It shows an address or a secret link, or asks for something that is read only there.
    """
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
    Permission.CONFIDENTIAL: "chat/groups.html#not_yours",
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


async def may_change(_: object, context: Context) -> bool:
    """Return whether the user administers the chat, as last known; true in a private chat.

    Like `is_bot_admin`, as a filter it only chooses between two handlers.
    """
    return context.user.can_change


def _prefix(data: str) -> str:
    """Return the part of a button's data that names its kind."""
    return re.split("[:|]", data, maxsplit=1)[0]


def skip_buttons_of_others(router: Router) -> None:
    """Let *router* try its handlers only on presses of buttons of a kind that they take.

    Otherwise the handlers of all routers parse the data in turn, until one of them can.
    """
    takers = [
        each.callback
        for handler in router.callback_query.handlers
        for each in handler.filters or ()
        if isinstance(each.callback, CallbackQueryFilter)
    ]
    if len(takers) < len(router.callback_query.handlers):
        return  # one of its handlers takes buttons of any kind
    kinds = frozenset(taker.callback_data.__prefix__ for taker in takers)

    async def is_taken(query: CallbackQuery) -> bool:  # others would run in a thread
        return _prefix(query.data or "") in kinds

    router.callback_query.filter(is_taken)


class _ButtonHandler(NamedTuple):
    takes: CallbackQueryFilter
    is_certain: bool  # it has no other filter
    permission: Permission


class ButtonPermissions:
    """Tells who may press a button, from how the handlers of *router* are registered."""

    def __init__(self, router: Router) -> None:
        self._handlers: dict[str, list[_ButtonHandler]] = {}
        for inner in router.chain_tail:
            for handler in inner.callback_query.handlers:
                filters = [each.callback for each in handler.filters or ()]
                for used in filters:
                    if isinstance(used, CallbackQueryFilter):
                        permission, is_certain = handler.flags["permission"], len(filters) == 1
                        same = self._handlers.setdefault(used.callback_data.__prefix__, [])
                        same.append(_ButtonHandler(used, is_certain, permission))

    def of(self, data: str) -> frozenset[Permission]:
        """Return the permissions of the handlers that may take a press of a button with *data*.

        Any of them is enough. Nobody needs one to hear that a button is too old.
        """
        found = []
        for handler in self._handlers.get(_prefix(data), ()):
            rule, kind = handler.takes.rule, handler.takes.callback_data
            if rule is None or rule.resolve(kind.unpack(data)):
                found.append(handler.permission)
                if handler.is_certain:
                    break
        return frozenset(found or [Permission.EVERYBODY])
