"""How digests look: a page of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks import SetLayout, SetStyle, ShowLooks
from bot.subscribers import looks

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


_PAGE = "chat/looks.html"


async def opened(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(_PAGE, look=await looks.get_layout(context.storage, context.chat_id))


async def style_chosen(_pressed: CallbackQuery, callback_data: SetStyle, context: Context) -> None:
    look = await looks.set_style(context.storage, context.chat_id, callback_data.style)
    await context.reply.change(_PAGE, look=look)


async def layout_chosen(
    _pressed: CallbackQuery, callback_data: SetLayout, context: Context
) -> None:
    look = await looks.set_layout(context.storage, context.chat_id, callback_data.layout)
    await context.reply.change(_PAGE, look=look)


def make_router() -> Router:
    router = Router(name="looks")
    router.callback_query.register(opened, ShowLooks.filter())
    router.callback_query.register(style_chosen, SetStyle.filter())
    router.callback_query.register(layout_chosen, SetLayout.filter())
    return router
