"""/settings, /language and /stop: all settings in one message, and a page for each of them.

Mail is in `email`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import KeyboardButton, ReplyKeyboardMarkup

from bot.chat import callbacks as press
from bot.chat.menu import label_menu_button, register_chat
from bot.chat.permissions import READS
from bot.subscribers import settings
from bot.subscribers.digest_schedule import WeeklyTime, numbered
from bot.subscribers.errors import NotALanguage
from bot.subscribers.timezones import zones_near
from storage.enums import ChatKind
from storage.schedules import QuietHours

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiogram.filters.callback_data import CallbackData
    from aiogram.types import Message

    from bot.chat.context import Context
    from bot.subscribers.settings import ChatSettings

_SETTINGS = "chat/settings.html"
_TIMES = "chat/schedule.html#times"
_TIME = "chat/schedule.html#time"
_DAYS = "chat/schedule.html#days"

_PAGES: dict[type[CallbackData], str] = {  # by the buttons that only open them
    press.ShowSettings: _SETTINGS,
    press.ShowQuiet: "chat/quiet.html",
    press.ShowAlertRate: "chat/alert_rate.html",
    press.ShowTimes: _TIMES,
    press.ShowMoreTimes: "chat/schedule.html#more_times",
}


async def asked_for(_: object, context: Context) -> None:
    await context.reply.show(_SETTINGS, settings=await _settings(context))


async def page_opened(_: object, callback_data: CallbackData, context: Context) -> None:
    template = _PAGES[type(callback_data)]
    await context.reply.change(template, settings=await _settings(context))


async def _settings(context: Context) -> ChatSettings:
    return await settings.get_settings(context.storage, context.chat_id)


async def _change(
    changing: Awaitable[ChatSettings], context: Context, template: str = _SETTINGS
) -> None:
    """Show what came of a change."""
    await context.reply.change(template, settings=await changing)


async def empty_day_chosen(_: object, callback_data: press.SetEmptyDay, context: Context) -> None:
    empty_day = callback_data.empty_day
    await _change(settings.set_empty_day(context.storage, context.chat_id, empty_day), context)


# The time zone.


async def zone_opened(_: object, context: Context) -> None:
    shown, is_private = await _settings(context), context.reply.telegram_id == context.user.user_id
    await context.reply.change(
        "chat/timezones.html#zone", settings=shown, may_send_location=is_private
    )


async def zone_chosen(_: object, callback_data: press.SetZone, context: Context) -> None:
    name = callback_data.name
    await _change(settings.set_zone(context.storage, context.chat_id, name), context)


async def location_button_wanted(_: object, context: Context) -> None:
    """Show the one kind of button that sends a location; it hides once it was used."""
    reply = context.reply
    label = reply.renderer.message("chat/timezones.html#location_button").text
    button = KeyboardButton(text=label, request_location=True)
    await reply.bot.send_message(
        reply.telegram_id,
        reply.renderer.message("chat/timezones.html#location").text,
        reply_markup=ReplyKeyboardMarkup(
            keyboard=[[button]], resize_keyboard=True, one_time_keyboard=True
        ),
    )


async def location_sent(message: Message, context: Context) -> None:
    """Offer the zones near the location, which is not stored."""
    if message.location:
        now = context.user.now
        zones = zones_near(message.location.latitude, message.location.longitude, now)
        current = context.user.zone
        await context.reply.show("chat/timezones.html#near", zones=zones, now=now, current=current)


# Quiet hours, and how many alerts an hour.


async def quiet_chosen(_: object, callback_data: press.SetQuiet, context: Context) -> None:
    start, end = callback_data.start, callback_data.end
    hours = QuietHours(start, end) if start != end else None
    await _change(settings.set_quiet_hours(context.storage, context.chat_id, hours), context)


async def rate_chosen(_: object, callback_data: press.SetAlertRate, context: Context) -> None:
    number = callback_data.number
    await _change(settings.set_alerts_per_hour(context.storage, context.chat_id, number), context)


# The layout of digests.


async def layout_opened(_: object, context: Context) -> None:
    layout = await settings.get_layout(context.storage, context.chat_id)
    await context.reply.change("chat/layout.html", chosen=layout)


async def layout_chosen(
    _: object, callback_data: press.SetStyle | press.SetLayout, context: Context
) -> None:
    chosen = callback_data.model_dump()
    layout = await settings.set_layout(context.storage, context.chat_id, **chosen)
    await context.reply.change("chat/layout.html", chosen=layout)


# The language that the bot writes in.


async def languages_asked_for(_: object, context: Context) -> None:
    await context.reply.show("chat/language.html", **await _languages(context))


async def languages_opened(_: object, context: Context) -> None:
    await context.reply.change("chat/language.html", **await _languages(context))


async def language_chosen(_: object, callback_data: press.SetLanguage, context: Context) -> None:
    code, reply, user = callback_data.code or None, context.reply, context.user
    if code and code not in {language.code for language in reply.renderer.offered}:
        raise NotALanguage
    changed = await settings.set_language(context.storage, context.chat_id, code)
    reply.speak(changed.speaks)
    await reply.change("chat/language.html", **await _languages(context))
    if user.kind is ChatKind.PRIVATE:
        app_url = context.resources.app_url
        await label_menu_button(reply.bot, user.user_id, reply.renderer, app_url)
        is_chosen = code is not None
        await register_chat(
            reply.bot, user.user_id, reply.renderer, is_admin=user.is_admin, is_chosen=is_chosen
        )


async def _languages(context: Context) -> dict[str, object]:
    chosen = (await _settings(context)).language
    return {"languages": context.reply.renderer.offered, "chosen": chosen}


# Pauses.


async def paused(_: object, context: Context) -> None:
    await _change(settings.pause(context.storage, context.chat_id), context)


async def paused_for_days(_: object, callback_data: press.PauseFor, context: Context) -> None:
    days = callback_data.days
    await _change(settings.pause_for(context.storage, context.chat_id, days), context)


async def resumed(_: object, context: Context) -> None:
    await _change(settings.resume(context.storage, context.chat_id), context)


async def stopped(_: object, context: Context) -> None:
    changed = await settings.pause(context.storage, context.chat_id)
    await context.reply.show("chat/stop.html", settings=changed)


# The times of digests: one or several, and the days of each.


async def time_typed(minutes: int, context: Context) -> None:
    """Set a time that was typed and not asked for, where only one can be meant; else ask which."""
    before = await _settings(context)
    if context.user.kind is not ChatKind.PRIVATE or len(before.plan.times) > 1:
        await context.reply.show("chat/typed.html#time", minutes=minutes, settings=before)
        return
    changed = await settings.set_single_time(context.storage, context.chat_id, minutes)
    times = [WeeklyTime(one.minutes, one.weekdays) for one in before.plan.times]
    await context.reply.show("chat/schedule.html#time_set", settings=changed, before=times)


async def time_chosen(_: object, callback_data: press.SetTime, context: Context) -> None:
    minutes = callback_data.minutes
    await _change(settings.set_time(context.storage, context.chat_id, minutes), context)


async def only_time_chosen(_: object, callback_data: press.SetOnlyTime, context: Context) -> None:
    minutes = callback_data.minutes
    await _change(settings.set_single_time(context.storage, context.chat_id, minutes), context)


async def times_chosen(_: object, callback_data: press.SetTimes, context: Context) -> None:
    times = press.times_in(callback_data)
    await _change(settings.set_times(context.storage, context.chat_id, times), context)


async def time_added(_: object, callback_data: press.AddTime, context: Context) -> None:
    added = WeeklyTime(callback_data.minutes)
    await _change(settings.add_time(context.storage, context.chat_id, added), context, _TIMES)


async def schedule_time_opened(
    _: object, callback_data: press.ShowScheduleTime, context: Context
) -> None:
    await _show_numbered(_TIME, await _settings(context), callback_data.number, context)


async def schedule_time_chosen(
    _: object, callback_data: press.SetScheduleTime, context: Context
) -> None:
    number, minutes = callback_data.number, callback_data.minutes
    changing = settings.set_time(context.storage, context.chat_id, minutes, number)
    await _change(changing, context, _TIMES)


async def schedule_time_removed(
    _: object, callback_data: press.RemoveScheduleTime, context: Context
) -> None:
    number = callback_data.number
    await _change(settings.remove_time(context.storage, context.chat_id, number), context, _TIMES)


async def days_opened(_: object, callback_data: press.ShowDays, context: Context) -> None:
    await _show_numbered(_DAYS, await _settings(context), callback_data.number, context)


async def days_chosen(_: object, callback_data: press.SetDays, context: Context) -> None:
    number, weekdays = callback_data.number, callback_data.weekdays
    changed = await settings.set_days(context.storage, context.chat_id, number, weekdays)
    await _show_numbered(_DAYS, changed, number, context)


async def _show_numbered(template: str, shown: ChatSettings, number: int, context: Context) -> None:
    """Show one of the schedule times."""
    chosen = numbered(shown.plan.times, number)
    await context.reply.change(template, settings=shown, chosen=chosen)


def make_router() -> Router:
    router = Router(name="settings")
    router.message.register(asked_for, Command("settings"), flags=READS)
    router.message.register(languages_asked_for, Command("language"), flags=READS)
    router.message.register(stopped, Command("stop"))
    router.message.register(location_sent, F.location, F.chat.type == "private", flags=READS)
    pressed = router.callback_query.register
    pressed(asked_for, press.SendSettings.filter(), flags=READS)
    for data in _PAGES:
        pressed(page_opened, data.filter(), flags=READS if data is press.ShowSettings else None)
    pressed(languages_opened, press.ShowLanguages.filter(), flags=READS)
    pressed(language_chosen, press.SetLanguage.filter())
    pressed(empty_day_chosen, press.SetEmptyDay.filter())
    pressed(zone_opened, press.ShowZone.filter())
    pressed(zone_chosen, press.SetZone.filter())
    pressed(location_button_wanted, press.AskLocation.filter())
    pressed(quiet_chosen, press.SetQuiet.filter())
    pressed(rate_chosen, press.SetAlertRate.filter())
    pressed(layout_opened, press.ShowLayout.filter())
    pressed(layout_chosen, press.SetStyle.filter())
    pressed(layout_chosen, press.SetLayout.filter())
    pressed(paused, press.Pause.filter())
    pressed(paused_for_days, press.PauseFor.filter())
    pressed(resumed, press.Resume.filter())
    pressed(time_chosen, press.SetTime.filter())
    pressed(only_time_chosen, press.SetOnlyTime.filter())
    pressed(times_chosen, press.SetTimes.filter())
    pressed(time_added, press.AddTime.filter())
    pressed(schedule_time_opened, press.ShowScheduleTime.filter())
    pressed(schedule_time_chosen, press.SetScheduleTime.filter())
    pressed(schedule_time_removed, press.RemoveScheduleTime.filter())
    pressed(days_opened, press.ShowDays.filter())
    pressed(days_chosen, press.SetDays.filter())
    return router
