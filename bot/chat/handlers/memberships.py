"""Private chats that block the bot, and unblock it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import JOIN_TRANSITION, LEAVE_TRANSITION, ChatMemberUpdatedFilter

from bot.subscribers import users
from storage.enums import ChatState

if TYPE_CHECKING:
    from aiogram.types import ChatMemberUpdated

    from bot.resources import Resources


async def blocked(event: ChatMemberUpdated, resources: Resources) -> None:
    await users.suspend(resources.storage, event.chat.id, ChatState.BLOCKED)


async def unblocked(event: ChatMemberUpdated, resources: Resources) -> None:
    await users.restore(resources.storage, event.chat.id)


def make_router() -> Router:
    router = Router(name="memberships")
    router.my_chat_member.register(blocked, ChatMemberUpdatedFilter(LEAVE_TRANSITION))
    router.my_chat_member.register(unblocked, ChatMemberUpdatedFilter(JOIN_TRANSITION))
    return router
