"""The commands of the chat: one row each, which gives the menus, /help and what works in groups.

What a command does is registered in `handlers/`; the sentence beside it is in
`templates/chat/commands.html`. Tests hold the handlers and the documentation to this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from storage.enums import ChatKind


class Audience(Enum):
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
    audience: Audience
    menus: frozenset[Menu] = _PRIVATE
    is_in_help: bool = True

    @property
    def is_for_bot_admins(self) -> bool:
        return self.audience is Audience.BOT_ADMINS

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


_PRIVATE_ONLY: Final = frozenset({Audience.PRIVATE, Audience.BOT_ADMINS})

# In the order of the menus and of /help.
CHAT_COMMANDS: Final = (
    ChatCommand("admin", Audience.BOT_ADMINS),
    ChatCommand("catalogue", Audience.BOT_ADMINS),
    ChatCommand("broadcast", Audience.BOT_ADMINS),
    ChatCommand("invites", Audience.BOT_ADMINS),
    ChatCommand("ban", Audience.BOT_ADMINS),
    ChatCommand("allow", Audience.BOT_ADMINS),
    ChatCommand("start", Audience.EVERYBODY, _NONE, is_in_help=False),
    ChatCommand("subscribe", Audience.EVERYBODY, _GROUP),
    ChatCommand("watch", Audience.EVERYBODY, _NONE, is_in_help=False),  # as /subscribe
    ChatCommand("topics", Audience.EVERYBODY, _BOTH),
    ChatCommand("digest", Audience.EVERYBODY, _BOTH),
    ChatCommand("search", Audience.EVERYBODY, _BOTH),
    ChatCommand("trend", Audience.EVERYBODY, _BOTH),
    ChatCommand("here", Audience.EVERYBODY, _GROUP),
    ChatCommand("test", Audience.EVERYBODY, _BOTH),
    ChatCommand("settings", Audience.EVERYBODY, _BOTH),
    ChatCommand("sources", Audience.EVERYBODY),
    ChatCommand("language", Audience.EVERYBODY, _BOTH),
    ChatCommand("mutes", Audience.EVERYBODY, _BOTH),
    ChatCommand("email", Audience.ADMINISTRATORS),  # shows an address
    ChatCommand("feeds", Audience.ADMINISTRATORS),  # shows secret links
    ChatCommand("channels", Audience.PRIVATE),
    ChatCommand("help", Audience.EVERYBODY, _BOTH),
    ChatCommand("stop", Audience.ADMINISTRATORS),
    ChatCommand("cancel", Audience.PRIVATE, _NONE),
    ChatCommand("export", Audience.ADMINISTRATORS),
    ChatCommand("import", Audience.EVERYBODY),  # says how
    ChatCommand("feedback", Audience.ADMINISTRATORS),  # in the name of the group
    ChatCommand("privacy", Audience.EVERYBODY),
    ChatCommand("delete_me", Audience.ADMINISTRATORS),
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
