"""Quiet hours, and how many alerts an hour come one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks import SetQuiet, SetVolume, ShowQuiet, ShowVolume
from bot.subscribers import restraint, settings
from storage.enums import QuietHours

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


_PAGE = "chat/settings.html"


async def quiet_wanted(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        "chat/quiet.html", settings=await settings.get_settings(context.storage, context.chat_id)
    )


async def quiet_chosen(_pressed: CallbackQuery, callback_data: SetQuiet, context: Context) -> None:
    start, end = callback_data.start, callback_data.end
    hours = QuietHours(start, end) if start != end else None
    settings = await restraint.set_quiet_hours(context.storage, context.chat_id, hours)
    await context.reply.change(_PAGE, settings=settings)


async def volume_wanted(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        "chat/volume.html", settings=await settings.get_settings(context.storage, context.chat_id)
    )


async def volume_chosen(
    _pressed: CallbackQuery, callback_data: SetVolume, context: Context
) -> None:
    settings = await restraint.set_alerts_per_hour(
        context.storage, context.chat_id, callback_data.number
    )
    await context.reply.change(_PAGE, settings=settings)


def make_router() -> Router:
    router = Router(name="restraint")
    router.callback_query.register(quiet_wanted, ShowQuiet.filter())
    router.callback_query.register(quiet_chosen, SetQuiet.filter())
    router.callback_query.register(volume_wanted, ShowVolume.filter())
    router.callback_query.register(volume_chosen, SetVolume.filter())
    return router
