"""/help, /help queries, /privacy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command

from bot.chat.permissions import READS

if TYPE_CHECKING:
    from aiogram.types import Message

    from bot.chat.context import Context


async def asked_for(_message: Message, context: Context) -> None:
    await context.reply.show("chat/help.html#help", user=context.user)


async def queries_asked_for(_message: Message, context: Context) -> None:
    await context.reply.show("chat/help.html#queries")


async def privacy_asked_for(_message: Message, context: Context) -> None:
    await context.reply.show("chat/privacy.html")


def make_router() -> Router:
    router = Router(name="help")
    about_queries = F.args.func(lambda args: bool(args) and args.lower().startswith("quer"))
    router.message.register(queries_asked_for, Command("help", magic=about_queries), flags=READS)
    router.message.register(asked_for, Command("help"), flags=READS)
    router.message.register(privacy_asked_for, Command("privacy"), flags=READS)
    return router
