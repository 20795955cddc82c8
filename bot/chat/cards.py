"""Cards: what a query has found, before a chat subscribes. The card itself keeps the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram.types import Message

from bot.chat.questions import code_in
from bot.matching import search
from bot.matching.query import parse
from bot.rendering.i18n import ENGLISH
from bot.subscribers import topics
from bot.subscribers.errors import CardTooOld, NoSuchTopic
from bot.subscribers.searches import count_search
from bot.subscribers.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aiogram.types import CallbackQuery

    from bot.chat.context import Context
    from bot.matching.query import ParsedQuery
    from bot.matching.search import Others, SearchHit
    from bot.subscribers.topics import ChatTopic

_MOST_SPELLINGS = 4
_LONGEST_SPELLING = 40


async def show_card(
    typed: str,
    context: Context,
    topic: ChatTopic | None = None,
    *,
    names: Sequence[str] = (),
    is_in_place: bool = False,
) -> None:
    """Show what the query *typed* found, or the page of its topic; QueryError if it is none.

    *names*: what was typed as a list, of which the query finds any. *is_in_place*: instead of the
    message whose button was pressed.
    """
    show = context.reply.change if is_in_place else context.reply.show
    typed = one_line(typed)
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    subscribed = None if topic else await _subscribed(query, context)
    if subscribed:
        page = await topic_page(subscribed.id, context)
        await show("chat/card.html#already", **page)
        return
    await count_search(context.storage, context.chat_id, limits=context.limits)
    seen = await seen_of(query, context)
    meant = ""
    if not seen["found"].count and not seen["found"].is_more:
        meant = await search.meant(context.storage, query, chat_id=context.chat_id)
    await show(
        "chat/card.html#card",
        typed=typed,
        topic=topic,
        names=names,
        also=also_caught(typed, seen["found"].newest),
        others=await others_of(query, typed, context),
        meant=meant,
        **seen,
    )


async def others_of(query: ParsedQuery, typed: str, context: Context) -> Others:
    """Return other words for those of *query*, with names as the chat may write them."""
    spoken = {ENGLISH.code, context.reply.renderer.language.code.partition("-")[0]}
    return await search.others(
        context.storage, query, typed, chat_id=context.chat_id, spoken=spoken
    )


async def _subscribed(query: ParsedQuery, context: Context) -> ChatTopic | None:
    try:
        return await topics.topic_by_query(context.storage, context.chat_id, query)
    except NoSuchTopic:
        return None


async def topic_page(topic_id: int, context: Context) -> dict[str, Any]:
    """Return what the page of one topic shows."""
    topic = await topics.get_topic(context.storage, context.chat_id, topic_id)
    return {"topic": topic, **await seen_of(parse(topic.typed), context)}


async def seen_of(query: ParsedQuery, context: Context) -> dict[str, Any]:
    """Return what a template shows of what *query* found."""
    found = await search.find(context.storage, query, chat_id=context.chat_id)
    silent = 0
    if not found.count and not found.is_more:
        silent = await search.silent_days(context.storage, query, chat_id=context.chat_id)
    return {
        "found": found,
        "volume": found.volume,
        "silent_days": silent,
        "now": context.user.now,
        **context.clock,
    }


def words_on(pressed: CallbackQuery) -> str:
    """Return the query that the pressed message shows as code."""
    message = pressed.message
    query = code_in(message) if isinstance(message, Message) else ""
    if not query:
        raise CardTooOld
    return query


def also_caught(typed: str, hits: Iterable[SearchHit]) -> tuple[str, ...]:
    """Return a few spellings in *hits* that were not typed; capitals make no other spelling."""
    found: dict[str, str] = {}
    for spelling in _spellings(hits):
        folded = spelling.casefold()
        if folded not in typed.casefold() and len(spelling) <= _LONGEST_SPELLING:
            found.setdefault(folded, spelling)
    return tuple(found.values())[:_MOST_SPELLINGS]


def _spellings(hits: Iterable[SearchHit]) -> Iterator[str]:
    for hit in hits:
        for text, places in ((hit.title, hit.title_spans), (hit.snippet.text, hit.snippet.bold)):
            for start, end in places:
                yield one_line(text[start:end])
