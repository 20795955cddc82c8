"""Groups and channels: not yet; said once, when the bot is added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import JOIN_TRANSITION, ChatMemberUpdatedFilter

if TYPE_CHECKING:
    from aiogram.types import ChatMemberUpdated, Message

    from bot.chat.answers import Answers

_GROUPS = {"group", "supergroup"}


async def added(_event: ChatMemberUpdated, answers: Answers) -> None:
    await answers.show("chat/groups.html")


async def overheard(_message: Message) -> None:
    """Say nothing: a bot that answers everybody in a group is soon thrown out."""


async def pressed(_event: object, answers: Answers) -> None:
    await answers.toast("chat/groups.html")


def make_router() -> Router:
    router = Router(name="groups")
    in_groups = F.chat.type.in_(_GROUPS)
    router.my_chat_member.register(added, in_groups, ChatMemberUpdatedFilter(JOIN_TRANSITION))
    router.my_chat_member.register(overheard, F.chat.type != "private")
    router.message.register(overheard, F.chat.type != "private")
    router.edited_message.register(overheard, F.chat.type != "private")
    router.callback_query.register(pressed, F.message.chat.type != "private")
    return router
