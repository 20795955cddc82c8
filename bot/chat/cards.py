"""Cards: what a query has found, before it is watched. The card itself keeps the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram.types import Message

from bot.chat.questions import code_in
from bot.chat.spellings import also_caught
from bot.matching import search
from bot.matching.query import parse
from bot.rendering.filters import local
from bot.subscribers import topics
from bot.subscribers.errors import CardTooOld
from bot.subscribers.text import one_line
from bot.subscribers.volume import Volume

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context
    from bot.matching.query import Query
    from bot.subscribers.topics import ChatTopic


async def show_card(typed: str, context: Context, topic: ChatTopic | None = None) -> None:
    """Show what the query *typed* found; QueryError if it is none."""
    typed = one_line(typed)
    query = parse(typed, await topics.saved_queries(context.storage, context.chat_id))
    seen = await seen_of(query, context)
    also = also_caught(typed, seen["found"].newest)
    await context.reply.show("chat/card.html#card", typed=typed, topic=topic, also=also, **seen)


async def topic_page(topic_id: int, context: Context) -> dict[str, Any]:
    """What the page of one topic tells."""
    topic = await topics.get_topic(context.storage, context.chat_id, topic_id)
    return {"topic": topic, **await seen_of(parse(topic.typed), context)}


async def seen_of(query: Query, context: Context) -> dict[str, Any]:
    """What a template tells of what *query* found."""
    found = await search.find(context.storage, query, chat_id=context.chat_id)
    silent = 0
    if not found.count and not found.is_more:
        silent = await search.silent_days(context.storage, query, chat_id=context.chat_id)
    return {
        "found": found,
        "volume": Volume(found.count, found.covered),
        "silent_days": silent,
        "now": context.user.now,
        "zone": context.user.zone,
        "today": local(context.user.now, context.user.zone).date(),
    }


def words_on(pressed: CallbackQuery) -> str:
    """Return the words that the pressed message shows as code."""
    message = pressed.message
    words = code_in(message) if isinstance(message, Message) else ""
    if not words:
        raise CardTooOld
    return words
