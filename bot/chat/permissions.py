"""Who may do what in groups and channels, and what the bot may do there.

Administrators change what a group or channel gets; reading is for everybody. A handler that only
reads is registered as such:

    router.message.register(show_topics, Command("topics"), flags=READS)
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiogram.dispatcher.flags import get_flag
from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    ChatMemberAdministrator,
    ChatMemberBanned,
    ChatMemberLeft,
    ChatMemberRestricted,
)

from bot.subscribers.input import Address, Code
from storage.enums import ChatKind, ChatState

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiogram import Bot
    from aiogram.types import ChatMember, ResultChatMemberUnion


READS = {"reads": True}

YES_SECONDS = 300
NO_SECONDS = 20  # a "no" is asked again sooner: a newly promoted administrator tries at once
MOST_CHATS = 5_000


def only_reads(data: dict[str, Any]) -> bool:
    """Whether what the chosen handler would do changes nothing.

    A typed text may answer a question, or be an address or a code: its handler has read it.
    """
    if not get_flag(data, "reads"):
        return False
    return not data.get("asked") and not isinstance(data.get("read"), Address | Code)


@dataclass(frozen=True, slots=True)
class _Known:
    at: float
    user_ids: frozenset[int]


class Administrators:
    """The administrators of groups and channels, as Telegram last said; *timer* is monotonic.

    The list is one call for all members of a group, and Telegram gives it to any member, while it
    may refuse a single member to a bot that is no administrator.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._known: OrderedDict[int, _Known] = OrderedDict()

    async def has(self, bot: Bot, chat_id: int, user_id: int, *, is_change: bool = False) -> bool:
        """Whether the user administers Telegram's *chat_id*, and in a channel may post.

        For a change a remembered "yes" does not do: Telegram may not tell the bot who was demoted.
        """
        known = self._known.get(chat_id)
        if known is not None:
            is_one = user_id in known.user_ids
            kept = NO_SECONDS if not is_one else 0 if is_change else YES_SECONDS
            if self._timer() - known.at < kept:
                return is_one
        return user_id in await self._ask(bot, chat_id)

    def forget(self, chat_id: int) -> None:
        self._known.pop(chat_id, None)

    async def _ask(self, bot: Bot, chat_id: int) -> frozenset[int]:
        try:
            members = await bot.get_chat_administrators(chat_id)
        except (TelegramBadRequest, TelegramForbiddenError):
            members = []  # the bot is not in it, or it is gone
        user_ids = frozenset(each.user.id for each in members if _administers(each))
        self._known[chat_id] = _Known(self._timer(), user_ids)
        self._known.move_to_end(chat_id)
        if len(self._known) > MOST_CHATS:
            self._known.popitem(last=False)
        return user_ids


def _administers(member: ResultChatMemberUnion) -> bool:
    """Whether a listed member counts: an administrator of a channel must be allowed to post."""
    if isinstance(member, ChatMemberAdministrator):
        return member.can_post_messages is not False
    return member.status == ChatMemberStatus.CREATOR


def state_of_bot(member: ChatMember, kind: ChatKind) -> ChatState:
    """ACTIVE: the bot can write; BLOCKED: it is a member that cannot; KICKED: it is no member."""
    match member:
        case ChatMemberLeft() | ChatMemberBanned() | ChatMemberRestricted(is_member=False):
            return ChatState.KICKED
        case ChatMemberRestricted(can_send_messages=False):
            return ChatState.BLOCKED
        case ChatMemberAdministrator() if kind is ChatKind.CHANNEL and not member.can_post_messages:
            return ChatState.BLOCKED
        case _:
            return ChatState.ACTIVE


def may_manage_topics(member: ChatMember) -> bool:
    return isinstance(member, ChatMemberAdministrator) and bool(member.can_manage_topics)
