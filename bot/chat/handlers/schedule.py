"""The times of a chat's digests: one or several, and the days of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks import (
    AddTime,
    MoreTimes,
    RemoveSlot,
    SetDays,
    SetOnlyTime,
    SetSlotTime,
    SetTime,
    SetTimes,
    ShowDays,
    ShowSlot,
    ShowTimes,
    times_in,
)
from bot.subscribers.slots import Times, numbered

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_SETTINGS, _TIMES, _DAYS = (
    "chat/settings.html",
    "chat/schedule.html#times",
    "chat/schedule.html#days",
)


async def times_wanted(
    _pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await answers.change(_TIMES, settings=await doors.settings.now(guest.chat_id))


async def time_chosen(
    _pressed: CallbackQuery, callback_data: SetTime, guest: Guest, doors: Doors, answers: Answers
) -> None:
    settings = await doors.schedule.set_time(guest.chat_id, callback_data.minutes)
    await answers.change(_SETTINGS, settings=settings)


async def only_time_chosen(
    _pressed: CallbackQuery,
    callback_data: SetOnlyTime,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    settings = await doors.schedule.set_only(guest.chat_id, callback_data.minutes)
    await answers.change(_SETTINGS, settings=settings)


async def times_chosen(
    _pressed: CallbackQuery, callback_data: SetTimes, guest: Guest, doors: Doors, answers: Answers
) -> None:
    settings = await doors.schedule.set_all(guest.chat_id, times_in(callback_data))
    await answers.change(_SETTINGS, settings=settings)


async def more_wanted(
    _pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await answers.change(
        "chat/schedule.html#more_times", settings=await doors.settings.now(guest.chat_id)
    )


async def time_added(
    _pressed: CallbackQuery, callback_data: AddTime, guest: Guest, doors: Doors, answers: Answers
) -> None:
    settings = await doors.schedule.add(guest.chat_id, Times(callback_data.minutes))
    await answers.change(_TIMES, settings=settings)


async def slot_wanted(
    _pressed: CallbackQuery, callback_data: ShowSlot, guest: Guest, doors: Doors, answers: Answers
) -> None:
    settings = await doors.settings.now(guest.chat_id)
    slot = numbered(settings.plan.slots, callback_data.number)
    await answers.change("chat/schedule.html#time", settings=settings, slot=slot)


async def slot_time_chosen(
    _pressed: CallbackQuery,
    callback_data: SetSlotTime,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    number, minutes = callback_data.number, callback_data.minutes
    settings = await doors.schedule.set_time(guest.chat_id, minutes, number)
    await answers.change(_TIMES, settings=settings)


async def slot_removed(
    _pressed: CallbackQuery,
    callback_data: RemoveSlot,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    settings = await doors.schedule.remove(guest.chat_id, callback_data.number)
    await answers.change(_TIMES, settings=settings)


async def days_wanted(
    _pressed: CallbackQuery, callback_data: ShowDays, guest: Guest, doors: Doors, answers: Answers
) -> None:
    settings = await doors.settings.now(guest.chat_id)
    slot = numbered(settings.plan.slots, callback_data.number)
    await answers.change(_DAYS, settings=settings, slot=slot)


async def days_chosen(
    _pressed: CallbackQuery, callback_data: SetDays, guest: Guest, doors: Doors, answers: Answers
) -> None:
    number, weekdays = callback_data.number, callback_data.weekdays
    settings = await doors.schedule.set_days(guest.chat_id, number, weekdays)
    slot = numbered(settings.plan.slots, number)
    await answers.change(_DAYS, settings=settings, slot=slot)


def make_router() -> Router:
    router = Router(name="schedule")
    router.callback_query.register(times_wanted, ShowTimes.filter())
    router.callback_query.register(time_chosen, SetTime.filter())
    router.callback_query.register(only_time_chosen, SetOnlyTime.filter())
    router.callback_query.register(times_chosen, SetTimes.filter())
    router.callback_query.register(more_wanted, MoreTimes.filter())
    router.callback_query.register(time_added, AddTime.filter())
    router.callback_query.register(slot_wanted, ShowSlot.filter())
    router.callback_query.register(slot_time_chosen, SetSlotTime.filter())
    router.callback_query.register(slot_removed, RemoveSlot.filter())
    router.callback_query.register(days_wanted, ShowDays.filter())
    router.callback_query.register(days_chosen, SetDays.filter())
    return router
