"""What is typed or sent without a command: a query gets its card, an answer is taken.

Times, a zone, a link, a greeting … are understood as such; what is forwarded, or stands under a
picture, is read too. What nothing else has understood gets one helpful sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import F, Router
from aiogram.filters import Command, Filter

from bot.chat import callbacks as press
from bot.chat.cards import others_of, show_card, topic_page, words_on
from bot.chat.handlers.email import ask_address, take_code
from bot.chat.handlers.feeds import show_link, suggest_keywords
from bot.chat.handlers.settings import time_typed
from bot.chat.handlers.start import show_help
from bot.chat.permissions import READS
from bot.chat.questions import ask, asked_by, cancel
from bot.publishing.calendar import Plan, local_date
from bot.subscribers import posts, settings, subscriptions, topics
from bot.subscribers.digest_schedule import renewed
from bot.subscribers.input import (
    Address,
    AskedInput,
    Clock,
    Code,
    Day,
    Hours,
    Keywords,
    Nonsense,
    Number,
    Timetable,
    Zone,
    read_typed,
)
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.mailboxes import awaits_code
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.subscribers.input import Typed
    from bot.subscribers.settings import ChatSettings
    from bot.subscribers.topics import ChatTopic


class TextReader(Filter):
    """Reads what was typed, once: the handler gets it as `read`, and the question it answers."""

    async def __call__(self, message: Message, context: Context) -> dict[str, Any]:
        text = message.text or ""
        asked = asked_by(message, context.user)
        language = context.reply.renderer.language.code
        if asked is None or asked.question is press.Question.QUERY:
            query = AskedInput.QUERY if asked else None
            return {"read": read_typed(text, query, language=language), "asked": None}
        today = local_date(context.user.now, context.user.zone)
        kind = AskedInput(asked.question.value)
        return {"read": read_typed(text, kind, today, language), "asked": kind}


async def typed(message: Message, context: Context, read: Typed, asked: AskedInput | None) -> None:
    text = message.text or ""
    if asked:
        await _answered(read, asked, context)
    elif request := posts.read_request(text):
        await _requested(request, context)
    elif topic := await _topic_to_delete(text, context):
        await _delete(topic, context)
    else:
        await _unasked(text, read, context)


async def _requested(request: posts.PostRequest, context: Context) -> None:
    if request is posts.PostRequest.CANCEL:
        await cancelled(None, context)
    elif request is posts.PostRequest.HELP:
        await show_help(context)
    else:
        await context.reply.show(f"chat/typed.html#{request}", user=context.user)


async def _topic_to_delete(text: str, context: Context) -> ChatTopic | None:
    name = posts.to_delete(text).casefold()
    if not name:
        return None
    page = await topics.subscribed(context.storage, context.chat_id, per_page=MOST_LISTED)
    named = (one for one in page.items if name in {one.name.casefold(), one.typed.casefold()})
    return next(named, None)


async def _delete(topic: ChatTopic, context: Context) -> None:
    """Unsubscribe, where it is one user's own chat; elsewhere show the topic with its button."""
    if context.user.kind is ChatKind.PRIVATE:
        ended = await subscriptions.unsubscribe(context.storage, context.chat_id, topic.id)
        await context.reply.show("chat/topics.html#unsubscribed", topic=ended)
    else:
        await context.reply.show("chat/topics.html#topic", **await topic_page(topic.id, context))


async def cancelled(_message: object, context: Context) -> None:
    is_cancelled = await cancel(context)
    await context.reply.show("chat/questions.html#cancelled", is_cancelled=is_cancelled)


async def cancel_pressed(pressed: CallbackQuery, context: Context) -> None:
    if pressed.message:
        await context.reply.delete(pressed.message.message_id)


async def captioned(message: Message, context: Context) -> None:
    text = message.caption or ""
    language = context.reply.renderer.language.code
    await _unasked(text, read_typed(text, language=language), context)


async def forwarded(message: Message, context: Context) -> None:
    """Read what another user or channel wrote; its origin does not count."""
    text = message.text or message.caption or ""
    entities = message.entities or message.caption_entities or ()
    match posts.read_post(text, [entity.url for entity in entities if entity.url]):
        case posts.PostLink(url):
            await show_link(url, context)
        case posts.Post() as post if posts.is_telling(text):
            await suggest_keywords(post, context)
        case _:
            await context.reply.show("chat/typed.html#no_keywords")


async def _unasked(text: str, read: Typed, context: Context) -> None:  # noqa: C901 - one case a kind
    match read:
        case Clock(minutes):
            await time_typed(minutes, context)
        case Timetable(times):
            plan = Plan(context.user.zone, renewed((), times, {}))
            await context.reply.show("chat/typed.html#times", times=times, plan=plan)
        case Hours(hours):
            await context.reply.show("chat/typed.html#quiet", hours=hours)
        case Zone(name):
            await context.reply.show("chat/typed.html#zone", zone=name, typed=text)
        case posts.PostLink(url):
            await show_link(url, context)
        case posts.Post() as post:
            await suggest_keywords(post, context)
        case Nonsense():
            await context.reply.show("chat/typed.html#no_keywords")
        case Address(address):
            await ask_address(address, context)
        case Code(digits):
            await _digits(digits, text, context)
        case Keywords(query):
            names = posts.names_in(text)
            either = posts.any_of_names(names) if names else ""
            await show_card(either or query, context, names=names if either else ())


async def _digits(digits: str, text: str, context: Context) -> None:
    if await awaits_code(context.storage, context.chat_id):
        await take_code(digits, context)
    else:
        await show_card(text, context)


async def _answered(read: Typed, asked: AskedInput, context: Context) -> None:
    settings = await _settings(read, context.chat_id, context)
    if settings is None:
        await ask(context, press.Question(asked), is_again=True)
    else:
        await context.reply.show("chat/settings.html", settings=settings)


async def _settings(read: Typed, chat_id: int, context: Context) -> ChatSettings | None:
    """Do what an answer says; None where it is none."""
    chat_settings = None
    match read:
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


async def widened(pressed: CallbackQuery, callback_data: press.Widen, context: Context) -> None:
    """Show the card of the query with the other words that the button names."""
    typed = callback_data.words or words_on(pressed)
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    others = await others_of(query, typed, context)
    await show_card(others.typed or typed, context, is_in_place=True)


async def sticker_sent(_: object, context: Context) -> None:
    await context.reply.show("chat/typed.html#sticker")


async def unknown_command(_: object, context: Context) -> None:
    await context.reply.show("chat/errors.html#unknown_command")


async def not_text(_: object, context: Context) -> None:
    await context.reply.show("chat/typed.html#no_keywords")


async def edited(_: object, context: Context) -> None:
    await context.reply.show("chat/errors.html#edited_message")


async def old_button(_: object, context: Context) -> None:
    await context.reply.toast("chat/errors.html#old_button")


def make_router() -> Router:
    router = Router(name="text")
    # What others wrote, and what stands under pictures, is no talk to the bot in a group.
    in_private = F.chat.type == "private"
    router.message.register(forwarded, F.forward_origin, in_private, flags=READS)
    is_typed = (F.text, ~F.text.startswith("/"), ~F.forward_origin)
    router.message.register(typed, *is_typed, TextReader(), flags=READS)
    router.message.register(captioned, F.caption, in_private, flags=READS)
    router.message.register(sticker_sent, F.sticker, in_private, flags=READS)
    router.message.register(cancelled, Command("cancel"), flags=READS)
    router.callback_query.register(cancel_pressed, press.CancelQuestion.filter())
    router.callback_query.register(widened, press.Widen.filter(), flags=READS)
    return router


def make_last_router() -> Router:
    """Return what answers whatever no other handler has understood."""
    router = Router(name="anything")
    router.message.register(unknown_command, F.text, flags=READS)
    router.message.register(not_text, flags=READS)
    router.edited_message.register(edited, flags=READS)
    router.callback_query.register(old_button, flags=READS)
    return router
