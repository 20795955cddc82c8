"""/settings, /language and /stop: all settings in one message, and a page for each of them.

The times of digests are in `schedule`, mail is in `email`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import KeyboardButton, ReplyKeyboardMarkup

from bot.chat.callbacks import (
    AskLocation,
    Pause,
    PauseFor,
    Resume,
    SendSettings,
    SetAlertRate,
    SetEmptyDay,
    SetLanguage,
    SetLayout,
    SetQuiet,
    SetStyle,
    SetZone,
    ShowAlertRate,
    ShowLanguages,
    ShowLayout,
    ShowQuiet,
    ShowSettings,
    ShowZone,
)
from bot.chat.menu import label_menu_button, register_chat
from bot.chat.permissions import READS
from bot.subscribers import settings
from bot.subscribers.errors import NotALanguage
from bot.subscribers.timezones import zones_near
from storage.enums import ChatKind, QuietHours

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.subscribers.settings import ChatSettings


_SETTINGS = "chat/settings.html"


async def asked_for(_event: object, context: Context) -> None:
    await context.reply.show(_SETTINGS, settings=await _settings(context))


async def opened(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(_SETTINGS, settings=await _settings(context))


async def empty_day_chosen(
    _pressed: CallbackQuery, callback_data: SetEmptyDay, context: Context
) -> None:
    empty_day = callback_data.empty_day
    changed = await settings.set_empty_day(context.storage, context.chat_id, empty_day)
    await context.reply.change(_SETTINGS, settings=changed)


# The time zone.


async def zone_opened(_pressed: CallbackQuery, context: Context) -> None:
    shown, is_private = await _settings(context), context.reply.telegram_id == context.user.user_id
    await context.reply.change(
        "chat/timezones.html#zone", settings=shown, may_send_location=is_private
    )


async def zone_chosen(_pressed: CallbackQuery, callback_data: SetZone, context: Context) -> None:
    changed = await settings.set_zone(context.storage, context.chat_id, callback_data.name)
    await context.reply.change(_SETTINGS, settings=changed)


async def location_button_wanted(_pressed: CallbackQuery, context: Context) -> None:
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


async def quiet_opened(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change("chat/quiet.html", settings=await _settings(context))


async def quiet_chosen(_pressed: CallbackQuery, callback_data: SetQuiet, context: Context) -> None:
    start, end = callback_data.start, callback_data.end
    hours = QuietHours(start, end) if start != end else None
    changed = await settings.set_quiet_hours(context.storage, context.chat_id, hours)
    await context.reply.change(_SETTINGS, settings=changed)


async def rate_opened(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change("chat/alert_rate.html", settings=await _settings(context))


async def rate_chosen(
    _pressed: CallbackQuery, callback_data: SetAlertRate, context: Context
) -> None:
    number = callback_data.number
    changed = await settings.set_alerts_per_hour(context.storage, context.chat_id, number)
    await context.reply.change(_SETTINGS, settings=changed)


# The layout of digests.


async def layout_opened(_pressed: CallbackQuery, context: Context) -> None:
    layout = await settings.get_layout(context.storage, context.chat_id)
    await context.reply.change("chat/layout.html", chosen=layout)


async def layout_chosen(
    _pressed: CallbackQuery, callback_data: SetStyle | SetLayout, context: Context
) -> None:
    chosen = callback_data.model_dump()
    layout = await settings.set_layout(context.storage, context.chat_id, **chosen)
    await context.reply.change("chat/layout.html", chosen=layout)


# The language that the bot writes in.


async def languages_asked_for(_message: Message, context: Context) -> None:
    await context.reply.show("chat/language.html", **await _languages(context))


async def languages_opened(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change("chat/language.html", **await _languages(context))


async def language_chosen(
    _pressed: CallbackQuery, callback_data: SetLanguage, context: Context
) -> None:
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


async def paused(_pressed: CallbackQuery, context: Context) -> None:
    changed = await settings.pause(context.storage, context.chat_id)
    await context.reply.change(_SETTINGS, settings=changed)


async def paused_for_days(
    _pressed: CallbackQuery, callback_data: PauseFor, context: Context
) -> None:
    changed = await settings.pause_for(context.storage, context.chat_id, callback_data.days)
    await context.reply.change(_SETTINGS, settings=changed)


async def resumed(_pressed: CallbackQuery, context: Context) -> None:
    changed = await settings.resume(context.storage, context.chat_id)
    await context.reply.change(_SETTINGS, settings=changed)


async def stopped(_message: Message, context: Context) -> None:
    changed = await settings.pause(context.storage, context.chat_id)
    await context.reply.show("chat/stop.html", settings=changed)


async def _settings(context: Context) -> ChatSettings:
    return await settings.get_settings(context.storage, context.chat_id)


def make_router() -> Router:
    router = Router(name="settings")
    router.message.register(asked_for, Command("settings"), flags=READS)
    router.message.register(languages_asked_for, Command("language"), flags=READS)
    router.message.register(stopped, Command("stop"))
    router.message.register(location_sent, F.location, F.chat.type == "private", flags=READS)
    pressed = router.callback_query.register
    pressed(asked_for, SendSettings.filter(), flags=READS)
    pressed(opened, ShowSettings.filter(), flags=READS)
    pressed(languages_opened, ShowLanguages.filter(), flags=READS)
    pressed(language_chosen, SetLanguage.filter())
    pressed(empty_day_chosen, SetEmptyDay.filter())
    pressed(zone_opened, ShowZone.filter())
    pressed(zone_chosen, SetZone.filter())
    pressed(location_button_wanted, AskLocation.filter())
    pressed(quiet_opened, ShowQuiet.filter())
    pressed(quiet_chosen, SetQuiet.filter())
    pressed(rate_opened, ShowAlertRate.filter())
    pressed(rate_chosen, SetAlertRate.filter())
    pressed(layout_opened, ShowLayout.filter())
    pressed(layout_chosen, SetStyle.filter())
    pressed(layout_chosen, SetLayout.filter())
    pressed(paused, Pause.filter())
    pressed(paused_for_days, PauseFor.filter())
    pressed(resumed, Resume.filter())
    return router
