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
from bot.subscribers.regions import CITIES, Region

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/settings.html"


async def asked_for(_event: object, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.show(_PAGE, settings=await doors.settings.now(guest.chat_id))


async def opened(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.change(_PAGE, settings=await doors.settings.now(guest.chat_id))


async def zones_wanted(
    _pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers
) -> None:
    settings = await doors.settings.now(guest.chat_id)
    await answers.change("chat/timezones.html#regions", regions=list(Region), settings=settings)


async def region_chosen(
    _pressed: CallbackQuery, callback_data: ShowRegion, guest: Guest, answers: Answers
) -> None:
    zones = CITIES[callback_data.region]
    await answers.change(
        "chat/timezones.html#cities", zones=zones, now=guest.now, current=guest.zone
    )


async def zone_chosen(
    _pressed: CallbackQuery, callback_data: SetZone, guest: Guest, doors: Doors, answers: Answers
) -> None:
    settings = await doors.settings.set_zone(guest.chat_id, callback_data.name)
    await answers.change(_PAGE, settings=settings)


async def empty_day_chosen(
    _pressed: CallbackQuery,
    callback_data: SetEmptyDay,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    settings = await doors.settings.set_empty_day(guest.chat_id, callback_data.empty_day)
    await answers.change(_PAGE, settings=settings)


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
