"""/export: all that a chat has, as files; /import: how to bring it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.permissions import READS
from bot.subscribers import exporting

if TYPE_CHECKING:
    from aiogram.types import Message

    from bot.chat.context import Context


_DOCUMENT, _FEEDS = "dateline.json", "dateline-feeds.opml"


async def export_wanted(_message: Message, context: Context) -> None:
    title = context.reply.renderer.line("chat/export.html#title")
    exported = await exporting.export_chat(context.storage, context.chat_id, title)
    await context.reply.send_file(_DOCUMENT, exported.document, "chat/export.html#document")
    if exported.opml:
        await context.reply.send_file(_FEEDS, exported.opml, "chat/export.html#feeds")


async def import_wanted(_message: Message, context: Context) -> None:
    await context.reply.show("chat/import.html#how")


def make_router() -> Router:
    router = Router(name="exporting")
    router.message.register(export_wanted, Command("export"))
    router.message.register(import_wanted, Command("import"), flags=READS)
    return router
