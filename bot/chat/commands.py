"""The commands of the chat: one row each, which gives the menus, /help and what works in groups.

What a command does is registered in `handlers/`; the sentence beside it is in
`templates/chat/commands.html`. Tests hold the handlers and the documentation to this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from storage.enums import ChatKind


class Permission(Enum):
    """Who may use a command."""

    EVERYBODY = auto()
    ADMINISTRATORS = auto()
    """In a group only its administrators; in a private chat everybody."""
    PRIVATE = auto()
    """Everybody, in a private chat; in a group it may be another bot's command."""
    BOT_ADMINS = auto()
    """Admins of this bot, in a private chat."""


class Menu(Enum):
    """Which menus of Telegram's clients list a command."""

    PRIVATE = auto()
    GROUP = auto()


_PRIVATE: Final = frozenset({Menu.PRIVATE})
_GROUP: Final = frozenset({Menu.GROUP})
_BOTH: Final = frozenset(Menu)
_NONE: Final[frozenset[Menu]] = frozenset()


@dataclass(frozen=True, slots=True)
class ChatCommand:
    name: str
    audience: Permission
    menus: frozenset[Menu] = _PRIVATE
    is_in_help: bool = True

    @property
    def is_for_bot_admins(self) -> bool:
        return self.audience is Permission.BOT_ADMINS

    def is_for(self, chat_kind: ChatKind, *, is_admin: bool) -> bool:
        """Whether /help lists it in a chat of this kind."""
        if self.is_for_bot_admins and not is_admin:
            return False
        if self.audience in _PRIVATE_ONLY:
            return chat_kind is ChatKind.PRIVATE
        is_in_groups_only = self.menus == _GROUP
        return self.is_in_help and not (
            is_in_groups_only and chat_kind in {ChatKind.PRIVATE, ChatKind.CHANNEL}
        )


_PRIVATE_ONLY: Final = frozenset({Permission.PRIVATE, Permission.BOT_ADMINS})

# In the order of the menus and of /help.
CHAT_COMMANDS: Final = (
    ChatCommand("admin", Permission.BOT_ADMINS),
    ChatCommand("catalogue", Permission.BOT_ADMINS),
    ChatCommand("broadcast", Permission.BOT_ADMINS),
    ChatCommand("invites", Permission.BOT_ADMINS),
    ChatCommand("ban", Permission.BOT_ADMINS),
    ChatCommand("allow", Permission.BOT_ADMINS),
    ChatCommand("start", Permission.EVERYBODY, _NONE, is_in_help=False),
    ChatCommand("subscribe", Permission.EVERYBODY, _GROUP),
    ChatCommand("watch", Permission.EVERYBODY, _NONE, is_in_help=False),  # as /subscribe
    ChatCommand("topics", Permission.EVERYBODY, _BOTH),
    ChatCommand("digest", Permission.EVERYBODY, _BOTH),
    ChatCommand("search", Permission.EVERYBODY, _BOTH),
    ChatCommand("trend", Permission.EVERYBODY, _BOTH),
    ChatCommand("here", Permission.EVERYBODY, _GROUP),
    ChatCommand("test", Permission.EVERYBODY, _BOTH),
    ChatCommand("settings", Permission.EVERYBODY, _BOTH),
    ChatCommand("sources", Permission.EVERYBODY),
    ChatCommand("language", Permission.EVERYBODY, _BOTH),
    ChatCommand("mutes", Permission.EVERYBODY, _BOTH),
    ChatCommand("email", Permission.ADMINISTRATORS),  # shows an address
    ChatCommand("feeds", Permission.ADMINISTRATORS),  # shows secret links
    ChatCommand("channels", Permission.PRIVATE),
    ChatCommand("help", Permission.EVERYBODY, _BOTH),
    ChatCommand("stop", Permission.ADMINISTRATORS),
    ChatCommand("cancel", Permission.PRIVATE, _NONE),
    ChatCommand("export", Permission.ADMINISTRATORS),
    ChatCommand("import", Permission.EVERYBODY),  # says how
    ChatCommand("feedback", Permission.ADMINISTRATORS),  # in the name of the group
    ChatCommand("privacy", Permission.EVERYBODY),
    ChatCommand("delete_me", Permission.ADMINISTRATORS),
)

FOR_BOT_ADMINS: Final = tuple(each.name for each in CHAT_COMMANDS if each.is_for_bot_admins)
HANDLED_IN_GROUPS: Final = frozenset(
    each.name for each in CHAT_COMMANDS if each.audience not in _PRIVATE_ONLY
)


def names_in(menu: Menu, *, is_admin: bool = False) -> list[str]:
    """Return what *menu* lists; *is_admin*: with the commands of the bot's admins, first."""
    return [
        each.name
        for each in CHAT_COMMANDS
        if menu in each.menus and (is_admin or not each.is_for_bot_admins)
    ]


def commands_in_help(chat_kind: ChatKind, *, is_admin: bool) -> list[ChatCommand]:
    return [each for each in CHAT_COMMANDS if each.is_for(chat_kind, is_admin=is_admin)]
