"""/mutes: what is muted, each with a button that lifts it; all in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import LiftMute, MutesPage
from bot.chat.permits import READS
from bot.rendering.filters import local

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/mutes.html"


async def asked_for(_message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.show(_PAGE, page=await doors.tastes.muted(guest.chat_id), **_when(guest))


async def turned(
    _pressed: CallbackQuery, callback_data: MutesPage, guest: Guest, doors: Doors, answers: Answers
) -> None:
    page = await doors.tastes.muted(guest.chat_id, callback_data.page)
    await answers.change(_PAGE, page=page, **_when(guest))


async def lifted(
    _pressed: CallbackQuery, callback_data: LiftMute, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await doors.tastes.lift(guest.chat_id, callback_data.mute_id)
    page = await doors.tastes.muted(guest.chat_id, callback_data.page)
    await answers.change(_PAGE, page=page, **_when(guest))


def _when(guest: Guest) -> dict[str, object]:
    return {"zone": guest.zone, "today": local(guest.now, guest.zone).date()}


def make_router() -> Router:
    router = Router(name="mutes")
    router.message.register(asked_for, Command("mutes"), flags=READS)
    router.callback_query.register(turned, MutesPage.filter(), flags=READS)
    router.callback_query.register(lifted, LiftMute.filter())
    return router
