"""/search words: all that is stored, the newest first; its pages are one message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import Router
from aiogram.filters import Command, CommandObject

from bot.chat.callbacks.words import TurnSearch
from bot.chat.cards import words_on
from bot.chat.permissions import READS
from bot.matching import search
from bot.matching.query import parse
from bot.matching.search import PagePosition
from bot.rendering.filters import local
from bot.subscribers import topics
from bot.subscribers.text import one_line

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_PAGE = "chat/search.html#results"


async def asked_for(_message: Message, command: CommandObject, context: Context) -> None:
    typed = one_line(command.args or "")
    if not typed:
        await context.reply.show("chat/search.html#how")
        return
    await context.reply.typing()
    await context.reply.show(_PAGE, **await _found(typed, PagePosition(), context))


async def turned(pressed: CallbackQuery, callback_data: TurnSearch, context: Context) -> None:
    typed = callback_data.words or words_on(pressed)
    place = PagePosition(callback_data.article_id, callback_data.newer)
    await context.reply.change(_PAGE, **await _found(typed, place, context))


async def _found(typed: str, place: PagePosition, context: Context) -> dict[str, Any]:
    query = parse(typed, await topics.saved_queries(context.storage, context.chat_id))
    return {
        "typed": typed,
        "found": await search.archive(context.storage, query, place, chat_id=context.chat_id),
        "zone": context.user.zone,
        "today": local(context.user.now, context.user.zone).date(),
    }


def make_router() -> Router:
    router = Router(name="searching")
    router.message.register(asked_for, Command("search"), flags=READS)
    router.callback_query.register(turned, TurnSearch.filter(), flags=READS)
    return router
