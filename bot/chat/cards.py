"""Messages that several handlers show: cards, the page of a topic, and the mailbox.

A card previews what a query or a link finds, before the chat subscribes. Its text has the query as
code and the links under their titles, from which the handlers of its buttons read them.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiogram.enums import MessageEntityType
from aiogram.types import Message

from bot.chat.progress import Progress
from bot.chat.senders import ANONYMOUS_ADMINISTRATOR
from bot.matching import other_words, previews, search
from bot.matching.query import parse
from bot.matching.query.ast import And, Term
from bot.matching.suggest import suggested
from bot.rendering.i18n import ENGLISH
from bot.sources.administration import is_anything_read
from bot.sources.channels.addresses import mentioned_name, shown_channel, source_address
from bot.sources.hosts import host_shown, shown_url
from bot.subscribers import mailboxes, newsletters, own_feeds, posts, topics
from bot.subscribers.asked_articles import asked_article, asked_letter
from bot.subscribers.errors import CardTooOld, NoSuchTopic
from bot.subscribers.intents import Intent
from bot.subscribers.limits import count_search
from bot.subscribers.sentences import understand
from bot.subscribers.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aiogram.types import CallbackQuery

    from bot.chat.context import Context
    from bot.matching.hits import SearchHit
    from bot.matching.other_words import Others
    from bot.matching.query import ParsedQuery
    from bot.matching.query.ast import Node
    from bot.sources.discovery.discover import LookupResult
    from bot.subscribers.asked_articles import AskedArticle
    from bot.subscribers.mailboxes import MailboxSeen
    from bot.subscribers.posts import Post
    from bot.subscribers.sentences import Understood
    from bot.subscribers.settings import ChatSettings
    from bot.subscribers.topics import ChatTopic, Suggestion
    from storage.newsletters import NewsletterRow
    from storage.sources import Source

_MOST_SPELLINGS = 4
_LONGEST_SPELLING = 40
_OPERATOR = re.compile(r'["“”„«»()&|+]|\b(?:and|or|near)\b', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What a typed text may mean besides the query of its card.

    *names*: those of a list, if the query was made from one. *intent*: a question about the bot.
    *topic*: that of the catalogue whose name the text is.
    """

    names: Sequence[str] = ()
    intent: Intent | None = None
    topic: Suggestion | None = None


_NO_ALTERNATIVES = Alternatives()


async def show_card(
    typed: str,
    context: Context,
    topic: ChatTopic | None = None,
    *,
    alternatives: Alternatives = _NO_ALTERNATIVES,
    is_in_place: bool = False,
) -> None:
    """Show what the query *typed* found, or the page of its topic if the chat subscribes to it.

    *is_in_place*: edit the message whose button was pressed. Raises QueryError if *typed* is no
    query.
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
    meant, nearest, reads_news = "", [], True
    if not seen["found"].count and not seen["found"].is_more:
        reads_news = await is_anything_read(context.storage, context.chat_id)
        meant = await other_words.meant(context.storage, query, chat_id=context.chat_id)
        if reads_news and not meant:
            nearest = await previews.nearest(context.storage, query, chat_id=context.chat_id)
    await show(
        "chat/card.html#card",
        typed=typed,
        topic=topic,
        names=alternatives.names,
        words=words_anywhere(query, typed),
        also=also_caught(typed, seen["found"].newest),
        others=await others_of(query, typed, context),
        meant=meant,
        reads_news=reads_news,
        user=context.user,
        nearest=nearest,
        intent=alternatives.intent,
        of_catalogue=alternatives.topic,
        **seen,
    )


# Sentences


async def show_understood(typed: str, context: Context) -> None:
    """Show the card of a typed query; for a sentence, what it may mean, or the answer to it.

    Raises QueryError if *typed* is neither a sentence nor a query.
    """
    language = context.reply.renderer.language.code
    # In a thread, because the first call reads files.
    read = await asyncio.to_thread(understand, typed, language)
    names = () if read.is_sentence else posts.names_in(typed)
    if read.intent and read.is_certain:
        await answer_intent(read.intent, context)
        return
    topic = await _catalogue_topic(typed, context)
    if read.choices and not topic:
        await _show_choices(read, context)
    elif either := posts.any_of_names(names) if names else "":
        await show_card(either, context, alternatives=Alternatives(names, read.intent, topic))
    elif query := read.query or (typed if topic else ""):
        await show_card(query, context, alternatives=Alternatives((), read.intent, topic))
    else:
        await context.reply.show("chat/typed.html#no_keywords", intent=read.intent)


async def _catalogue_topic(name: str, context: Context) -> Suggestion | None:
    """Return the catalogue's topic of this name, in English or in the language of the chat."""

    def translated(topic: Suggestion) -> str:
        return context.reply.renderer.line("topic_name.txt", topic=topic)

    return await topics.catalogue_topic_called(context.storage, name, translated)


async def _show_choices(read: Understood, context: Context) -> None:
    await count_search(context.storage, context.chat_id, limits=context.limits)
    found = await previews.previews(context.storage, read.choices, chat_id=context.chat_id)
    await context.reply.show(
        "chat/typed.html#choices",
        found=found,
        is_whole=bool(found) and found[0].typed in read.choices[0],
        tried=[choice[0] for choice in read.choices],
        intent=read.intent,
    )


async def answer_intent(intent: Intent, context: Context) -> None:
    """Answer what a user wants from the bot."""
    listed: Sequence[ChatTopic] = ()
    if intent.lists_topics:
        page = await topics.subscribed(context.storage, context.chat_id)
        listed = page.items
    letters: Sequence[NewsletterRow] = ()
    if intent is Intent.WHY_NOT and not context.is_seen_by_group:
        letters = await newsletters.unsettled(context.storage, context.chat_id)
    await context.reply.show(
        f"chat/intents.html#{intent}",
        user=context.user,
        topics=listed,
        newsletters=letters,
    )


async def others_of(query: ParsedQuery, typed: str, context: Context) -> Others:
    return await other_words.others(
        context.storage, query, typed, chat_id=context.chat_id, spoken=_spoken(context)
    )


async def with_name(query: ParsedQuery, typed: str, language: str, context: Context) -> str:
    """Return *query* as typed, with its names in one more *language*; "" if it has none."""
    return await other_words.with_name(
        context.storage, query, typed, language, chat_id=context.chat_id, spoken=_spoken(context)
    )


def _spoken(context: Context) -> set[str]:
    """Return the languages in which the chat's users may type names: English and their own."""
    return {ENGLISH.code, context.reply.renderer.language.code.partition("-")[0]}


async def _subscribed(query: ParsedQuery, context: Context) -> ChatTopic | None:
    try:
        return await topics.topic_by_query(context.storage, context.chat_id, query)
    except NoSuchTopic:
        return None


async def topic_page(topic_id: int, context: Context) -> dict[str, Any]:
    """Return the values for the page of a topic."""
    topic = await topics.get_topic(context.storage, context.chat_id, topic_id)
    return {"topic": topic, **await seen_of(parse(topic.typed), context)}


async def change_topic_page(topic_id: int, context: Context, **values: Any) -> None:
    """Show the page of a topic in the pressed button's message; *values*: what has changed."""
    page = await topic_page(topic_id, context)
    await context.reply.change("chat/topics.html#topic", **page, **values)


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


def words_on(pressed: CallbackQuery, number: int = 0) -> str:
    """Return a query in the pressed message, -1 for the last; raise CardTooOld if there is none."""
    message = pressed.message
    if not isinstance(message, Message):
        raise CardTooOld
    codes = [one for one in message.entities or () if one.type == MessageEntityType.CODE]
    if not codes or number >= len(codes):
        raise CardTooOld
    return codes[number].extract_from(message.text or "")


def block_on(pressed: CallbackQuery) -> str:
    """Return the preformatted text in the pressed message; raise CardTooOld if it has none."""
    message = pressed.message
    found = message.entities or () if isinstance(message, Message) else ()
    for entity in found:
        if isinstance(message, Message) and entity.type == MessageEntityType.PRE:
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


def words_anywhere(query: ParsedQuery, typed: str) -> int:
    """Return how many words of *typed* a story must have, in any place and order.

    0 if that is plain from the query, because it is one word or names an operator.
    """
    match query.tree:
        case And(operands) if all(_is_plain(operand) for operand in operands):
            return 0 if _OPERATOR.search(typed) else len(operands)
    return 0


def _is_plain(node: Node) -> bool:
    return isinstance(node, Term) and not (node.prefix or node.title or node.spelling)


# Links


async def show_link(url: str, context: Context) -> None:
    """Say why the chat did not get the article at a typed link, or show what is at the link."""
    if asked := await asked_article(context.storage, context.chat_id, url):
        await show_asked_article(asked, context)
        return
    letter = None
    if not context.is_seen_by_group:  # only administrators see who writes to a newsletter
        letter = await asked_letter(context.storage, context.chat_id, url)
    if letter:
        await context.reply.show("chat/newsletters.html#why_not", letter=letter)
    else:
        await read_page(url, context)


async def show_asked_article(asked: AskedArticle, context: Context) -> None:
    await context.reply.show("chat/why_not.html", asked=asked, **context.clock)


async def read_page(url: str, context: Context) -> None:
    """Show what is at *url*: its feeds, or keywords from its article."""
    if source := await own_feeds.public_source(context.storage, url):
        await context.reply.show(
            "chat/typed.html#known_source", source=source, now=context.user.now
        )
        return
    progress = await _begin_reading(url, context)
    found = await context.resources.link_lookup.look(url)
    await _show_found(progress, found, context, name=mentioned_name(url))


async def show_channel(username: str, post: Post | None, context: Context) -> None:
    """Show the public channel of a forwarded post, and keywords from the *post*, if it has any."""
    url = source_address(username)
    progress = await _begin_reading(url, context)
    found = await context.resources.link_lookup.look(url)
    words = suggested(post.title, post.text) if post else ()
    await _show_found(progress, found, context, words=words)


async def show_feeds(url: str, context: Context) -> None:
    """Show the feeds of the site at *url*."""
    progress = await _begin_reading(url, context)
    await _show_found(progress, await context.resources.link_lookup.feeds_of(url), context)


async def _begin_reading(url: str, context: Context) -> Progress:
    await count_search(context.storage, context.chat_id, limits=context.limits)
    return await Progress.begin(
        context.reply,
        "chat/typed.html#reading_link",
        host=shown_channel(url) or host_shown(url) or shown_url(url),
    )


async def _show_found(
    progress: Progress,
    found: LookupResult,
    context: Context,
    *,
    name: str = "",
    words: Sequence[str] = (),
) -> None:
    """Show what was found. *name*: the typed `@name`. *words*: of a post that was forwarded."""
    if found.text:
        words = suggested(found.title, found.text)
        await progress.change(
            "chat/typed.html#keywords",
            title=found.title,
            url=found.url,
            words=words,
            is_stored=await asked_article(context.storage, context.chat_id, found.url) is not None,
            paused=await own_feeds.paused_source(context.storage, context.chat_id, found.url),
            now=context.user.now,
        )
    elif source := await _only_public_source(found, context):
        await progress.change("chat/typed.html#known_source", source=source, now=context.user.now)
    else:
        await progress.change(
            "chat/typed.html#feeds",
            looked=found,
            name=name,
            words=words,
            user=context.user,
            now=context.user.now,
        )


async def _only_public_source(found: LookupResult, context: Context) -> Source | None:
    """Return the only feed found, if it is a public source."""
    if len(found.feeds) != 1:
        return None
    return await own_feeds.public_source(context.storage, found.feeds[0].url)


async def suggest_keywords(post: Post, context: Context) -> None:
    """Offer keywords from a text that somebody else wrote."""
    words = suggested(post.title, post.text)
    await context.reply.show(
        "chat/typed.html#keywords", title="", url="", words=words, is_stored=False, paused=None
    )


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


async def show_mailbox(
    mailbox: MailboxSeen, context: Context, changed: ChatSettings | None = None
) -> None:
    """Show the page of the mailbox; *changed*: the settings after a change that can be undone."""
    await context.reply.change("chat/email.html", mailbox=mailbox, settings=changed)


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
