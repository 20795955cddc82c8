"""/broadcast: what an admin sends to all chats; previewed first, then sent, reported, stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiogram import Router
from aiogram.exceptions import AiogramError
from aiogram.filters import Command
from aiogram.types import Message

from bot.chat import callbacks as press
from bot.chat.questions import AnswerTo, ask
from bot.rendering.messages import Entity, units
from bot.rendering.messages import Message as Rendered
from bot.subscribers import broadcasts
from bot.subscribers.broadcasts import StatusMessage
from bot.subscribers.errors import NoSuchBroadcast
from bot.subscribers.text import storable
from bot.telegram import entities_of, markup_of

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context
    from bot.rendering.renderer import Renderer
    from storage.db.engine import Storage

log = structlog.get_logger(__name__)

# Others name what only their sender may use, or what Telegram finds by itself.
_KEPT = frozenset(
    {
        "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote",
        "expandable_blockquote", "code", "pre", "text_link", "date_time",
    }
)  # fmt: skip

_PAGE = "chat/admin/broadcasts.html#page"


def make_router() -> Router:
    router = Router(name="broadcasts")
    router.message.register(start_broadcast, Command("broadcast"))
    router.message.register(answer_question, AnswerTo(press.Question.BROADCAST))
    router.callback_query.register(ask_for_text, press.NewBroadcast.filter())
    router.callback_query.register(choose_audience, press.ChooseAudience.filter())
    router.callback_query.register(discard, press.DiscardBroadcast.filter())
    router.callback_query.register(send, press.SendBroadcast.filter())
    router.callback_query.register(stop, press.StopBroadcast.filter())
    return router


async def start_broadcast(message: Message, command: CommandObject, context: Context) -> None:
    if command.args:
        await _draft(text_of(message, f"/{command.command}"), context)
    elif message.reply_to_message and message.reply_to_message.text:
        await _draft(text_of(message.reply_to_message), context)
    else:
        await ask(context, press.Question.BROADCAST)


async def ask_for_text(_: object, context: Context) -> None:
    await ask(context, press.Question.BROADCAST)


async def answer_question(message: Message, context: Context) -> None:
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


async def discard(_: object, callback_data: press.DiscardBroadcast, context: Context) -> None:
    await broadcasts.discard(context.storage, callback_data.number)
    await context.reply.change("chat/admin/broadcasts.html#discarded")


async def send(
    pressed: CallbackQuery, callback_data: press.SendBroadcast, context: Context
) -> None:
    if not isinstance(pressed.message, Message):
        raise NoSuchBroadcast
    shown_in = StatusMessage(pressed.message.chat.id, pressed.message.message_id)
    status = await broadcasts.send(
        context.storage, callback_data.number, shown_in, by=context.user.user_id
    )
    await context.reply.change(_PAGE, status=status)


async def stop(_: object, callback_data: press.StopBroadcast, context: Context) -> None:
    status = await broadcasts.stop(context.storage, callback_data.number, by=context.user.user_id)
    await context.reply.change(_PAGE, status=status)


async def report_progress(bot: Bot, renderer: Renderer, storage: Storage) -> int:
    """Edit the status messages that are due; a failed edit is made up for by the next round."""
    for shown_in, status in await broadcasts.progress_due(storage):
        message = renderer.of(shown_in.language).message(_PAGE, press=press, status=status)
        try:
            await bot.edit_message_text(
                message.text,
                chat_id=shown_in.telegram_id,
                message_id=shown_in.message_id,
                entities=entities_of(message),
                reply_markup=markup_of(message.keyboard),
            )
        except (AiogramError, OSError, TimeoutError) as error:
            log.info("the status of a broadcast was not edited", reason=str(error))
    return 0


def text_of(message: Message, after: str = "") -> Rendered:
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
    return Rendered(rest, entities)
