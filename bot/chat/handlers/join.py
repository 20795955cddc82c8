"""Links and codes that give access: an invitation, and the link that makes the first admin.

They are the only things that a user without access may send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import CommandStart

from bot.chat.context import Context
from bot.chat.handlers.start import started
from bot.chat.menu import register_admin
from bot.chat.senders import private_sender
from bot.subscribers import feedback, users
from bot.subscribers.access import redeem_admin_code
from bot.subscribers.invites import Redeemed, is_unauthorized, looks_like_a_code, redeem_invite

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.filters import CommandObject
    from aiogram.types import Message, User

    from bot.chat.reply import Reply
    from bot.resources import Resources

ADMIN_PREFIX, INVITE_PREFIX = "admin_", "invite_"


def make_router() -> Router:
    router = Router(name="join")
    router.message.filter(F.chat.type == "private")
    is_admin_link = CommandStart(deep_link=True, magic=F.args.startswith(ADMIN_PREFIX))
    router.message.register(open_admin_link, is_admin_link)
    is_invite = CommandStart(deep_link=True, magic=F.args.startswith(INVITE_PREFIX))
    router.message.register(open_invite, is_invite, accepts_invites)
    is_code = F.text.func(looks_like_a_code)
    router.message.register(type_code, is_code, accepts_invites, lacks_access)
    return router


async def accepts_invites(_: object, resources: Resources) -> bool:
    return resources.access.invites


async def lacks_access(message: Message, resources: Resources) -> bool:
    return message.from_user is not None and await is_unauthorized(
        resources.storage, message.from_user.id, access=resources.access
    )


async def open_admin_link(
    _: object,
    command: CommandObject,
    event_from_user: User,
    bot: Bot,
    resources: Resources,
    reply: Reply,
) -> None:
    code = (command.args or "").removeprefix(ADMIN_PREFIX)
    storage, access = resources.storage, resources.access
    if not await redeem_admin_code(storage, event_from_user.id, code, access=access):
        await reply.show("chat/errors.html#admin_link")
        return
    # Feedback that waits for an admin is forwarded to a chat.
    await users.identify(storage, private_sender(event_from_user), access=access)
    await feedback.forward_feedback(storage, renderer=resources.renderer, admins=access.admins)
    await register_admin(bot, reply.renderer, event_from_user.id)
    await reply.show("chat/admin/access.html#promoted")


async def open_invite(
    message: Message,
    command: CommandObject,
    event_from_user: User,
    resources: Resources,
    reply: Reply,
) -> None:
    code = (command.args or "").removeprefix(INVITE_PREFIX)
    await _redeem(code, message, event_from_user, resources, reply)


async def type_code(
    message: Message, event_from_user: User, resources: Resources, reply: Reply
) -> None:
    await _redeem(message.text or "", message, event_from_user, resources, reply)


async def _redeem(
    code: str, message: Message, user: User, resources: Resources, reply: Reply
) -> None:
    storage, access = resources.storage, resources.access
    result = await redeem_invite(storage, user.id, code, once=reply.once, access=access)
    current = None
    if result in {Redeemed.IN, Redeemed.ALREADY_IN}:
        current = await users.identify(storage, private_sender(user), access=access)
    if current is None:
        await reply.show("chat/errors.html#invitation", result=result, user_id=user.id)
    else:
        await started(message, Context(resources, current, reply))
