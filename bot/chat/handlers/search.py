"""Searches: /search in all stored stories, /test of a query, and inline in any chat.

- /search shows pages in one message, the newest stories first.
- /test shows how a query is read, its matches of this week, and near misses; for a link, why its
  article did not come.
- Inline, `@bot taiwan` gives the newest stories as cards, and without a query those of the user's
  own topics. Only the last of several queries typed in quick succession is answered.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog
from aiogram import F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
)
from aiogram.utils.deep_linking import create_deep_link, create_telegram_link

from bot.chat import callbacks as press
from bot.chat.cards import seen_of, show_link, words_on
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.chat.questions import AnswerTo, ask
from bot.chat.senders import private_sender
from bot.chat.updates import log_outage
from bot.matching.explain import in_lines
from bot.matching.query import QueryError
from bot.matching.query.canonical import shown
from bot.matching.result_pages import PagePosition, archive, find_inline, newest_inline
from bot.matching.search import near_miss
from bot.rendering.filters import local
from bot.subscribers import posts, topics, users
from bot.subscribers.limits import count_search
from bot.subscribers.share_links import LinkedQuery, start_for
from bot.subscribers.text import one_line
from bot.telegram import entities_of, markup_of
from storage.db.problems import is_transient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiogram import Bot
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, InlineQuery, Message

    from bot.chat.context import Context
    from bot.matching.hits import SearchHit
    from bot.matching.result_pages import InlinePage
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser

log = structlog.get_logger(__name__)

_START = "inline"
_CACHE_SECONDS = 30  # how long Telegram reuses an answer for the same user
_LONGEST_TITLE = 200
_LONGEST_LABEL = 60  # characters of the button above the results
_MOST_BOLD = 8
_PAGE = "chat/search.html#results"


async def search_stories(_: object, command: CommandObject, context: Context) -> None:
    typed = one_line(command.args or "")
    if typed:
        await _show_found(typed, context)
    else:
        await ask(context, press.Question.SEARCH)


async def search_typed(message: Message, context: Context) -> None:
    await _show_found(one_line(message.text or ""), context)


async def _show_found(typed: str, context: Context) -> None:
    async with context.reply.typing():
        found = await _found(typed, PagePosition(), context)
    await context.reply.show(_PAGE, **found)


async def turn_search_page(
    pressed: CallbackQuery, callback_data: press.TurnSearch, context: Context
) -> None:
    typed = callback_data.words or words_on(pressed)
    position = PagePosition(callback_data.article_id, callback_data.newer)
    await context.reply.change(_PAGE, **await _found(typed, position, context))


async def _found(typed: str, position: PagePosition, context: Context) -> dict[str, Any]:
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    await count_search(context.storage, context.chat_id, limits=context.limits)
    return {
        "typed": typed,
        "found": await archive(context.storage, query, position, chat_id=context.chat_id),
        **context.clock,
    }


async def explain_query(_: object, command: CommandObject, context: Context) -> None:
    typed = one_line(command.args or "")
    if typed:
        await _show_explained(typed, context)
    else:
        await ask(context, press.Question.TEST)


async def explain_typed(message: Message, context: Context) -> None:
    await _show_explained(one_line(message.text or ""), context)


async def _show_explained(typed: str, context: Context) -> None:
    match posts.read_post(typed):
        case posts.PostLink(url):
            await show_link(url, context)
        case posts.Post():
            await _show_explained_query(typed, context)


async def _show_explained_query(typed: str, context: Context) -> None:
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    await count_search(context.storage, context.chat_id, limits=context.limits)
    await context.reply.show(
        "chat/test.html#result",
        typed=typed,
        shown=shown(query),
        lines=in_lines(query.tree),
        missed=await near_miss(context.storage, query, chat_id=context.chat_id),
        **await seen_of(query, context),
    )


# Inline queries.


@dataclass(slots=True)
class _Queue:
    """One user's inline queries: one is answered at a time, then the newest that waits."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Turn:
    queue: _Queue
    number: int

    @property
    def is_last(self) -> bool:
        """Whether this is still the newest query of the user."""
        return self.queue.last == self.number


@dataclass(slots=True)
class Turns:
    """Serialises the inline queries of each user; forgets users without any."""

    queues: dict[int, _Queue] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, user_id: int) -> AsyncIterator[Turn]:
        queue = self.queues.setdefault(user_id, _Queue())
        queue.last += 1
        queue.waiting += 1
        turn = Turn(queue, queue.last)
        try:
            async with queue.lock:
                yield turn
        finally:
            queue.waiting -= 1
            if not queue.waiting:
                self.queues.pop(user_id, None)


@dataclass(frozen=True, slots=True)
class _Answering:
    """An inline query that is being answered."""

    query: InlineQuery
    bot: Bot
    renderer: Renderer

    async def say(self, template: str, payload: str = _START) -> None:
        """Answer without results, but with a button that opens the chat with the bot."""
        label = self.renderer.line(template)[:_LONGEST_LABEL]
        button = InlineQueryResultsButton(text=label, start_parameter=payload)
        await self._send([], button=button, seconds=0)

    async def show(self, page: InlinePage, words: str, user: CurrentUser, offset: int) -> None:
        username = (await self.bot.me()).username or ""
        link = link_to_card(username, words)
        cards = [self._card(hit, link, user) for hit in page.hits]
        following = str(offset + len(cards)) if page.is_more else ""
        await self._send(cards, following, seconds=_CACHE_SECONDS)

    def _card(self, hit: SearchHit, link: str, user: CurrentUser) -> InlineQueryResultArticle:
        values: dict[str, Any] = {
            "hit": hit,
            "zone": user.zone,
            "today": local(user.now, user.zone).date(),
            "bold": hit.snippet.bold[:_MOST_BOLD],
        }
        message = self.renderer.message("chat/inline.html#story", link=link, **values)
        return InlineQueryResultArticle(
            id=str(hit.article_id),
            title=(hit.title or hit.url)[:_LONGEST_TITLE],
            description=self.renderer.line("chat/inline.html#description", **values),
            input_message_content=InputTextMessageContent(
                message_text=message.text, entities=entities_of(message)
            ),
            reply_markup=markup_of(message.keyboard),
        )

    async def _send(
        self,
        cards: list[InlineQueryResultArticle],
        following: str = "",
        *,
        seconds: int,
        button: InlineQueryResultsButton | None = None,
    ) -> None:
        try:
            await self.query.answer(
                [*cards], cache_time=seconds, is_personal=True, next_offset=following, button=button
            )
        except TelegramBadRequest as refused:
            log.info("an inline query was answered too late", reason=refused.message)


async def answer_inline_query(
    query: InlineQuery, bot: Bot, resources: Resources, renderer: Renderer, turns: Turns
) -> None:
    """Answer the newest query of a user, and drop the older ones that wait."""
    async with turns.turn(query.from_user.id) as turn:
        if turn.is_last:
            answering = _Answering(query, bot, renderer.of(query.from_user.language_code or ""))
            try:
                await _answer_known_user(answering, resources)
            except Exception as error:
                if not is_transient(error):
                    raise
                log_outage("the database is unavailable; a user was asked to try again", error)
                await answering.say("chat/inline.html#database_away")


async def _answer_known_user(answering: _Answering, resources: Resources) -> None:
    user = await users.identify_known(
        resources.storage, private_sender(answering.query.from_user), access=resources.access
    )
    if user is None:
        await answering.say("chat/inline.html#unauthorized")
    else:
        spoken = answering.renderer.of(user.language)
        await _answer(replace(answering, renderer=spoken), user, resources)


async def _answer(answering: _Answering, user: CurrentUser, resources: Resources) -> None:
    words, offset = one_line(answering.query.query), _number(answering.query.offset)
    if not words:
        page = await newest_inline(resources.storage, user.chat_id, offset)
        nothing = "chat/inline.html#nothing_yet"
    else:
        try:
            query = await topics.parse_for(resources.storage, user.chat_id, words)
        except QueryError:
            await answering.say("chat/inline.html#no_query", payload_of(words) or _START)
            return
        page = await find_inline(resources.storage, query, offset)
        nothing = "chat/inline.html#nothing_found"
    if page.hits or offset:
        await answering.show(page, words, user, offset)
    else:
        await answering.say(nothing, payload_of(words) or _START)


def _number(offset: str) -> int:
    return int(offset) if offset.isascii() and offset.isdigit() and len(offset) <= 3 else 0  # noqa: PLR2004 - digits


async def ignore_own_card(_: object) -> None:
    """Ignore a result of an inline query, which a user sent into the bot's own chat."""


def payload_of(typed: str) -> str | None:
    """Return the start payload that shows the card of *typed*; None if it is too long."""
    return start_for(LinkedQuery(typed)) if typed else None


def link_to_card(username: str, typed: str) -> str:
    """Return the link to the card of *typed*, or just to the bot's chat if it is too long."""
    payload = payload_of(typed)
    if payload is None:
        return create_telegram_link(username)
    return create_deep_link(username, "start", payload)


def make_router() -> Router:
    router = Router(name="search")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(search_stories, ChatCommand("search"))
    on_message(explain_query, ChatCommand("test"))
    everybody = Permission.EVERYBODY
    on_message(search_typed, AnswerTo(press.Question.SEARCH), flags=everybody.flags)
    on_message(explain_typed, AnswerTo(press.Question.TEST), flags=everybody.flags)
    on_press(turn_search_page, press.TurnSearch.filter(), flags=everybody.flags)
    return router


def make_inline_router() -> Router:
    router = Router(name="inline")
    router.inline_query.register(answer_inline_query, flags=Permission.WITHOUT_ACCESS.flags)
    return router


def make_own_router() -> Router:
    router = Router(name="own cards")
    router.message.register(ignore_own_card, F.via_bot, flags=Permission.EVERYBODY.flags)
    return router
