"""/settings, /language and /stop: all settings in one message, and a page for each of them.

`email` has the settings of mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import F, Router
from aiogram.types import KeyboardButton, Message, ReplyKeyboardMarkup

from bot.chat import callbacks as press
from bot.chat.commands import ChatCommand
from bot.chat.managed_chats import buttons_on
from bot.chat.menu import ChatMenu
from bot.chat.permissions import Permission
from bot.chat.questions import expect
from bot.subscribers import setting_undo, settings
from bot.subscribers.digest_schedule import WeeklyTime, numbered
from bot.subscribers.errors import NotALanguage
from bot.subscribers.settings import MAIL_SETTINGS, Setting
from bot.subscribers.timezones import zones_near
from storage.enums import ChatKind
from storage.schedules import QuietHours

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiogram.filters.callback_data import CallbackData

    from bot.chat.context import Context
    from bot.subscribers.settings import ChatSettings

_SETTINGS = "chat/settings.html"
_SAVED = "chat/saved.html#saved"
_LAYOUT = "chat/layout.html"
_ALERT_RATE = "chat/alert_rate.html"
_LANGUAGE = "chat/language.html"
_TIMES = "chat/schedule.html#times"
_TIME = "chat/schedule.html#time"
_DAYS = "chat/schedule.html#days"

_PAGE_OF = {  # the others are on the first page
    **dict.fromkeys((Setting.STYLE, Setting.LAYOUT, Setting.PICTURES), _LAYOUT),
    Setting.HASHTAGS: _ALERT_RATE,
}

# One of these stands beside each button that offers a setting which the user typed.
_BESIDE_OFFERS = (press.Dismiss.__prefix__, f"{press.TryWords.__prefix__}|")

_PAGES: dict[type[CallbackData], str] = {  # by the button that only opens the page
    press.ShowSettings: _SETTINGS,
    press.ShowQuiet: "chat/quiet.html",
    press.ShowAlertRate: _ALERT_RATE,
    press.ShowLayout: _LAYOUT,
    press.ShowTimes: _TIMES,
    press.ShowMoreTimes: "chat/schedule.html#more_times",
}


async def send_settings(_: object, context: Context) -> None:
    has_model = context.resources.has_model
    await context.reply.show(_SETTINGS, settings=await _settings(context), has_model=has_model)


async def show_page(_: object, callback_data: CallbackData, context: Context) -> None:
    template = _PAGES[type(callback_data)]
    has_model = context.resources.has_model
    await context.reply.change(template, settings=await _settings(context), has_model=has_model)


async def _settings(context: Context) -> ChatSettings:
    return await settings.get_settings(context.storage, context.chat_id)


async def _change(
    changing: Awaitable[ChatSettings], context: Context, template: str = _SETTINGS
) -> None:
    """Make a change and show the settings after it; if it was offered, say only what it did."""
    changed = await changing
    if _is_offered(context):
        await context.reply.change(_SAVED, settings=changed)
    else:
        await _show_changed(changed, template, context)


async def _show_changed(
    changed: ChatSettings, template: str, context: Context, **values: Any
) -> None:
    """Show a page with the new value, and say in passing that it is saved or undone."""
    has_model = context.resources.has_model
    await context.reply.change(template, settings=changed, has_model=has_model, **values)
    await context.reply.note("chat/saved.html#toast", settings=changed)


def _is_offered(context: Context) -> bool:
    """Return whether the pressed button offers what the user typed; it is on no settings page."""
    message = context.reply.pressed.message if context.reply.pressed else None
    return isinstance(message, Message) and any(
        data.startswith(_BESIDE_OFFERS) for _, data in buttons_on(message)
    )


async def undo_setting(_: object, callback_data: press.UndoSetting, context: Context) -> None:
    changed = await setting_undo.undo(
        context.storage,
        context.chat_id,
        callback_data.setting,
        callback_data.before,
        after=callback_data.after,
    )
    if not callback_data.on_page:
        await context.reply.change(_SAVED, settings=changed)
    elif callback_data.setting is Setting.LANGUAGE:
        await _show_language(changed, context)
    else:
        page = _PAGE_OF.get(callback_data.setting, _SETTINGS)
        await _show_changed(changed, page, context)


async def set_empty_day(_: object, callback_data: press.SetEmptyDay, context: Context) -> None:
    empty_day = callback_data.empty_day
    await _change(settings.set_empty_day(context.storage, context.chat_id, empty_day), context)


async def set_pinning(_: object, callback_data: press.SetPinning, context: Context) -> None:
    wanted = callback_data.wanted
    await _change(settings.set_pinning(context.storage, context.chat_id, wanted=wanted), context)


# The time zone.


async def show_zones(_: object, context: Context) -> None:
    await expect(context, press.Question.ZONE)
    shown, may_send_location = await _settings(context), context.is_private
    await context.reply.change(
        "chat/timezones.html#zone", settings=shown, may_send_location=may_send_location
    )


async def set_zone(_: object, callback_data: press.SetZone, context: Context) -> None:
    name = callback_data.name
    await _change(settings.set_zone(context.storage, context.chat_id, name), context)


async def ask_for_location(_: object, context: Context) -> None:
    """Show a keyboard button that sends the location; the button disappears after use."""
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


async def show_zones_near(message: Message, context: Context) -> None:
    """Offer the zones near the location, which is not stored."""
    if message.location:
        now = context.user.now
        zones = zones_near(message.location.latitude, message.location.longitude, now)
        current = context.user.zone
        await context.reply.show("chat/timezones.html#near", zones=zones, now=now, current=current)


# Quiet hours, and how many alerts an hour.


async def set_quiet_hours(_: object, callback_data: press.SetQuiet, context: Context) -> None:
    start, end = callback_data.start, callback_data.end
    hours = QuietHours(start, end) if start != end else None
    await _change(settings.set_quiet_hours(context.storage, context.chat_id, hours), context)


async def set_alert_rate(_: object, callback_data: press.SetAlertRate, context: Context) -> None:
    number = callback_data.number
    await _change(settings.set_alerts_per_hour(context.storage, context.chat_id, number), context)


# The layout of digests.


async def set_style(_: object, callback_data: press.SetStyle, context: Context) -> None:
    style = callback_data.style
    await _change(settings.set_style(context.storage, context.chat_id, style), context, _LAYOUT)


async def set_layout(_: object, callback_data: press.SetLayout, context: Context) -> None:
    layout = callback_data.layout
    await _change(settings.set_layout(context.storage, context.chat_id, layout), context, _LAYOUT)


async def set_picture(_: object, callback_data: press.SetPicture, context: Context) -> None:
    changing = settings.set_picture(
        context.storage,
        context.chat_id,
        callback_data.place,
        is_wanted=callback_data.is_wanted,
    )
    await _change(changing, context, _LAYOUT)


async def set_hashtags(_: object, callback_data: press.SetHashtags, context: Context) -> None:
    is_wanted = callback_data.is_wanted
    changing = settings.set_hashtags(context.storage, context.chat_id, is_wanted=is_wanted)
    await _change(changing, context, _ALERT_RATE)


async def set_model(_: object, callback_data: press.SetModel, context: Context) -> None:
    uses = callback_data.uses
    await _change(settings.set_model(context.storage, context.chat_id, uses=uses), context)


# Under a digest: the answer is a message of its own, because the digest stays.


async def set_detail(_: object, callback_data: press.SetDetail, context: Context) -> None:
    changed = await settings.set_style(context.storage, context.chat_id, callback_data.style)
    await context.reply.show(_SAVED, settings=changed)


async def set_rhythm(_: object, callback_data: press.SetRhythm, context: Context) -> None:
    is_weekly = callback_data.is_weekly
    changed = await settings.set_rhythm(context.storage, context.chat_id, is_weekly=is_weekly)
    await context.reply.show(_SAVED, settings=changed)


# The language that the bot writes in.


async def show_languages(_: object, context: Context) -> None:
    languages = context.reply.renderer.offered
    await context.reply.change(_LANGUAGE, settings=await _settings(context), languages=languages)


async def set_language(_: object, callback_data: press.SetLanguage, context: Context) -> None:
    code = callback_data.code or None
    if code and code not in {language.code for language in context.reply.renderer.offered}:
        raise NotALanguage
    changed = await settings.set_language(context.storage, context.chat_id, code)
    await _show_language(changed, context)


async def _show_language(changed: ChatSettings, context: Context) -> None:
    """Show the page of languages and the menus in the chat's new language."""
    reply, user = context.reply, context.user
    reply.speak(changed.speaks)
    await _show_changed(changed, _LANGUAGE, context, languages=reply.renderer.offered)
    if user.kind is ChatKind.PRIVATE:
        app_url, is_chosen = context.resources.app_url, changed.language is not None
        menu = ChatMenu(
            user.user_id,
            reply.renderer,
            app_url,
            user.is_admin,
            is_chosen,
            without=context.resources.unavailable_commands,
        )
        context.resources.background.start(menu.set(reply.bot), menu.key)


# Pauses.


async def pause(_: object, context: Context) -> None:
    await _change(settings.pause(context.storage, context.chat_id), context)


async def pause_for_days(_: object, callback_data: press.PauseFor, context: Context) -> None:
    days = callback_data.days
    await _change(settings.pause_for(context.storage, context.chat_id, days), context)


async def resume(_: object, context: Context) -> None:
    await _change(settings.resume(context.storage, context.chat_id), context)


async def pause_everything(_: object, context: Context) -> None:
    changed = await settings.pause(context.storage, context.chat_id)
    await context.reply.show("chat/stop.html", settings=changed)


# The times of digests: one or several, and the days of each.


async def set_time(_: object, callback_data: press.SetTime, context: Context) -> None:
    minutes = callback_data.minutes
    await _change(settings.set_time(context.storage, context.chat_id, minutes), context)


async def set_only_time(_: object, callback_data: press.SetOnlyTime, context: Context) -> None:
    minutes = callback_data.minutes
    await _change(settings.set_single_time(context.storage, context.chat_id, minutes), context)


async def set_times(_: object, callback_data: press.SetTimes, context: Context) -> None:
    times = press.times_in(callback_data)
    await _change(settings.set_times(context.storage, context.chat_id, times), context)


async def add_time(_: object, callback_data: press.AddTime, context: Context) -> None:
    added = WeeklyTime(callback_data.minutes)
    await _change(settings.add_time(context.storage, context.chat_id, added), context, _TIMES)


async def show_schedule_time(
    _: object, callback_data: press.ShowScheduleTime, context: Context
) -> None:
    await _show_numbered(_TIME, await _settings(context), callback_data.number, context)


async def set_schedule_time(
    _: object, callback_data: press.SetScheduleTime, context: Context
) -> None:
    number, minutes = callback_data.number, callback_data.minutes
    changing = settings.set_time(context.storage, context.chat_id, minutes, number)
    await _change(changing, context, _TIMES)


async def remove_schedule_time(
    _: object, callback_data: press.RemoveScheduleTime, context: Context
) -> None:
    number = callback_data.number
    await _change(settings.remove_time(context.storage, context.chat_id, number), context, _TIMES)


async def show_days(_: object, callback_data: press.ShowDays, context: Context) -> None:
    await _show_numbered(_DAYS, await _settings(context), callback_data.number, context)


async def set_days(_: object, callback_data: press.SetDays, context: Context) -> None:
    number, weekdays = callback_data.number, callback_data.weekdays
    changed = await settings.set_days(context.storage, context.chat_id, number, weekdays)
    chosen = numbered(changed.plan.times, number)
    await _show_changed(changed, _DAYS, context, chosen=chosen)


async def set_most_covered(
    _: object, callback_data: press.SetMostCovered, context: Context
) -> None:
    number, wanted = callback_data.number, callback_data.wanted
    changed = await settings.set_most_covered(
        context.storage, context.chat_id, number, wanted=wanted
    )
    chosen = numbered(changed.plan.times, number)
    await _show_changed(changed, _DAYS, context, chosen=chosen)


async def _show_numbered(template: str, shown: ChatSettings, number: int, context: Context) -> None:
    """Show the schedule time with this number."""
    chosen = numbered(shown.plan.times, number)
    await context.reply.change(template, settings=shown, chosen=chosen)


def make_router() -> Router:
    router = Router(name="settings")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(send_settings, ChatCommand("settings"))
    on_message(show_languages, ChatCommand("language"))
    on_message(pause_everything, ChatCommand("stop"))
    on_message(show_zones_near, F.location, flags=Permission.PRIVATE.flags)
    on_press(send_settings, press.SendSettings.filter(), flags=Permission.EVERYBODY.flags)
    on_press(show_languages, press.ShowLanguages.filter(), flags=Permission.EVERYBODY.flags)
    for data in _PAGES:
        is_first = data is press.ShowSettings
        permission = Permission.EVERYBODY if is_first else Permission.ADMINISTRATORS
        on_press(show_page, data.filter(), flags=permission.flags)
    on_press(set_language, press.SetLanguage.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_pinning, press.SetPinning.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_empty_day, press.SetEmptyDay.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(show_zones, press.ShowZone.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_zone, press.SetZone.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(ask_for_location, press.AskLocation.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_quiet_hours, press.SetQuiet.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_alert_rate, press.SetAlertRate.filter(), flags=Permission.ADMINISTRATORS.flags)
    undoes = press.UndoSetting.filter(F.setting.not_in(MAIL_SETTINGS))
    on_press(undo_setting, undoes, flags=Permission.ADMINISTRATORS.flags)
    on_press(set_style, press.SetStyle.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_detail, press.SetDetail.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_rhythm, press.SetRhythm.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_hashtags, press.SetHashtags.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_picture, press.SetPicture.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_layout, press.SetLayout.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_model, press.SetModel.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(pause, press.Pause.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(pause_for_days, press.PauseFor.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(resume, press.Resume.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_time, press.SetTime.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_only_time, press.SetOnlyTime.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_times, press.SetTimes.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(add_time, press.AddTime.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(
        show_schedule_time, press.ShowScheduleTime.filter(), flags=Permission.ADMINISTRATORS.flags
    )
    on_press(
        set_schedule_time, press.SetScheduleTime.filter(), flags=Permission.ADMINISTRATORS.flags
    )
    on_press(
        remove_schedule_time,
        press.RemoveScheduleTime.filter(),
        flags=Permission.ADMINISTRATORS.flags,
    )
    on_press(show_days, press.ShowDays.filter(), flags=Permission.ADMINISTRATORS.flags)
    covered = press.SetMostCovered.filter()
    on_press(set_most_covered, covered, flags=Permission.ADMINISTRATORS.flags)
    on_press(set_days, press.SetDays.filter(), flags=Permission.ADMINISTRATORS.flags)
    return router
