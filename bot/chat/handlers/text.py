"""Typed and sent messages without a command: queries get a card, answers are applied.

The bot recognises times, zones, links, greetings and so on, and reads forwarded messages and
captions too. Everything that no other handler takes gets one helpful sentence.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiogram import F, Router
from aiogram.filters import Filter, MagicData, or_f
from aiogram.types import MessageOriginChannel

from bot.chat import callbacks as press
from bot.chat.cards import (
    answer_intent,
    request_confirmation,
    show_card,
    show_channel,
    show_link,
    show_mailbox,
    show_understood,
    suggest_keywords,
    topic_page,
)
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.chat.questions import ask, asked_by, cancel
from bot.chat.reply import Reply
from bot.chat.senders import private_sender
from bot.publishing.calendar import Plan, local_date
from bot.subscribers import mailboxes, own_feeds, posts, settings, subscriptions, topics, users
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
    SeveralZones,
    Timetable,
    Zone,
    read_typed,
)
from bot.subscribers.intents import Intent, whole_intent
from bot.subscribers.limits import MOST_LISTED
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message, MessageReactionUpdated

    from bot.chat.context import Context
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.input import Typed
    from bot.subscribers.settings import ChatSettings
    from bot.subscribers.topics import ChatTopic

_QUESTIONS_OF_MEMBERS = frozenset(
    {press.Question.QUERY, press.Question.SEARCH, press.Question.TEST}
)


# Typed text, and captions in private chats


class TextReader(Filter):
    """Classifies a text or caption.

    Handlers get the result as `read`. If the text answers a question about a setting, they get the
    kind of setting as `asked`, otherwise None.
    """

    async def __call__(self, message: Message, context: Context) -> dict[str, Any]:
        text = message.text or message.caption or ""
        asked = asked_by(message, context.user)
        language = context.reply.renderer.language.code
        if asked is None or asked.question is press.Question.QUERY:
            query = AskedInput.QUERY if asked else None
            return {"read": read_typed(text, query, language=language), "asked": None}
        today = local_date(context.user.now, context.user.zone)
        setting = AskedInput(asked.question.value)
        # In a thread, because the table of cities is long.
        read = await asyncio.to_thread(read_typed, text, setting, today, language)
        if asked.may_be_ignored and isinstance(read, Keywords):
            return {"read": read_typed(text, language=language), "asked": None}
        return {"read": read, "asked": setting}


@dataclass(frozen=True, slots=True)
class ReadAs(Filter):
    """Matches a text that `TextReader` has classified as this kind."""

    kind: type[Typed]

    async def __call__(self, _: Message, read: Typed) -> bool:
        return isinstance(read, self.kind)


async def answer_question(_: object, context: Context, read: Typed, asked: AskedInput) -> None:
    if isinstance(read, SeveralZones):
        await context.reply.show(
            "chat/timezones.html#near",
            zones=read.names,
            now=context.user.now,
            current=context.user.zone,
        )
        return
    changed = await _change_setting(read, context)
    if changed is None:
        await ask(context, press.Question(asked), is_again=True)
    else:
        await context.reply.show("chat/saved.html#saved", settings=changed)


async def set_digest_time(_: object, command: CommandObject, context: Context) -> None:
    """Read the argument of `/digest 7:30` like an answer to when the digest should come."""
    await _take_argument(command, AskedInput.TIME, context)


async def pause_until(_: object, command: CommandObject, context: Context) -> None:
    """Read the argument of `/stop 3 days` like an answer to until when the pause lasts."""
    await _take_argument(command, AskedInput.DATE, context)


async def _take_argument(command: CommandObject, asked: AskedInput, context: Context) -> None:
    today = local_date(context.user.now, context.user.zone)
    language = context.reply.renderer.language.code
    read = await asyncio.to_thread(read_typed, command.args or "", asked, today, language)
    await answer_question(None, context, read, asked)


def make_argument_router() -> Router:
    """Return the router of commands with an argument; it comes before those without one."""
    router, flags = Router(name="arguments"), Permission.ADMINISTRATORS.flags
    router.message.register(set_digest_time, ChatCommand("digest", magic=F.args), flags=flags)
    router.message.register(pause_until, ChatCommand("stop", magic=F.args), flags=flags)
    return router


async def _change_setting(read: Typed, context: Context) -> ChatSettings | None:
    """Apply an answer about a setting; return None if the text was no such answer."""
    storage, chat_id, changed = context.storage, context.chat_id, None
    match read:
        case Clock(minutes):
            changed = await settings.set_single_time(storage, chat_id, minutes)
        case Timetable(times):
            changed = await settings.set_times(storage, chat_id, times)
        case Hours(hours):
            changed = await settings.set_quiet_hours(storage, chat_id, hours)
        case Day(day):
            changed = await settings.pause_until(storage, chat_id, day)
        case Number(value):
            changed = await settings.set_alerts_per_hour(storage, chat_id, value)
        case Zone(name):
            changed = await settings.set_zone(storage, chat_id, name)
    return changed


async def take_address(_: object, context: Context, read: Address) -> None:
    await request_confirmation(read.text, context)


async def awaits_code(_: object, context: Context) -> bool:
    """Whether an address waits for a code; otherwise six digits are a query."""
    return await mailboxes.awaits_code(context.storage, context.chat_id)


async def take_code(_: object, context: Context, read: Code) -> None:
    """Confirm the address with the code."""
    mailbox = await mailboxes.confirm_by_code(
        context.storage, context.chat_id, read.digits, once=context.reply.once
    )
    await show_mailbox(mailbox, context)


async def read_text(message: Message, context: Context, read: Typed) -> None:
    text = message.text or ""
    if whole_intent(text) is Intent.CANCEL:
        await cancel_question(None, context)
    elif topic := await _topic_to_delete(text, context):
        await _delete(topic, context)
    else:
        await _answer_unasked(text or message.caption or "", read, context)


async def _topic_to_delete(text: str, context: Context) -> ChatTopic | None:
    name = posts.to_delete(text).casefold()
    if not name:
        return None
    page = await topics.subscribed(context.storage, context.chat_id, per_page=MOST_LISTED)
    named = (
        topic for topic in page.items if name in {topic.name.casefold(), topic.typed.casefold()}
    )
    return next(named, None)


async def _delete(topic: ChatTopic, context: Context) -> None:
    """Unsubscribe in a private chat; elsewhere show the topic's page, which has a button."""
    if context.user.kind is ChatKind.PRIVATE:
        ended = await subscriptions.unsubscribe(context.storage, context.chat_id, topic.id)
        await context.reply.show("chat/topics.html#unsubscribed", topic=ended)
    else:
        await context.reply.show("chat/topics.html#topic", **await topic_page(topic.id, context))


async def _answer_unasked(text: str, read: Typed, context: Context) -> None:
    match read:
        case Clock(minutes):
            await _set_typed_time(minutes, context)
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
        case Code():
            await show_card(text, context)
        case Nonsense():
            await context.reply.show("chat/typed.html#no_keywords", intent=None)
        case Keywords():
            await show_understood(text, context)


async def _set_typed_time(minutes: int, context: Context) -> None:
    """Set the time of a private chat's only digest; otherwise ask which digest is meant."""
    before = await settings.get_settings(context.storage, context.chat_id)
    if context.user.kind is not ChatKind.PRIVATE or len(before.plan.times) > 1:
        await context.reply.show("chat/typed.html#time", minutes=minutes, settings=before)
        return
    changed = await settings.set_single_time(context.storage, context.chat_id, minutes)
    await context.reply.show("chat/saved.html#saved", settings=changed)


# Other messages


async def read_forwarded(message: Message, context: Context) -> None:
    """Offer the public channel that a post is from; else its link, or keywords from its text."""
    text = message.text or message.caption or ""
    entities = message.entities or message.caption_entities or ()
    post = posts.read_post(text, [entity.url for entity in entities if entity.url])
    username = _channel_of(message)
    if username and not await own_feeds.is_read_for(context.storage, context.chat_id, username):
        await show_channel(username, post if isinstance(post, posts.Post) else None, context)
        return
    match post:
        case posts.PostLink(url):
            await show_link(url, context)
        case posts.Post() as post if posts.is_telling(text):
            await suggest_keywords(post, context)
        case _:
            await context.reply.show("chat/typed.html#no_keywords", intent=None)


def _channel_of(message: Message) -> str:
    """Return the `@name` of the public channel that a post was forwarded from; else ""."""
    origin = message.forward_origin
    name = origin.chat.username if isinstance(origin, MessageOriginChannel) else None
    return f"@{name}" if name else ""


async def show_intent(_: object, callback_data: press.ShowIntent, context: Context) -> None:
    await answer_intent(callback_data.intent, context)


async def cancel_question(_: object, context: Context) -> None:
    is_cancelled = await cancel(context)
    await context.reply.show("chat/questions.html#cancelled", is_cancelled=is_cancelled)


async def delete_question(pressed: CallbackQuery, context: Context) -> None:
    if pressed.message:
        await context.reply.delete(pressed.message.message_id)


async def explain_unknown_command(_: object, context: Context) -> None:
    await context.reply.show("chat/errors.html#unknown_command")


async def explain_message(message: Message, context: Context) -> None:
    """Say what the bot makes of a message that is no text, such as a voice message."""
    await context.reply.show("chat/typed.html#no_text", kind=message.content_type, intent=None)


async def explain_reaction(
    event: MessageReactionUpdated, bot: Bot, resources: Resources, renderer: Renderer
) -> None:
    """Name the buttons that do what a new reaction may mean."""
    if event.user is None or len(event.new_reaction) <= len(event.old_reaction):
        return
    sender = private_sender(event.user)
    user = await users.identify_known(resources.storage, sender, access=resources.access)
    if user:
        reply = Reply(bot, renderer.of(user.language), event.chat.id)
        await reply.show("chat/typed.html#reaction")


async def explain_edit(_: object, context: Context) -> None:
    await context.reply.show("chat/errors.html#edited_message")


async def explain_old_button(_: object, context: Context) -> None:
    await context.reply.toast("chat/errors.html#old_button")


def make_router() -> Router:
    router = Router(name="text")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(cancel_question, ChatCommand("cancel"))
    on_message(read_forwarded, F.forward_origin, flags=Permission.PRIVATE.flags)
    on_press(show_intent, press.ShowIntent.filter(), flags=Permission.EVERYBODY.flags)
    # Questions that any member of a group may ask for, and therefore cancel.
    asks = press.CancelQuestion.filter(F.question.in_(_QUESTIONS_OF_MEMBERS))
    on_press(delete_question, asks, flags=Permission.EVERYBODY.flags)
    on_press(delete_question, press.CancelQuestion.filter(), flags=Permission.ADMINISTRATORS.flags)
    return router


def make_reaction_router() -> Router:
    """Return the router for reactions, which come without a message of the user."""
    router = Router(name="reactions")
    router.message_reaction.register(
        explain_reaction, F.chat.type == "private", flags=Permission.WITHOUT_ACCESS.flags
    )
    return router


def make_typed_router() -> Router:
    """Return the router for typed text. Its filter classifies a text once for all handlers."""
    router = Router(name="typed text")
    is_command = F.text.startswith("/")
    router.message.filter(or_f(F.text, F.caption), ~is_command, TextReader())
    on_message, administrators = router.message.register, Permission.ADMINISTRATORS
    on_message(answer_question, MagicData(F.asked), flags=administrators.flags)
    on_message(take_address, ReadAs(Address), flags=Permission.CONFIDENTIAL.flags)
    on_message(take_code, ReadAs(Code), awaits_code, flags=Permission.CONFIDENTIAL.flags)
    on_message(read_text, flags=Permission.EVERYBODY.flags)
    return router


def make_last_router() -> Router:
    """Return the router for updates that no other handler takes."""
    router = Router(name="anything")
    on_message = router.message.register
    on_message(explain_unknown_command, F.text, flags=Permission.EVERYBODY.flags)
    on_message(explain_message, flags=Permission.EVERYBODY.flags)
    router.edited_message.register(explain_edit, flags=Permission.EVERYBODY.flags)
    router.callback_query.register(explain_old_button, flags=Permission.EVERYBODY.flags)
    return router
