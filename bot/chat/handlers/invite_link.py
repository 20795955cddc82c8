"""An invitation, by its link or typed: the other thing that a stranger may bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import CommandStart

from bot.chat.handlers.start import started
from bot.chat.visitors import person as private_chat_of
from bot.subscribers.invites import Redeemed, looks_like_a_code

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import Message, User

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors

PREFIX = "invite_"


async def are_taken(_message: Message, doors: Doors) -> bool:
    return doors.invites.are_taken


async def from_a_stranger(message: Message, doors: Doors) -> bool:
    return message.from_user is not None and await doors.invites.is_stranger(message.from_user.id)


async def opened(
    message: Message, command: CommandObject, event_from_user: User, doors: Doors, answers: Answers
) -> None:
    code = (command.args or "").removeprefix(PREFIX)
    await _redeem(code, message, event_from_user, doors, answers)


async def typed(message: Message, event_from_user: User, doors: Doors, answers: Answers) -> None:
    await _redeem(message.text or "", message, event_from_user, doors, answers)


async def _redeem(
    code: str, message: Message, person: User, doors: Doors, answers: Answers
) -> None:
    came = await doors.invites.redeem(person.id, code, once=answers.once)
    guest = None
    if came in {Redeemed.IN, Redeemed.ALREADY_IN}:
        guest = await doors.arrivals.welcome(private_chat_of(person))
    if guest is None:
        await answers.show("chat/errors.html#invitation", came=came, person_id=person.id)
    else:
        await started(message, guest, doors, answers)


def make_router() -> Router:
    router = Router(name="invite link")
    router.message.filter(F.chat.type == "private", are_taken)
    is_link = CommandStart(deep_link=True, magic=F.args.startswith(PREFIX))
    router.message.register(opened, is_link)
    is_code = F.text.func(looks_like_a_code)
    router.message.register(typed, is_code, from_a_stranger)
    return router
