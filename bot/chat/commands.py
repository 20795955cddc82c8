"""The commands of the chat. A row sets who may use a command, and which menus list it.

Handlers are registered with the filter `ChatCommand`; the description of each command is in
`templates/chat/commands.html`. Tests compare the handlers and the documentation with this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from aiogram.filters import Command

from bot.chat.permissions import Permission
from storage.enums import ChatKind

if TYPE_CHECKING:
    from collections.abc import Collection


class Menu(Enum):
    """A menu of Telegram's clients that lists commands."""

    PRIVATE = auto()
    GROUP = auto()


_PRIVATE: Final = frozenset({Menu.PRIVATE})
_GROUP: Final = frozenset({Menu.GROUP})
_BOTH: Final = frozenset(Menu)
_NONE: Final[frozenset[Menu]] = frozenset()


@dataclass(frozen=True, slots=True)
class CommandRow:
    name: str
    permission: Permission
    menus: frozenset[Menu] = _PRIVATE
    is_in_help: bool = True

    @property
    def is_for_bot_admins(self) -> bool:
        return self.permission is Permission.BOT_ADMINS

    def is_for(self, chat_kind: ChatKind, *, is_admin: bool) -> bool:
        """Return whether /help lists the command in a chat of this kind."""
        if self.is_for_bot_admins and not is_admin:
            return False
        if self.permission.is_private:
            return chat_kind is ChatKind.PRIVATE
        is_in_groups_only = self.menus == _GROUP
        return self.is_in_help and not (
            is_in_groups_only and chat_kind in {ChatKind.PRIVATE, ChatKind.CHANNEL}
        )


# In the order of the menus and of /help.
CHAT_COMMANDS: Final = (
    CommandRow("admin", Permission.BOT_ADMINS),
    CommandRow("catalogue", Permission.BOT_ADMINS),
    CommandRow("broadcast", Permission.BOT_ADMINS),
    CommandRow("invites", Permission.BOT_ADMINS),
    CommandRow("ban", Permission.BOT_ADMINS),
    CommandRow("allow", Permission.BOT_ADMINS),
    CommandRow("start", Permission.EVERYBODY, _NONE, is_in_help=False),
    CommandRow("subscribe", Permission.EVERYBODY, _GROUP),
    CommandRow("watch", Permission.EVERYBODY, _NONE, is_in_help=False),  # an alias of /subscribe
    CommandRow("topics", Permission.EVERYBODY, _BOTH),
    CommandRow("digest", Permission.EVERYBODY, _BOTH),
    CommandRow("recent", Permission.EVERYBODY, _BOTH),
    CommandRow("saved", Permission.EVERYBODY, _BOTH),
    CommandRow("search", Permission.EVERYBODY, _BOTH),
    CommandRow("trend", Permission.EVERYBODY, _BOTH),
    CommandRow("here", Permission.EVERYBODY, _GROUP),
    CommandRow("test", Permission.EVERYBODY, _BOTH),
    CommandRow("settings", Permission.EVERYBODY, _BOTH),
    CommandRow("sources", Permission.EVERYBODY),
    CommandRow("language", Permission.EVERYBODY, _BOTH),
    CommandRow("mutes", Permission.EVERYBODY, _BOTH),
    CommandRow("email", Permission.CONFIDENTIAL),  # shows an address
    CommandRow("feeds", Permission.CONFIDENTIAL),  # shows secret links
    CommandRow("channels", Permission.PRIVATE),
    CommandRow("help", Permission.EVERYBODY, _BOTH),
    CommandRow("stop", Permission.ADMINISTRATORS),
    CommandRow("cancel", Permission.PRIVATE, _NONE),
    CommandRow("export", Permission.CONFIDENTIAL),
    CommandRow("import", Permission.CONFIDENTIAL),  # files are read in private chats
    CommandRow("feedback", Permission.ADMINISTRATORS),  # speaks for the group
    CommandRow("privacy", Permission.EVERYBODY),
    CommandRow("delete_me", Permission.ADMINISTRATORS),
)

_PERMISSIONS: Final = {row.name: row.permission for row in CHAT_COMMANDS}
COMMAND_NAMES: Final = _PERMISSIONS.keys()

ABOUT_SENDER: Final = frozenset(
    {"export", "feedback", "privacy", "delete_me", "channels"}
    | {row.name for row in CHAT_COMMANDS if row.is_for_bot_admins}
)
"""Commands that are about the sender in a private chat, even while they manage another chat."""

HANDLED_IN_GROUPS: Final = frozenset(
    name for name, permission in _PERMISSIONS.items() if not permission.is_private
)


class ChatCommand(Command):
    """Matches a command, and flags its handler with the permission in the command's row.

    A handler registered with a permission keeps it. A command without a row raises KeyError.
    """

    def update_handler_flags(self, flags: dict[str, Any]) -> None:
        super().update_handler_flags(flags)
        for name in self.commands:
            flags.setdefault("permission", _PERMISSIONS[str(name)])


def names_in(menu: Menu, *, is_admin: bool = False, without: Collection[str] = ()) -> list[str]:
    """Return the names in *menu*; *is_admin* adds the commands for admins of the bot."""
    return [
        row.name
        for row in CHAT_COMMANDS
        if menu in row.menus and row.name not in without and (is_admin or not row.is_for_bot_admins)
    ]


def commands_in_help(
    chat_kind: ChatKind, *, is_admin: bool, without: Collection[str] = ()
) -> list[CommandRow]:
    return [
        row
        for row in CHAT_COMMANDS
        if row.name not in without and row.is_for(chat_kind, is_admin=is_admin)
    ]
