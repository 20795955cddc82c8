"""/broadcast: what whoever runs the bot says to all; shown first, then sent, watched, stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from bot.chat.callbacks import Question
from bot.chat.callbacks.admin import (
    ChooseAudience,
    DiscardBroadcast,
    NewBroadcast,
    SendBroadcast,
    StopBroadcast,
)
from bot.chat.handlers.admin.desk import put, show
from bot.chat.questions import AnswerTo, ask
from bot.rendering.messages import Entity, units
from bot.rendering.messages import Message as Ours
from bot.subscribers import broadcasts
from bot.subscribers.broadcasts import Desk
from bot.subscribers.errors import NoSuchBroadcast
from bot.subscribers.text import storable

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


# Others name what only their sender may use, or what Telegram finds by itself.
_KEPT = frozenset(
    {
        "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote",
        "expandable_blockquote", "code", "pre", "text_link", "date_time",
    }
)  # fmt: skip


async def asked_for(message: Message, command: CommandObject, context: Context) -> None:
    if command.args:
        await _draft(said_in(message, f"/{command.command}"), context)
    elif message.reply_to_message and message.reply_to_message.text:
        await _draft(said_in(message.reply_to_message), context)
    else:
        await ask(context, Question.BROADCAST)


async def wanted(_pressed: CallbackQuery, context: Context) -> None:
    await ask(context, Question.BROADCAST)


async def answered(message: Message, context: Context) -> None:
    await _draft(said_in(message), context)


async def chosen(_pressed: CallbackQuery, callback_data: ChooseAudience, context: Context) -> None:
    wanted = (callback_data.audience, callback_data.language)
    await put(
        context,
        "chat/admin/broadcasts.html#page",
        seen=await broadcasts.choose_audience(context.storage, callback_data.number, *wanted),
    )


async def discarded(
    _pressed: CallbackQuery, callback_data: DiscardBroadcast, context: Context
) -> None:
    await broadcasts.discard(context.storage, callback_data.number)
    await put(context, "chat/admin/broadcasts.html#discarded")


async def sent(pressed: CallbackQuery, callback_data: SendBroadcast, context: Context) -> None:
    if not isinstance(pressed.message, Message):
        raise NoSuchBroadcast
    desk = Desk(pressed.message.chat.id, pressed.message.message_id)
    seen = await broadcasts.send(
        context.storage, callback_data.number, desk, by=context.user.user_id
    )
    await put(context, "chat/admin/broadcasts.html#page", seen=seen)


async def stopped(_pressed: CallbackQuery, callback_data: StopBroadcast, context: Context) -> None:
    seen = await broadcasts.stop(context.storage, callback_data.number, by=context.user.user_id)
    await put(context, "chat/admin/broadcasts.html#page", seen=seen)


def said_in(message: Message, after: str = "") -> Ours:
    """Return what *message* says after its beginning *after*, such as a command."""
    text = storable(message.text or "")
    whole = text.removeprefix(after)
    rest = whole.lstrip()
    cut = units(text) - units(rest)
    entities = tuple(
        Entity(
            one.type,
            one.offset - cut,
            one.length,
            one.url,
            one.language,
            one.unix_time,
            one.date_time_format,
        )
        for one in message.entities or ()
        if one.type in _KEPT and one.offset >= cut
    )
    return Ours(rest, entities)


async def _draft(said: Ours, context: Context) -> None:
    by, once = context.user.user_id, context.reply.once
    drafted = broadcasts.draft(
        context.storage,
        said,
        by=by,
        language=context.user.language,
        once=once,
        renderer=context.resources.renderer,
    )
    seen, as_it_looks = await drafted
    await context.reply.send([as_it_looks])
    await show(context, "chat/admin/broadcasts.html#page", seen=seen)


def make_router() -> Router:
    router = Router(name="broadcasts")
    router.message.register(asked_for, Command("broadcast"))
    router.message.register(answered, AnswerTo(Question.BROADCAST))
    router.callback_query.register(wanted, NewBroadcast.filter())
    router.callback_query.register(chosen, ChooseAudience.filter())
    router.callback_query.register(discarded, DiscardBroadcast.filter())
    router.callback_query.register(sent, SendBroadcast.filter())
    router.callback_query.register(stopped, StopBroadcast.filter())
    return router
