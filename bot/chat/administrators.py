"""The administrators of groups and channels, and the bot's own rights there."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    ChatMemberAdministrator,
    ChatMemberBanned,
    ChatMemberLeft,
    ChatMemberRestricted,
)

from bot.subscribers import groups
from storage.enums import ChatKind, ChatState

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiogram import Bot
    from aiogram.types import ChatMember, ResultChatMemberUnion

    from storage.db.engine import Storage

YES_SECONDS = 300
NO_SECONDS = 20  # shorter, because a newly promoted administrator tries at once
MOST_CHATS = 5_000


@dataclass(frozen=True, slots=True)
class _Remembered:
    asked_at: float
    user_ids: frozenset[int]


class Administrators:
    """Caches each chat's administrators as Telegram last listed them; *timer* is monotonic.

    One call lists them all. Telegram answers it for any bot in the chat, but may refuse to describe
    a single member to a bot that is no administrator. Each list is also stored, so that /channels
    needs no call.
    """

    def __init__(self, storage: Storage, timer: Callable[[], float] = time.monotonic) -> None:
        self._storage = storage
        self._timer = timer
        self._remembered: OrderedDict[int, _Remembered] = OrderedDict()

    async def has(self, bot: Bot, chat_id: int, user_id: int, *, is_change: bool = False) -> bool:
        """Return whether the user administers the chat and, in a channel, may post.

        *chat_id* is Telegram's id. *is_change*: the user is about to change something, so a cached
        "yes" does not count, because Telegram may not report a demotion.
        """
        remembered = self._remembered.get(chat_id)
        if remembered is not None:
            age = self._timer() - remembered.asked_at
            is_administrator = user_id in remembered.user_ids
            if is_administrator and age < YES_SECONDS and not is_change:
                return True
            if not is_administrator and age < NO_SECONDS:
                return False
        return user_id in await self._ask(bot, chat_id)

    def forget(self, chat_id: int) -> None:
        self._remembered.pop(chat_id, None)

    async def _ask(self, bot: Bot, chat_id: int) -> frozenset[int]:
        try:
            members = await bot.get_chat_administrators(chat_id)
        except (TelegramBadRequest, TelegramForbiddenError):
            user_ids = frozenset[int]()  # the bot is not a member, or the chat is gone
        else:
            user_ids = frozenset(member.user.id for member in members if is_administrator(member))
            await groups.record_admins(self._storage, chat_id, user_ids)
        self._remembered[chat_id] = _Remembered(self._timer(), user_ids)
        self._remembered.move_to_end(chat_id)
        if len(self._remembered) > MOST_CHATS:
            self._remembered.popitem(last=False)
        return user_ids


def is_administrator(member: ResultChatMemberUnion) -> bool:
    """Return whether the member is a user who administers the chat and, in a channel, may post."""
    if member.user.is_bot:
        return False
    if isinstance(member, ChatMemberAdministrator):
        return member.can_post_messages is not False
    return member.status == ChatMemberStatus.CREATOR


def state_of_bot(member: ChatMember, kind: ChatKind) -> ChatState:
    """Return ACTIVE if the bot can write, BLOCKED if it is a member that cannot, else KICKED."""
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
