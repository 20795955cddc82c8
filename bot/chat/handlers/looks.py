"""How digests look: a page of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks import SetLayout, SetStyle, ShowLooks

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/looks.html"


async def opened(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.change(_PAGE, look=await doors.looks.now(guest.chat_id))


async def style_chosen(
    _pressed: CallbackQuery, callback_data: SetStyle, guest: Guest, doors: Doors, answers: Answers
) -> None:
    look = await doors.looks.set_style(guest.chat_id, callback_data.style)
    await answers.change(_PAGE, look=look)


async def layout_chosen(
    _pressed: CallbackQuery, callback_data: SetLayout, guest: Guest, doors: Doors, answers: Answers
) -> None:
    look = await doors.looks.set_layout(guest.chat_id, callback_data.layout)
    await answers.change(_PAGE, look=look)


def make_router() -> Router:
    router = Router(name="looks")
    router.callback_query.register(opened, ShowLooks.filter())
    router.callback_query.register(style_chosen, SetStyle.filter())
    router.callback_query.register(layout_chosen, SetLayout.filter())
    return router
