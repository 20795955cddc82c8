"""/stop, pausing until a day or for good, and coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import Pause, PauseFor, Resume

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/settings.html"


async def paused(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.change(_PAGE, settings=await doors.settings.pause(guest.chat_id))


async def paused_for_days(
    _pressed: CallbackQuery, callback_data: PauseFor, guest: Guest, doors: Doors, answers: Answers
) -> None:
    settings = await doors.settings.pause_for(guest.chat_id, callback_data.days)
    await answers.change(_PAGE, settings=settings)


async def resumed(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.change(_PAGE, settings=await doors.settings.resume(guest.chat_id))


async def told_to_stop(_message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.show("chat/stop.html", settings=await doors.settings.pause(guest.chat_id))


def make_router() -> Router:
    router = Router(name="pausing")
    router.message.register(told_to_stop, Command("stop"))
    router.callback_query.register(paused, Pause.filter())
    router.callback_query.register(paused_for_days, PauseFor.filter())
    router.callback_query.register(resumed, Resume.filter())
    return router
