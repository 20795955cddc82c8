"""Whatever is typed: words become a card; times, a zone, a link … are understood as such.

What is forwarded, or stands under a picture, is read too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command

from bot.chat.callbacks import CancelQuestion, Question
from bot.chat.cards import show_card
from bot.chat.handlers.email import ask_address, take_code
from bot.chat.handlers.links import look_at, suggest
from bot.chat.permissions import READS
from bot.chat.questions import ask, asked_by, cancel
from bot.mail.confirm import awaits_code
from bot.publishing.calendar import Plan, local_date
from bot.subscribers import settings
from bot.subscribers.digest_schedule import renewed
from bot.subscribers.input import (
    Address,
    Asked,
    Clock,
    Code,
    Day,
    Hours,
    Nonsense,
    Number,
    Timetable,
    Words,
    Zone,
    read_typed,
)
from bot.subscribers.posts import Link, Post, is_telling, read_post

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.subscribers.input import Typed
    from bot.subscribers.settings import Settings


async def typed(message: Message, context: Context) -> None:
    asked = asked_by(message, context.user)
    if asked and asked.question is not Question.QUERY:
        await _answered(message.text or "", Asked(asked.question.value), context)
    else:
        await _unasked(message.text or "", context)


async def cancelled(_message: Message, context: Context) -> None:
    is_cancelled = await cancel(context)
    await context.reply.show("chat/questions.html#cancelled", is_cancelled=is_cancelled)


async def cancel_pressed(pressed: CallbackQuery, context: Context) -> None:
    if pressed.message:
        await context.reply.delete(pressed.message.message_id)


async def captioned(message: Message, context: Context) -> None:
    await _unasked(message.caption or "", context)


async def forwarded(message: Message, context: Context) -> None:
    """What somebody else wrote; where it comes from is looked at by nobody."""
    text = message.text or message.caption or ""
    entities = message.entities or message.caption_entities or ()
    match read_post(text, [entity.url for entity in entities if entity.url]):
        case Link(url):
            await look_at(url, context)
        case Post() as post if is_telling(text):
            await suggest(post, context)
        case _:
            await context.reply.show("chat/typed.html#no_keywords")


async def _unasked(text: str, context: Context) -> None:  # noqa: C901 - one case a kind
    match read_typed(text, language=context.reply.renderer.language.code):
        case Clock(minutes):
            chat_settings = await settings.get_settings(context.storage, context.chat_id)
            await context.reply.show(
                "chat/typed.html#time", minutes=minutes, settings=chat_settings
            )
        case Timetable(times):
            plan = Plan(context.user.zone, renewed((), times, {}))
            await context.reply.show("chat/typed.html#times", times=times, plan=plan)
        case Hours(hours):
            await context.reply.show("chat/typed.html#quiet", hours=hours)
        case Zone(name):
            await context.reply.show("chat/typed.html#zone", zone=name, typed=text)
        case Link(url):
            await look_at(url, context)
        case Post() as post:
            await suggest(post, context)
        case Nonsense():
            await context.reply.show("chat/typed.html#no_keywords")
        case Address(address):
            await ask_address(address, context)
        case Code(digits):
            await _digits(digits, text, context)
        case Words(words):
            await show_card(words, context)


async def _digits(digits: str, text: str, context: Context) -> None:
    if await awaits_code(context.storage, context.chat_id):
        await take_code(digits, context)
    else:
        await show_card(text, context)


async def _answered(text: str, asked: Asked, context: Context) -> None:
    today, language = (
        local_date(context.user.now, context.user.zone),
        context.reply.renderer.language.code,
    )
    said = read_typed(text, asked, today, language)
    settings = await _settings(said, context.chat_id, context)
    if settings is None:
        await ask(context, Question(asked), is_again=True)
    else:
        await context.reply.show("chat/settings.html", settings=settings)


async def _settings(said: Typed, chat_id: int, context: Context) -> Settings | None:
    """Do what an answer says; None where it is none."""
    chat_settings = None
    match said:
        case Clock(minutes):
            chat_settings = await settings.set_single_time(context.storage, chat_id, minutes)
        case Timetable(times):
            chat_settings = await settings.set_times(context.storage, chat_id, times)
        case Hours(hours):
            chat_settings = await settings.set_quiet_hours(context.storage, chat_id, hours)
        case Day(day):
            chat_settings = await settings.pause_until(context.storage, chat_id, day)
        case Number(value):
            chat_settings = await settings.set_alerts_per_hour(context.storage, chat_id, value)
        case Zone(name):
            chat_settings = await settings.set_zone(context.storage, chat_id, name)
    return chat_settings


def make_router() -> Router:
    router = Router(name="typed")
    # What others wrote, and what stands under pictures, is no talk to the bot in a group.
    in_private = F.chat.type == "private"
    router.message.register(forwarded, F.forward_origin, in_private, flags=READS)
    is_typed = (F.text, ~F.text.startswith("/"), ~F.forward_origin)
    router.message.register(typed, *is_typed, flags=READS)
    router.message.register(captioned, F.caption, in_private, flags=READS)
    router.message.register(cancelled, Command("cancel"), flags=READS)
    router.callback_query.register(cancel_pressed, CancelQuestion.filter())
    return router
