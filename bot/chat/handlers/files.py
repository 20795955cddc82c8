"""A file that somebody sends: a list of feeds, an export of ours, or nothing for us."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import structlog
from aiogram import F, Router
from aiogram.types import Message as Received

from bot.chat.callbacks.typed import AddList
from bot.chat.refused import CardTooOld
from bot.sources.feeds.model import Unreadable

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

log = structlog.get_logger(__name__)

LARGEST = 1_000_000  # bytes


async def sent(message: Message, bot: Bot, guest: Guest, doors: Doors, answers: Answers) -> None:
    document = message.document
    if document is None or (document.file_size or 0) > LARGEST:
        await answers.show("chat/import.html#too_large")
        return
    await answers.typing()
    data = await bot.download(document, BytesIO())
    content = data.read(LARGEST + 1) if data else b""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        report = await doors.importing.read(guest.chat_id, content)
        await answers.show("chat/import.html#report", report=report)
    else:
        await _list(content, guest, doors, answers)


async def _list(content: bytes, guest: Guest, doors: Doors, answers: Answers) -> None:
    try:
        urls = await doors.feed_lists.read(content)
    except Unreadable as error:
        log.warning("a list of feeds could not be read", reason=error.reason, bytes=len(content))
        await answers.show("chat/import.html#unknown_file")
        return
    list_id, count = await doors.feed_lists.keep(guest.chat_id, urls)
    await answers.show(
        "chat/import.html#list", list_id=list_id, count=count, left=len(urls) - count
    )


async def wanted(
    pressed: CallbackQuery, callback_data: AddList, guest: Guest, doors: Doors, answers: Answers
) -> None:
    """The step goes on from here; it changes this very message."""
    if not isinstance(pressed.message, Received):
        raise CardTooOld
    message_id = pressed.message.message_id
    total = await doors.feed_lists.add(guest.chat_id, callback_data.list_id, message_id)
    await answers.change("chat/import.html#adding", tried=0, total=total)


def make_router() -> Router:
    router = Router(name="files")
    router.message.register(sent, F.document, F.chat.type == "private")
    router.callback_query.register(wanted, AddList.filter())
    return router
