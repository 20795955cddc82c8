"""How much one chat may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks.admin import SetLimit, ShowLimits
from bot.chat.handlers.admin.desk import put
from bot.subscribers import chatlist
from bot.subscribers.limits import get_limits, set_limits

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


async def asked_for(_pressed: CallbackQuery, callback_data: ShowLimits, context: Context) -> None:
    await _show(callback_data.chat_id, context)


async def chosen(_pressed: CallbackQuery, callback_data: SetLimit, context: Context) -> None:
    number = None if callback_data.number < 0 else callback_data.number
    chat_id, kind = callback_data.chat_id, callback_data.kind
    await set_limits(context.storage, chat_id, kind, number, by=context.user.user_id)
    await _show(chat_id, context)


async def _show(chat_id: int, context: Context) -> None:
    chat = await chatlist.get_chat(context.storage, chat_id)
    limits = await get_limits(context.storage, chat_id, limits=context.resources.limits)
    await put(
        context,
        "chat/admin/limits.html",
        chat=chat,
        limits=limits,
        usual=context.resources.limits,
    )


def make_router() -> Router:
    router = Router(name="limits")
    router.callback_query.register(asked_for, ShowLimits.filter())
    router.callback_query.register(chosen, SetLimit.filter())
    return router
