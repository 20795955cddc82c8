"""The times of digests: one or several, and the days of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat import callbacks as press
from bot.chat.permissions import Permission
from bot.chat.setting_pages import SAVED, TIMES, change_setting, show_saved_setting
from bot.subscribers import settings
from bot.subscribers.digest_schedule import WeeklyTime, numbered

if TYPE_CHECKING:
    from bot.chat.context import Context

_TIME = "chat/schedule.html#time"
_DAYS = "chat/schedule.html#days"


async def set_time(_: object, callback_data: press.SetTime, context: Context) -> None:
    minutes = callback_data.minutes
    await change_setting(settings.set_time(context.storage, context.chat_id, minutes), context)


async def set_only_time(_: object, callback_data: press.SetOnlyTime, context: Context) -> None:
    minutes = callback_data.minutes
    await change_setting(
        settings.set_single_time(context.storage, context.chat_id, minutes), context
    )


async def set_times(_: object, callback_data: press.SetTimes, context: Context) -> None:
    times = press.times_in(callback_data)
    await change_setting(settings.set_times(context.storage, context.chat_id, times), context)


async def add_time(_: object, callback_data: press.AddTime, context: Context) -> None:
    added = WeeklyTime(callback_data.minutes)
    await change_setting(settings.add_time(context.storage, context.chat_id, added), context, TIMES)


async def show_schedule_time(
    _: object, callback_data: press.ShowScheduleTime, context: Context
) -> None:
    await _show_numbered(_TIME, callback_data.number, context)


async def set_schedule_time(
    _: object, callback_data: press.SetScheduleTime, context: Context
) -> None:
    number, minutes = callback_data.number, callback_data.minutes
    changing = settings.set_time(context.storage, context.chat_id, minutes, number)
    await change_setting(changing, context, TIMES)


async def remove_schedule_time(
    _: object, callback_data: press.RemoveScheduleTime, context: Context
) -> None:
    number = callback_data.number
    await change_setting(
        settings.remove_time(context.storage, context.chat_id, number), context, TIMES
    )


async def show_days(_: object, callback_data: press.ShowDays, context: Context) -> None:
    await _show_numbered(_DAYS, callback_data.number, context)


async def set_days(_: object, callback_data: press.SetDays, context: Context) -> None:
    number, weekdays = callback_data.number, callback_data.weekdays
    changed = await settings.set_days(context.storage, context.chat_id, number, weekdays)
    chosen = numbered(changed.plan.times, number)
    await show_saved_setting(changed, _DAYS, context, chosen=chosen)


async def set_most_covered(
    _: object, callback_data: press.SetMostCovered, context: Context
) -> None:
    number, wanted = callback_data.number, callback_data.wanted
    changed = await settings.set_most_covered(
        context.storage, context.chat_id, number, wanted=wanted
    )
    chosen = numbered(changed.plan.times, number)
    await show_saved_setting(changed, _DAYS, context, chosen=chosen)


async def set_rhythm(_: object, callback_data: press.SetRhythm, context: Context) -> None:
    """Change the times under a digest; the answer is a message of its own, as the digest stays."""
    is_weekly = callback_data.is_weekly
    changed = await settings.set_rhythm(context.storage, context.chat_id, is_weekly=is_weekly)
    await context.reply.show(SAVED, settings=changed)


async def _show_numbered(template: str, number: int, context: Context) -> None:
    """Show the schedule time with this number."""
    shown = await settings.get_settings(context.storage, context.chat_id)
    chosen = numbered(shown.plan.times, number)
    await context.reply.change(template, settings=shown, chosen=chosen)


def make_router() -> Router:
    router = Router(name="schedule")
    on_press, flags = router.callback_query.register, Permission.ADMINISTRATORS.flags
    on_press(set_time, press.SetTime.filter(), flags=flags)
    on_press(set_only_time, press.SetOnlyTime.filter(), flags=flags)
    on_press(set_times, press.SetTimes.filter(), flags=flags)
    on_press(add_time, press.AddTime.filter(), flags=flags)
    on_press(show_schedule_time, press.ShowScheduleTime.filter(), flags=flags)
    on_press(set_schedule_time, press.SetScheduleTime.filter(), flags=flags)
    on_press(remove_schedule_time, press.RemoveScheduleTime.filter(), flags=flags)
    on_press(show_days, press.ShowDays.filter(), flags=flags)
    on_press(set_days, press.SetDays.filter(), flags=flags)
    on_press(set_most_covered, press.SetMostCovered.filter(), flags=flags)
    on_press(set_rhythm, press.SetRhythm.filter(), flags=flags)
    return router
