"""Messages that several handlers show: cards, the page of a topic, and the mailbox.

A card previews what a query or a link finds, before the chat subscribes. Its text has the query as
code and the links under their titles, from which the handlers of its buttons read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram.enums import MessageEntityType
from aiogram.types import Message

from bot.chat.progress import Progress
from bot.chat.senders import ANONYMOUS_ADMINISTRATOR
from bot.matching import other_words, search
from bot.matching.query import parse
from bot.matching.suggest import suggested
from bot.rendering.i18n import ENGLISH
from bot.sources.hosts import host_shown, shown_url
from bot.subscribers import mailboxes, own_feeds, topics
from bot.subscribers.errors import CardTooOld, NoSuchTopic
from bot.subscribers.limits import count_search
from bot.subscribers.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aiogram.types import CallbackQuery

    from bot.chat.context import Context
    from bot.matching.hits import SearchHit
    from bot.matching.other_words import Others
    from bot.matching.query import ParsedQuery
    from bot.sources.discovery.discover import LookupResult
    from bot.subscribers.mailboxes import MailboxSeen
    from bot.subscribers.posts import Post
    from bot.subscribers.topics import ChatTopic
    from storage.sources import Source

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
    """Show what the query *typed* found, or the page of its topic if the chat subscribes to it.

    *names*: the names of a typed list, if the query was made from one. *is_in_place*: edit the
    message whose button was pressed. Raises QueryError if *typed* is no query.
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
        meant = await other_words.meant(context.storage, query, chat_id=context.chat_id)
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
    """Return other words for those of *query*, with names in English and the chat's language."""
    spoken = {ENGLISH.code, context.reply.renderer.language.code.partition("-")[0]}
    return await other_words.others(
        context.storage, query, typed, chat_id=context.chat_id, spoken=spoken
    )


async def _subscribed(query: ParsedQuery, context: Context) -> ChatTopic | None:
    try:
        return await topics.topic_by_query(context.storage, context.chat_id, query)
    except NoSuchTopic:
        return None


async def topic_page(topic_id: int, context: Context) -> dict[str, Any]:
    """Return the values for the page of a topic."""
    topic = await topics.get_topic(context.storage, context.chat_id, topic_id)
    return {"topic": topic, **await seen_of(parse(topic.typed), context)}


async def seen_of(query: ParsedQuery, context: Context) -> dict[str, Any]:
    """Return the template values that show the articles that *query* finds."""
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


def words_on(pressed: CallbackQuery, *, is_last: bool = False) -> str:
    """Return the first query in the pressed message, or the last; raise CardTooOld for none."""
    message = pressed.message
    if isinstance(message, Message):
        entities = message.entities or []
        for entity in reversed(entities) if is_last else entities:
            if entity.type == MessageEntityType.CODE:
                return entity.extract_from(message.text or "")
    raise CardTooOld


def also_caught(typed: str, hits: Iterable[SearchHit]) -> tuple[str, ...]:
    """Return a few matched spellings that the user did not type, ignoring case."""
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


# Links


async def show_link(url: str, context: Context) -> None:
    """Show what is at a typed link: its feeds, or keywords from its article."""
    if source := await own_feeds.public_source(context.storage, url):
        await context.reply.show(
            "chat/typed.html#known_source", source=source, now=context.user.now
        )
        return
    progress = await _begin_reading(url, context)
    await _show_found(progress, await context.resources.link_lookup.look(url), context)


async def show_feeds(url: str, context: Context) -> None:
    """Show the feeds of the site at *url*."""
    progress = await _begin_reading(url, context)
    await _show_found(progress, await context.resources.link_lookup.feeds_of(url), context)


async def _begin_reading(url: str, context: Context) -> Progress:
    await count_search(context.storage, context.chat_id, limits=context.limits)
    return await Progress.begin(
        context.reply, "chat/typed.html#reading_link", host=host_shown(url) or shown_url(url)
    )


async def _show_found(progress: Progress, found: LookupResult, context: Context) -> None:
    if found.text:
        words = suggested(found.title, found.text)
        await progress.change(
            "chat/typed.html#keywords", title=found.title, url=found.url, words=words
        )
    elif source := await _only_public_source(found, context):
        await progress.change("chat/typed.html#known_source", source=source, now=context.user.now)
    else:
        await progress.change(
            "chat/typed.html#feeds", looked=found, user=context.user, now=context.user.now
        )


async def _only_public_source(found: LookupResult, context: Context) -> Source | None:
    """Return the only feed found, if it is a public source."""
    if len(found.feeds) != 1:
        return None
    return await own_feeds.public_source(context.storage, found.feeds[0].url)


async def suggest_keywords(post: Post, context: Context) -> None:
    """Offer keywords from a text that somebody else wrote."""
    words = suggested(post.title, post.text)
    await context.reply.show("chat/typed.html#keywords", title="", url="", words=words)


def link_on(pressed: CallbackQuery, number: int) -> str:
    links = links_on(pressed)
    if number >= len(links):
        raise CardTooOld
    return links[number]


def links_on(pressed: CallbackQuery) -> list[str]:
    """Return the links in the pressed message, which come from our own template."""
    message = pressed.message
    if not isinstance(message, Message):
        raise CardTooOld
    return [
        entity.url
        for entity in message.entities or ()
        if entity.type == MessageEntityType.TEXT_LINK and entity.url
    ]


# The mailbox


async def show_mailbox(mailbox: MailboxSeen, context: Context) -> None:
    can_mail = context.resources.mailer is not None
    await context.reply.change("chat/email.html", mailbox=mailbox, can_mail=can_mail)


async def request_confirmation(address: str, context: Context) -> None:
    """Mail *address* a code that confirms it for the digests of the chat."""
    user_id = context.user.user_id
    mailbox = await mailboxes.request_confirmation(
        context.storage,
        context.chat_id,
        address,
        asked_by=None if user_id == ANONYMOUS_ADMINISTRATOR else user_id,
        once=context.reply.once,
        mailer=context.resources.mailer,
    )
    await show_mailbox(mailbox, context)
