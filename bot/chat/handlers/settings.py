"""/settings: all of it in one message; the zone, and what comes on an empty day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import (
    SetEmptyDay,
    SettingsAnew,
    SetZone,
    ShowRegion,
    ShowSettings,
    ShowZones,
)
from bot.chat.permits import READS
from bot.subscribers import settings
from bot.subscribers.regions import CITIES, Region

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


_PAGE = "chat/settings.html"


async def asked_for(_event: object, context: Context) -> None:
    await context.reply.show(
        _PAGE, settings=await settings.get_settings(context.storage, context.chat_id)
    )


async def opened(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        _PAGE, settings=await settings.get_settings(context.storage, context.chat_id)
    )


async def zones_wanted(_pressed: CallbackQuery, context: Context) -> None:
    chat_settings = await settings.get_settings(context.storage, context.chat_id)
    await context.reply.change(
        "chat/timezones.html#regions", regions=list(Region), settings=chat_settings
    )


async def region_chosen(
    _pressed: CallbackQuery, callback_data: ShowRegion, context: Context
) -> None:
    zones = CITIES[callback_data.region]
    await context.reply.change(
        "chat/timezones.html#cities", zones=zones, now=context.user.now, current=context.user.zone
    )


async def zone_chosen(_pressed: CallbackQuery, callback_data: SetZone, context: Context) -> None:
    chat_settings = await settings.set_zone(context.storage, context.chat_id, callback_data.name)
    await context.reply.change(_PAGE, settings=chat_settings)


async def empty_day_chosen(
    _pressed: CallbackQuery, callback_data: SetEmptyDay, context: Context
) -> None:
    chat_settings = await settings.set_empty_day(
        context.storage, context.chat_id, callback_data.empty_day
    )
    await context.reply.change(_PAGE, settings=chat_settings)


def make_router() -> Router:
    router = Router(name="settings")
    router.message.register(asked_for, Command("settings"), flags=READS)
    router.callback_query.register(asked_for, SettingsAnew.filter(), flags=READS)
    router.callback_query.register(opened, ShowSettings.filter(), flags=READS)
    router.callback_query.register(zones_wanted, ShowZones.filter())
    router.callback_query.register(region_chosen, ShowRegion.filter())
    router.callback_query.register(zone_chosen, SetZone.filter())
    router.callback_query.register(empty_day_chosen, SetEmptyDay.filter())
    return router
