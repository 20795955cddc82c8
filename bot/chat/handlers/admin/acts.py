"""What those who run the bot did, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks.admin import ActsPage
from bot.chat.handlers.admin.desk import put
from bot.rendering.filters import local

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def turned(
    _pressed: CallbackQuery, callback_data: ActsPage, guest: Guest, doors: Doors, answers: Answers
) -> None:
    page = await doors.audit.page(callback_data.page)
    today = local(guest.now, guest.zone).date()
    await put(answers, "chat/admin/activity.html", page=page, zone=guest.zone, today=today)


def make_router() -> Router:
    router = Router(name="acts")
    router.callback_query.register(turned, ActsPage.filter())
    return router
