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
from bot.subscribers import schedule, settings
from bot.subscribers.slots import Times, numbered

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


_SETTINGS, _TIMES, _DAYS = (
    "chat/settings.html",
    "chat/schedule.html#times",
    "chat/schedule.html#days",
)


async def times_wanted(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        _TIMES, settings=await settings.get_settings(context.storage, context.chat_id)
    )


async def time_chosen(_pressed: CallbackQuery, callback_data: SetTime, context: Context) -> None:
    settings = await schedule.set_time(context.storage, context.chat_id, callback_data.minutes)
    await context.reply.change(_SETTINGS, settings=settings)


async def only_time_chosen(
    _pressed: CallbackQuery, callback_data: SetOnlyTime, context: Context
) -> None:
    settings = await schedule.set_single_time(
        context.storage, context.chat_id, callback_data.minutes
    )
    await context.reply.change(_SETTINGS, settings=settings)


async def times_chosen(_pressed: CallbackQuery, callback_data: SetTimes, context: Context) -> None:
    settings = await schedule.set_times(context.storage, context.chat_id, times_in(callback_data))
    await context.reply.change(_SETTINGS, settings=settings)


async def more_wanted(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        "chat/schedule.html#more_times",
        settings=await settings.get_settings(context.storage, context.chat_id),
    )


async def time_added(_pressed: CallbackQuery, callback_data: AddTime, context: Context) -> None:
    settings = await schedule.add_time(
        context.storage, context.chat_id, Times(callback_data.minutes)
    )
    await context.reply.change(_TIMES, settings=settings)


async def slot_wanted(_pressed: CallbackQuery, callback_data: ShowSlot, context: Context) -> None:
    chat_settings = await settings.get_settings(context.storage, context.chat_id)
    slot = numbered(chat_settings.plan.slots, callback_data.number)
    await context.reply.change("chat/schedule.html#time", settings=chat_settings, slot=slot)


async def slot_time_chosen(
    _pressed: CallbackQuery, callback_data: SetSlotTime, context: Context
) -> None:
    number, minutes = callback_data.number, callback_data.minutes
    settings = await schedule.set_time(context.storage, context.chat_id, minutes, number)
    await context.reply.change(_TIMES, settings=settings)


async def slot_removed(
    _pressed: CallbackQuery, callback_data: RemoveSlot, context: Context
) -> None:
    settings = await schedule.remove_time(context.storage, context.chat_id, callback_data.number)
    await context.reply.change(_TIMES, settings=settings)


async def days_wanted(_pressed: CallbackQuery, callback_data: ShowDays, context: Context) -> None:
    chat_settings = await settings.get_settings(context.storage, context.chat_id)
    slot = numbered(chat_settings.plan.slots, callback_data.number)
    await context.reply.change(_DAYS, settings=chat_settings, slot=slot)


async def days_chosen(_pressed: CallbackQuery, callback_data: SetDays, context: Context) -> None:
    number, weekdays = callback_data.number, callback_data.weekdays
    settings = await schedule.set_days(context.storage, context.chat_id, number, weekdays)
    slot = numbered(settings.plan.slots, number)
    await context.reply.change(_DAYS, settings=settings, slot=slot)


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
