"""What those who run the bot did, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks.admin import ActsPage
from bot.chat.handlers.admin.desk import put
from bot.rendering.filters import local
from bot.subscribers import audit

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


async def turned(_pressed: CallbackQuery, callback_data: ActsPage, context: Context) -> None:
    page = await audit.page(context.storage, callback_data.page)
    today = local(context.user.now, context.user.zone).date()
    await put(context, "chat/admin/activity.html", page=page, zone=context.user.zone, today=today)


def make_router() -> Router:
    router = Router(name="acts")
    router.callback_query.register(turned, ActsPage.filter())
    return router
