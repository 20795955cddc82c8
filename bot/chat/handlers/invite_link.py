"""An invitation, by its link or typed: the other thing that a stranger may bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import CommandStart

from bot.chat.context import Context
from bot.chat.handlers.start import started
from bot.chat.senders import private_sender
from bot.subscribers import invites, users
from bot.subscribers.invites import Redeemed, looks_like_a_code

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import Message, User

    from bot.chat.reply import Reply
    from bot.resources import Resources

PREFIX = "invite_"


async def are_taken(_message: Message, resources: Resources) -> bool:
    return resources.access.invites


async def from_a_stranger(message: Message, resources: Resources) -> bool:
    return message.from_user is not None and await invites.is_unauthorized(
        resources.storage, message.from_user.id, access=resources.access
    )


async def opened(
    message: Message,
    command: CommandObject,
    event_from_user: User,
    resources: Resources,
    reply: Reply,
) -> None:
    code = (command.args or "").removeprefix(PREFIX)
    await _redeem(code, message, event_from_user, resources, reply)


async def typed(
    message: Message, event_from_user: User, resources: Resources, reply: Reply
) -> None:
    await _redeem(message.text or "", message, event_from_user, resources, reply)


async def _redeem(
    code: str, message: Message, person: User, resources: Resources, reply: Reply
) -> None:
    came = await invites.redeem_invite(
        resources.storage, person.id, code, once=reply.once, access=resources.access
    )
    user = None
    if came in {Redeemed.IN, Redeemed.ALREADY_IN}:
        user = await users.identify(
            resources.storage, private_sender(person), access=resources.access
        )
    if user is None:
        await reply.show("chat/errors.html#invitation", came=came, user_id=person.id)
    else:
        await started(message, Context(resources, user, reply))


def make_router() -> Router:
    router = Router(name="invite link")
    router.message.filter(F.chat.type == "private", are_taken)
    is_link = CommandStart(deep_link=True, magic=F.args.startswith(PREFIX))
    router.message.register(opened, is_link)
    is_code = F.text.func(looks_like_a_code)
    router.message.register(typed, is_code, from_a_stranger)
    return router
