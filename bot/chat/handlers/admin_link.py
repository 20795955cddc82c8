"""The link that makes the first admin: the one thing that a stranger may bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import CommandStart

from bot.chat.menu import register_admin
from bot.chat.senders import sender_of
from bot.subscribers import feedback, users
from bot.subscribers.access import redeem_admin_code

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.filters import CommandObject
    from aiogram.types import Message, User

    from bot.chat.reply import Reply
    from bot.resources import Resources

PREFIX = "admin_"


async def opened(
    message: Message,
    command: CommandObject,
    event_from_user: User,
    bot: Bot,
    resources: Resources,
    reply: Reply,
) -> None:
    code = (command.args or "").removeprefix(PREFIX)
    if not await redeem_admin_code(
        resources.storage, event_from_user.id, code, access=resources.access
    ):
        await reply.show("chat/errors.html#admin_link")
        return
    if sender := sender_of(message):
        await users.identify(
            resources.storage, sender, access=resources.access
        )  # what waits for an admin is sent to a chat
        await feedback.forward_feedback(
            resources.storage, renderer=resources.renderer, admins=resources.access.admins
        )
    await register_admin(bot, reply.renderer, event_from_user.id)
    await reply.show("chat/admin/access.html#promoted")


def make_router() -> Router:
    router = Router(name="admin link")
    is_link = CommandStart(deep_link=True, magic=F.args.startswith(PREFIX))
    router.message.register(opened, F.chat.type == "private", is_link)
    return router
