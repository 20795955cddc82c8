"""Who runs a group or channel, as Telegram last said; asked again before each change.

A list is one call for all of a group's people, and Telegram gives it to any member, while it may
keep a single member from a bot that is no administrator.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ChatMemberAdministrator

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiogram import Bot
    from aiogram.types import ResultChatMemberUnion

KEPT_SECONDS = 300
NO_SECONDS = 20  # a "no" is asked again sooner: whoever was just promoted tries at once
MOST_CHATS = 5_000


@dataclass(frozen=True, slots=True)
class _Known:
    at: float
    people: frozenset[int]


class Administrators:
    """*timer* gives seconds that never go back."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._known: OrderedDict[int, _Known] = OrderedDict()

    async def has(self, bot: Bot, chat_id: int, user_id: int, *, is_change: bool = False) -> bool:
        """Whether the person runs Telegram's *chat_id*: of a channel, whether they may post.

        A remembered "yes" is not enough for a change: the bot may not hear of who lost the role.
        """
        known = self._known.get(chat_id)
        if known is not None:
            is_one = user_id in known.people
            kept = NO_SECONDS if not is_one else 0 if is_change else KEPT_SECONDS
            if self._timer() - known.at < kept:
                return is_one
        return user_id in await self._ask(bot, chat_id)

    def forget(self, chat_id: int) -> None:
        self._known.pop(chat_id, None)

    async def _ask(self, bot: Bot, chat_id: int) -> frozenset[int]:
        try:
            members = await bot.get_chat_administrators(chat_id)
        except (TelegramBadRequest, TelegramForbiddenError):
            members = []  # we are not in it, or it is gone
        people = frozenset(each.user.id for each in members if _runs(each))
        self._known[chat_id] = _Known(self._timer(), people)
        self._known.move_to_end(chat_id)
        if len(self._known) > MOST_CHATS:
            self._known.popitem(last=False)
        return people


def _runs(member: ResultChatMemberUnion) -> bool:
    """Everybody listed, but for a channel's administrators who may not post there."""
    if isinstance(member, ChatMemberAdministrator):
        return member.can_post_messages is not False
    return member.status == ChatMemberStatus.CREATOR
