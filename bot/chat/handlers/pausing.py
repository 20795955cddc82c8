"""/stop, pausing until a day or for good, and coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import Pause, PauseFor, Resume
from bot.subscribers import settings

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_PAGE = "chat/settings.html"


async def paused(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        _PAGE, settings=await settings.pause(context.storage, context.chat_id)
    )


async def paused_for_days(
    _pressed: CallbackQuery, callback_data: PauseFor, context: Context
) -> None:
    chat_settings = await settings.pause_for(context.storage, context.chat_id, callback_data.days)
    await context.reply.change(_PAGE, settings=chat_settings)


async def resumed(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        _PAGE, settings=await settings.resume(context.storage, context.chat_id)
    )


async def told_to_stop(_message: Message, context: Context) -> None:
    await context.reply.show(
        "chat/stop.html", settings=await settings.pause(context.storage, context.chat_id)
    )


def make_router() -> Router:
    router = Router(name="pausing")
    router.message.register(told_to_stop, Command("stop"))
    router.callback_query.register(paused, Pause.filter())
    router.callback_query.register(paused_for_days, PauseFor.filter())
    router.callback_query.register(resumed, Resume.filter())
    return router
