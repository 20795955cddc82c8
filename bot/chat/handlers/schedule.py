"""The times of a chat's digests: one or several, and the days of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks import (
    AddTime,
    RemoveScheduleTime,
    SetDays,
    SetOnlyTime,
    SetScheduleTime,
    SetTime,
    SetTimes,
    ShowDays,
    ShowMoreTimes,
    ShowScheduleTime,
    ShowTimes,
    times_in,
)
from bot.subscribers import settings
from bot.subscribers.digest_schedule import WeeklyTime, numbered
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


_SETTINGS = "chat/settings.html"
_TIMES = "chat/schedule.html#times"
_DAYS = "chat/schedule.html#days"


async def time_typed(minutes: int, context: Context) -> None:
    """Set a time that was typed and not asked for, where only one can be meant; else ask which."""
    before = await settings.get_settings(context.storage, context.chat_id)
    if context.user.kind is not ChatKind.PRIVATE or len(before.plan.times) > 1:
        await context.reply.show("chat/typed.html#time", minutes=minutes, settings=before)
        return
    changed = await settings.set_single_time(context.storage, context.chat_id, minutes)
    times = [WeeklyTime(one.minutes, one.weekdays) for one in before.plan.times]
    await context.reply.show("chat/schedule.html#time_set", settings=changed, before=times)


async def times_opened(_pressed: CallbackQuery, context: Context) -> None:
    shown = await settings.get_settings(context.storage, context.chat_id)
    await context.reply.change(_TIMES, settings=shown)


async def time_chosen(_pressed: CallbackQuery, callback_data: SetTime, context: Context) -> None:
    changed = await settings.set_time(context.storage, context.chat_id, callback_data.minutes)
    await context.reply.change(_SETTINGS, settings=changed)


async def only_time_chosen(
    _pressed: CallbackQuery, callback_data: SetOnlyTime, context: Context
) -> None:
    minutes = callback_data.minutes
    changed = await settings.set_single_time(context.storage, context.chat_id, minutes)
    await context.reply.change(_SETTINGS, settings=changed)


async def times_chosen(_pressed: CallbackQuery, callback_data: SetTimes, context: Context) -> None:
    times = times_in(callback_data)
    changed = await settings.set_times(context.storage, context.chat_id, times)
    await context.reply.change(_SETTINGS, settings=changed)


async def more_times_opened(_pressed: CallbackQuery, context: Context) -> None:
    shown = await settings.get_settings(context.storage, context.chat_id)
    await context.reply.change("chat/schedule.html#more_times", settings=shown)


async def time_added(_pressed: CallbackQuery, callback_data: AddTime, context: Context) -> None:
    added = WeeklyTime(callback_data.minutes)
    changed = await settings.add_time(context.storage, context.chat_id, added)
    await context.reply.change(_TIMES, settings=changed)


async def schedule_time_opened(
    _pressed: CallbackQuery, callback_data: ShowScheduleTime, context: Context
) -> None:
    shown = await settings.get_settings(context.storage, context.chat_id)
    chosen = numbered(shown.plan.times, callback_data.number)
    await context.reply.change("chat/schedule.html#time", settings=shown, chosen=chosen)


async def schedule_time_chosen(
    _pressed: CallbackQuery, callback_data: SetScheduleTime, context: Context
) -> None:
    number, minutes = callback_data.number, callback_data.minutes
    changed = await settings.set_time(context.storage, context.chat_id, minutes, number)
    await context.reply.change(_TIMES, settings=changed)


async def schedule_time_removed(
    _pressed: CallbackQuery, callback_data: RemoveScheduleTime, context: Context
) -> None:
    changed = await settings.remove_time(context.storage, context.chat_id, callback_data.number)
    await context.reply.change(_TIMES, settings=changed)


async def days_opened(_pressed: CallbackQuery, callback_data: ShowDays, context: Context) -> None:
    shown = await settings.get_settings(context.storage, context.chat_id)
    chosen = numbered(shown.plan.times, callback_data.number)
    await context.reply.change(_DAYS, settings=shown, chosen=chosen)


async def days_chosen(_pressed: CallbackQuery, callback_data: SetDays, context: Context) -> None:
    number, weekdays = callback_data.number, callback_data.weekdays
    changed = await settings.set_days(context.storage, context.chat_id, number, weekdays)
    chosen = numbered(changed.plan.times, number)
    await context.reply.change(_DAYS, settings=changed, chosen=chosen)


def make_router() -> Router:
    router = Router(name="schedule")
    pressed = router.callback_query.register
    pressed(times_opened, ShowTimes.filter())
    pressed(time_chosen, SetTime.filter())
    pressed(only_time_chosen, SetOnlyTime.filter())
    pressed(times_chosen, SetTimes.filter())
    pressed(more_times_opened, ShowMoreTimes.filter())
    pressed(time_added, AddTime.filter())
    pressed(schedule_time_opened, ShowScheduleTime.filter())
    pressed(schedule_time_chosen, SetScheduleTime.filter())
    pressed(schedule_time_removed, RemoveScheduleTime.filter())
    pressed(days_opened, ShowDays.filter())
    pressed(days_chosen, SetDays.filter())
    return router
