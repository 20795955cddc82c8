"""The link that makes the first admin: the one thing that a stranger may bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import CommandStart

from bot.chat.menu import register_admin
from bot.chat.visitors import visitor_of

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.filters import CommandObject
    from aiogram.types import Message, User

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors

PREFIX = "admin_"


async def opened(
    message: Message,
    command: CommandObject,
    event_from_user: User,
    bot: Bot,
    doors: Doors,
    answers: Answers,
) -> None:
    code = (command.args or "").removeprefix(PREFIX)
    if not await doors.admins.redeem(event_from_user.id, code):
        await answers.show("chat/errors.html#admin_link")
        return
    if visitor := visitor_of(message):
        await doors.arrivals.welcome(visitor)  # what waits for an admin is sent to a chat
        await doors.feedback.pass_on()
    await register_admin(bot, answers.renderer, event_from_user.id)
    await answers.show("chat/admin/access.html#promoted")


def make_router() -> Router:
    router = Router(name="admin link")
    is_link = CommandStart(deep_link=True, magic=F.args.startswith(PREFIX))
    router.message.register(opened, F.chat.type == "private", is_link)
    return router
