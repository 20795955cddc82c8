"""/admin: how the bot fares, at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks.admin import ShowAdmin
from bot.chat.handlers.admin.desk import put
from bot.subscribers import overview

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


async def asked_for(_event: Message | CallbackQuery, context: Context) -> None:
    seen = await overview.get_overview(
        context.storage, started_at=context.resources.started_at, errors=context.resources.errors
    )
    await put(context, "chat/admin/overview.html", seen=seen, zone=context.user.zone)


def make_router() -> Router:
    router = Router(name="overview")
    router.message.register(asked_for, Command("admin"))
    router.callback_query.register(asked_for, ShowAdmin.filter())
    return router
