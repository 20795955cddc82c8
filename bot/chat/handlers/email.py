"""/email: an address for digests; confirmed by a code, chosen, removed. All in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import RemoveAddress, SetMailAlerts, SetReach, ShowEmail

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/email.html"


async def asked_for(
    _message: Message, command: CommandObject, guest: Guest, doors: Doors, answers: Answers
) -> None:
    if command.args:
        await ask_address(command.args, guest, doors, answers)
    else:
        await answers.show(_PAGE, mailbox=await doors.mailboxes.now(guest.chat_id))


async def ask_address(address: str, guest: Guest, doors: Doors, answers: Answers) -> None:
    """Send the address a mail that asks whether digests shall come there."""
    mailbox = await doors.mailboxes.request(guest.chat_id, address, once=answers.once)
    await answers.show(_PAGE, mailbox=mailbox)


async def take_code(digits: str, guest: Guest, doors: Doors, answers: Answers) -> None:
    mailbox = await doors.mailboxes.confirm_by_code(guest.chat_id, digits, once=answers.once)
    await answers.show(_PAGE, mailbox=mailbox)


async def opened(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.change(_PAGE, mailbox=await doors.mailboxes.now(guest.chat_id))


async def reach_chosen(
    _pressed: CallbackQuery, callback_data: SetReach, guest: Guest, doors: Doors, answers: Answers
) -> None:
    mailbox = await doors.mailboxes.set_reach(guest.chat_id, callback_data.reach)
    await answers.change(_PAGE, mailbox=mailbox)


async def alerts_chosen(
    _pressed: CallbackQuery,
    callback_data: SetMailAlerts,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    mailbox = await doors.mailboxes.set_alerts(guest.chat_id, wanted=callback_data.wanted)
    await answers.change(_PAGE, mailbox=mailbox)


async def removed(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.change(_PAGE, mailbox=await doors.mailboxes.remove(guest.chat_id))


def make_router() -> Router:
    router = Router(name="email")
    router.message.register(asked_for, Command("email"))
    router.callback_query.register(opened, ShowEmail.filter())
    router.callback_query.register(reach_chosen, SetReach.filter())
    router.callback_query.register(alerts_chosen, SetMailAlerts.filter())
    router.callback_query.register(removed, RemoveAddress.filter())
    return router
