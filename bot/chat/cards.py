"""Cards: what a query has found, before it is watched. The card itself keeps the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram.types import Message

from bot.chat.questions import code_in
from bot.chat.refused import CardTooOld
from bot.chat.spellings import also_caught
from bot.matching.query import parse
from bot.rendering.filters import local
from bot.subscribers.lines import one_line
from bot.subscribers.volume import Volume

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.matching.query import Query
    from bot.subscribers.arrivals import Guest
    from bot.subscribers.topics import TopicSeen


async def show_card(
    typed: str, guest: Guest, doors: Doors, answers: Answers, topic: TopicSeen | None = None
) -> None:
    """Show what the query *typed* found; QueryError if it is none."""
    typed = one_line(typed)
    query = parse(typed, await doors.topics.saved(guest.chat_id))
    seen = await seen_of(query, guest, doors)
    also = also_caught(typed, seen["found"].newest)
    await answers.show("chat/card.html", typed=typed, topic=topic, also=also, **seen)


async def topic_page(topic_id: int, guest: Guest, doors: Doors) -> dict[str, Any]:
    """What the page of one topic tells."""
    topic = await doors.topics.one(guest.chat_id, topic_id)
    return {"topic": topic, **await seen_of(parse(topic.typed), guest, doors)}


async def seen_of(query: Query, guest: Guest, doors: Doors) -> dict[str, Any]:
    """What a template tells of what *query* found."""
    found = await doors.search.hits(query, chat_id=guest.chat_id)
    silent = 0
    if not found.count and not found.is_more:
        silent = await doors.search.silent_days(query, chat_id=guest.chat_id)
    return {
        "found": found,
        "volume": Volume(found.count, found.covered),
        "silent_days": silent,
        "now": guest.now,
        "zone": guest.zone,
        "today": local(guest.now, guest.zone).date(),
    }


def words_on(pressed: CallbackQuery) -> str:
    """Return the words that the pressed message shows as code."""
    message = pressed.message
    words = code_in(message) if isinstance(message, Message) else ""
    if not words:
        raise CardTooOld
    return words
