"""How much one chat may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks.admin import SetLimit, ShowLimits
from bot.chat.handlers.admin.desk import put

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def asked_for(
    _pressed: CallbackQuery, callback_data: ShowLimits, doors: Doors, answers: Answers
) -> None:
    await _show(callback_data.chat_id, doors, answers)


async def chosen(
    _pressed: CallbackQuery, callback_data: SetLimit, guest: Guest, doors: Doors, answers: Answers
) -> None:
    number = None if callback_data.number < 0 else callback_data.number
    chat_id, kind = callback_data.chat_id, callback_data.kind
    await doors.allowing.allow(chat_id, kind, number, by=guest.person_id)
    await _show(chat_id, doors, answers)


async def _show(chat_id: int, doors: Doors, answers: Answers) -> None:
    chat = await doors.chats.one(chat_id)
    limits = await doors.allowing.limits(chat_id)
    await put(
        answers, "chat/admin/limits.html", chat=chat, limits=limits, usual=doors.allowing.usual
    )


def make_router() -> Router:
    router = Router(name="limits")
    router.callback_query.register(asked_for, ShowLimits.filter())
    router.callback_query.register(chosen, SetLimit.filter())
    return router
