"""/settings, /language and /stop: all settings in one message, and a page for each of them.

`digest` has the times of digests and how they look, and `email` the settings of mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.types import KeyboardButton, Message, ReplyKeyboardMarkup

from bot.chat import callbacks as press
from bot.chat.commands import ChatCommand
from bot.chat.menu import ChatMenu
from bot.chat.permissions import Permission
from bot.chat.questions import expect
from bot.chat.setting_pages import (
    ALERT_RATE,
    LAYOUT,
    SAVED,
    SETTINGS,
    TIMES,
    change_setting,
    show_saved_setting,
)
from bot.subscribers import setting_undo, settings
from bot.subscribers.errors import NotALanguage, NotALanguageCode
from bot.subscribers.settings import MAIL_SETTINGS, Setting
from bot.subscribers.timezones import zones_near
from storage.enums import ChatKind
from storage.schedules import QuietHours

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.filters.callback_data import CallbackData

    from bot.chat.context import Context
    from bot.subscribers.settings import ChatSettings

_LANGUAGE = "chat/language.html"

_PAGE_OF = {  # the others are on the first page
    **dict.fromkeys((Setting.STYLE, Setting.LAYOUT, Setting.PICTURES), LAYOUT),
    Setting.HASHTAGS: ALERT_RATE,
}

_PAGES: dict[type[CallbackData], str] = {  # by the button that only opens the page
    press.ShowSettings: SETTINGS,
    press.ShowQuiet: "chat/quiet.html",
    press.ShowAlertRate: ALERT_RATE,
    press.ShowLayout: LAYOUT,
    press.ShowTimes: TIMES,
    press.ShowMoreTimes: "chat/schedule.html#more_times",
}


async def send_settings(_: object, context: Context) -> None:
    await context.reply.show(SETTINGS, settings=await _settings(context))


async def show_page(_: object, callback_data: CallbackData, context: Context) -> None:
    template = _PAGES[type(callback_data)]
    await context.reply.change(template, settings=await _settings(context))


async def _settings(context: Context) -> ChatSettings:
    return await settings.get_settings(context.storage, context.chat_id)


async def undo_setting(_: object, callback_data: press.UndoSetting, context: Context) -> None:
    changed = await setting_undo.undo(
        context.storage,
        context.chat_id,
        callback_data.setting,
        callback_data.before,
        after=callback_data.after,
    )
    if not callback_data.on_page:
        await context.reply.change(SAVED, settings=changed)
    elif callback_data.setting is Setting.LANGUAGE:
        await _show_language(changed, context)
    else:
        page = _PAGE_OF.get(callback_data.setting, SETTINGS)
        await show_saved_setting(changed, page, context)


# The time zone.


async def show_zones(_: object, context: Context) -> None:
    await expect(context, press.Question.ZONE)
    shown, may_send_location = await _settings(context), context.is_private
    await context.reply.change(
        "chat/timezones.html#zone", settings=shown, may_send_location=may_send_location
    )


async def set_zone(_: object, callback_data: press.SetZone, context: Context) -> None:
    name = callback_data.name
    await change_setting(settings.set_zone(context.storage, context.chat_id, name), context)


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
    await change_setting(settings.set_quiet_hours(context.storage, context.chat_id, hours), context)


async def set_alert_rate(_: object, callback_data: press.SetAlertRate, context: Context) -> None:
    number = callback_data.number
    await change_setting(
        settings.set_alerts_per_hour(context.storage, context.chat_id, number), context
    )


# The language that the bot writes in.


async def show_languages(_: object, context: Context) -> None:
    languages = context.reply.renderer.offered
    await context.reply.change(_LANGUAGE, settings=await _settings(context), languages=languages)


async def set_language(_: object, callback_data: press.SetLanguage, context: Context) -> None:
    code = callback_data.code or None
    if code and code not in {language.code for language in context.reply.renderer.offered}:
        raise NotALanguage
    await _choose_language(code, context)


async def set_typed_language(_: object, command: CommandObject, context: Context) -> None:
    """Choose the language that `/language de` names by its code or by its own name."""
    typed = (command.args or "").strip()
    for language in context.reply.renderer.offered:
        if typed.casefold() in {language.code.casefold(), language.name.casefold()}:
            await _choose_language(language.code, context)
            return
    raise NotALanguageCode(typed)


async def _choose_language(code: str | None, context: Context) -> None:
    changed = await settings.set_language(context.storage, context.chat_id, code)
    await _show_language(changed, context)


async def _show_language(changed: ChatSettings, context: Context) -> None:
    """Show the page of languages and the menus in the chat's new language."""
    reply, user = context.reply, context.user
    reply.speak(changed.speaks)
    await show_saved_setting(changed, _LANGUAGE, context, languages=reply.renderer.offered)
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
    await change_setting(settings.pause(context.storage, context.chat_id), context)


async def pause_for_days(_: object, callback_data: press.PauseFor, context: Context) -> None:
    days = callback_data.days
    await change_setting(settings.pause_for(context.storage, context.chat_id, days), context)


async def resume(_: object, context: Context) -> None:
    await change_setting(settings.resume(context.storage, context.chat_id), context)


async def pause_everything(_: object, context: Context) -> None:
    changed = await settings.pause(context.storage, context.chat_id)
    await context.reply.show("chat/stop.html", settings=changed)


def make_router() -> Router:
    router = Router(name="settings")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(send_settings, ChatCommand("settings"))
    typed = ChatCommand("language", magic=F.args)
    on_message(set_typed_language, typed, flags=Permission.ADMINISTRATORS.flags)
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
    on_press(show_zones, press.ShowZone.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_zone, press.SetZone.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(ask_for_location, press.AskLocation.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_quiet_hours, press.SetQuiet.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(set_alert_rate, press.SetAlertRate.filter(), flags=Permission.ADMINISTRATORS.flags)
    undoes = press.UndoSetting.filter(F.setting.not_in(MAIL_SETTINGS))
    on_press(undo_setting, undoes, flags=Permission.ADMINISTRATORS.flags)
    on_press(pause, press.Pause.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(pause_for_days, press.PauseFor.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(resume, press.Resume.filter(), flags=Permission.ADMINISTRATORS.flags)
    return router
