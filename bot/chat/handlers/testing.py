"""/test QUERY: how a query is read, what it found this week, and what nearly matched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command, CommandObject

from bot.chat.cards import seen_of
from bot.chat.permissions import READS
from bot.matching import search
from bot.matching.explain import in_lines
from bot.matching.query import parse
from bot.matching.query.canonical import shown
from bot.subscribers import topics
from bot.subscribers.text import one_line

if TYPE_CHECKING:
    from aiogram.types import Message

    from bot.chat.context import Context


async def asked_for(_message: Message, command: CommandObject, context: Context) -> None:
    typed = one_line(command.args or "")
    if not typed:
        await context.reply.show("chat/test.html#how")
        return
    query = parse(typed, await topics.saved_queries(context.storage, context.chat_id))
    await context.reply.show(
        "chat/test.html#result",
        typed=typed,
        shown=shown(query),
        lines=in_lines(query.tree),
        missed=await search.near_miss(context.storage, query, chat_id=context.chat_id),
        **await seen_of(query, context),
    )


def make_router() -> Router:
    router = Router(name="testing")
    router.message.register(asked_for, Command("test"), flags=READS)
    return router
