"""/invites: invitations, made by buttons, listed, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks.admin import DraftInvite, EndInvite, InvitesPage, MakeInvite
from bot.chat.handlers.admin.desk import put
from bot.subscribers.invites import new_code

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def asked_for(
    _message: Message, guest: Guest, bot: Bot, doors: Doors, answers: Answers
) -> None:
    await _show(guest, bot, doors, answers)


async def turned(
    _pressed: CallbackQuery,
    callback_data: InvitesPage,
    guest: Guest,
    bot: Bot,
    doors: Doors,
    answers: Answers,
) -> None:
    await _show(guest, bot, doors, answers, callback_data.page)


async def drafted(_pressed: CallbackQuery, callback_data: DraftInvite, answers: Answers) -> None:
    # The button has the code: pressed twice, or at two processes, it makes one invitation.
    await put(answers, "chat/admin/invites.html#one", draft=callback_data, code=new_code())


async def made(
    _pressed: CallbackQuery,
    callback_data: MakeInvite,
    guest: Guest,
    bot: Bot,
    doors: Doors,
    answers: Answers,
) -> None:
    uses, days, code = callback_data.uses, callback_data.days, callback_data.invite_code
    await doors.invites.make_for(uses, days, by=guest.person_id, code=code)
    await _show(guest, bot, doors, answers)


async def ended(
    _pressed: CallbackQuery,
    callback_data: EndInvite,
    guest: Guest,
    bot: Bot,
    doors: Doors,
    answers: Answers,
) -> None:
    await doors.invites.end(callback_data.invite_id, by=guest.person_id)
    await _show(guest, bot, doors, answers)


async def _show(guest: Guest, bot: Bot, doors: Doors, answers: Answers, wanted: int = 0) -> None:
    page = await doors.invites.page(wanted)
    username = (await bot.me()).username
    are_taken = doors.invites.are_taken
    await put(
        answers,
        "chat/admin/invites.html#list",
        page=page,
        username=username,
        are_taken=are_taken,
        now=guest.now,
    )


def make_router() -> Router:
    router = Router(name="invites")
    router.message.register(asked_for, Command("invites"))
    router.callback_query.register(turned, InvitesPage.filter())
    router.callback_query.register(drafted, DraftInvite.filter())
    router.callback_query.register(made, MakeInvite.filter())
    router.callback_query.register(ended, EndInvite.filter())
    return router
