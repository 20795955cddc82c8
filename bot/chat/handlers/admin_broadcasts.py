"""/broadcast: an admin previews a message to all chats, sends it, and may stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.types import Message

from bot.chat import callbacks as press
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.chat.questions import AnswerTo, ask
from bot.rendering.messages import Entity, units
from bot.rendering.messages import Message as Rendered
from bot.subscribers import broadcasts
from bot.subscribers.broadcasts import StatusMessage
from bot.subscribers.errors import NoSuchBroadcast
from bot.subscribers.text import storable

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context

# Left out: kinds that only some senders may use, and kinds that Telegram detects by itself.
_KEPT = frozenset(
    {
        "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote",
        "expandable_blockquote", "code", "pre", "text_link", "date_time",
    }
)  # fmt: skip

_PAGE = "chat/admin/broadcasts.html#page"


async def start_broadcast(message: Message, command: CommandObject, context: Context) -> None:
    if command.args:
        await _draft(text_of(message, f"/{command.command}"), context)
    elif message.reply_to_message and message.reply_to_message.text:
        await _draft(text_of(message.reply_to_message), context)
    else:
        await ask(context, press.Question.BROADCAST)


async def ask_for_broadcast(_: object, context: Context) -> None:
    await ask(context, press.Question.BROADCAST)


async def preview_broadcast(message: Message, context: Context) -> None:
    await _draft(text_of(message), context)


async def _draft(message: Rendered, context: Context) -> None:
    status, preview = await broadcasts.draft(
        context.storage,
        message,
        by=context.user.user_id,
        language=context.user.language,
        once=context.reply.once,
        renderer=context.resources.renderer,
    )
    await context.reply.send([preview])
    await context.reply.show(_PAGE, status=status)


async def choose_audience(_: object, callback_data: press.ChooseAudience, context: Context) -> None:
    status = await broadcasts.choose_audience(
        context.storage, callback_data.number, callback_data.audience, callback_data.language
    )
    await context.reply.change(_PAGE, status=status)


async def discard_broadcast(
    _: object, callback_data: press.DiscardBroadcast, context: Context
) -> None:
    await broadcasts.discard(context.storage, callback_data.number)
    await context.reply.change("chat/admin/broadcasts.html#discarded")


async def send_broadcast(
    pressed: CallbackQuery, callback_data: press.SendBroadcast, context: Context
) -> None:
    if not isinstance(pressed.message, Message):
        raise NoSuchBroadcast
    shown_in = StatusMessage(pressed.message.chat.id, pressed.message.message_id)
    status = await broadcasts.send(
        context.storage, callback_data.number, shown_in, by=context.user.user_id
    )
    await context.reply.change(_PAGE, status=status)


async def stop_broadcast(_: object, callback_data: press.StopBroadcast, context: Context) -> None:
    status = await broadcasts.stop(context.storage, callback_data.number, by=context.user.user_id)
    await context.reply.change(_PAGE, status=status)


def text_of(message: Message, after: str = "") -> Rendered:
    """Return the text of *message* that follows *after*, such as a command, with its entities."""
    text = storable(message.text or "")
    whole = text.removeprefix(after)
    rest = whole.lstrip()
    cut = units(text) - units(rest)
    entities = tuple(
        Entity(
            entity.type,
            entity.offset - cut,
            entity.length,
            entity.url,
            entity.language,
            entity.unix_time,
            entity.date_time_format,
        )
        for entity in message.entities or ()
        if entity.type in _KEPT and entity.offset >= cut
    )
    return Rendered(rest, entities)


def make_router() -> Router:
    router = Router(name="broadcasts")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(start_broadcast, ChatCommand("broadcast"))
    is_answer = AnswerTo(press.Question.BROADCAST)
    on_message(preview_broadcast, is_answer, flags=Permission.BOT_ADMINS.flags)
    on_press(ask_for_broadcast, press.NewBroadcast.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(choose_audience, press.ChooseAudience.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(discard_broadcast, press.DiscardBroadcast.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(send_broadcast, press.SendBroadcast.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(stop_broadcast, press.StopBroadcast.filter(), flags=Permission.BOT_ADMINS.flags)
    return router
