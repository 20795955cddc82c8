"""A file that somebody sends: a list of feeds, an export of ours, or nothing for us."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import structlog
from aiogram import F, Router
from aiogram.types import Message as Received

from bot.chat.callbacks.text import AddList
from bot.sources.feeds.model import Unreadable
from bot.subscribers import feed_lists, importing
from bot.subscribers.errors import CardTooOld

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


log = structlog.get_logger(__name__)

LARGEST = 1_000_000  # bytes


async def sent(message: Message, bot: Bot, context: Context) -> None:
    document = message.document
    if document is None or (document.file_size or 0) > LARGEST:
        await context.reply.show("chat/import.html#too_large")
        return
    async with context.reply.typing():
        data = await bot.download(document, BytesIO())
    content = data.read(LARGEST + 1) if data else b""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        report = await importing.import_chat(
            context.storage,
            context.chat_id,
            content,
            limits=context.resources.limits,
            adder=context.resources.own_source_adder,
            most=context.resources.limits.feeds,
        )
        await context.reply.show("chat/import.html#report", report=report)
    else:
        await _list(content, context)


async def _list(content: bytes, context: Context) -> None:
    try:
        urls = await feed_lists.read_list(content, opml_reader=context.resources.opml_reader)
    except Unreadable as error:
        log.warning("a list of feeds could not be read", reason=error.reason, bytes=len(content))
        await context.reply.show("chat/import.html#unknown_file")
        return
    list_id, count = await feed_lists.keep_list(context.storage, context.chat_id, urls)
    await context.reply.show(
        "chat/import.html#list", list_id=list_id, count=count, left=len(urls) - count
    )


async def wanted(pressed: CallbackQuery, callback_data: AddList, context: Context) -> None:
    """The step goes on from here; it changes this very message."""
    if not isinstance(pressed.message, Received):
        raise CardTooOld
    message_id = pressed.message.message_id
    total = await feed_lists.add_list(
        context.storage, context.chat_id, callback_data.list_id, message_id
    )
    await context.reply.change("chat/import.html#adding", tried=0, total=total)


def make_router() -> Router:
    router = Router(name="files")
    router.message.register(sent, F.document, F.chat.type == "private")
    router.callback_query.register(wanted, AddList.filter())
    return router
