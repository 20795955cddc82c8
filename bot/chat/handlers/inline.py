"""`@bot taiwan` in any chat: the newest stories as cards; without words one's own.

The answer is one person's: it is told in their zone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog
from aiogram import F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
)

from bot.chat.deeplinks import link_to_words, payload_of
from bot.chat.senders import private_sender
from bot.chat.updates import log_outage
from bot.matching import search
from bot.matching.query import QueryError, parse
from bot.rendering.filters import local
from bot.subscribers import topics, users
from bot.subscribers.text import one_line
from bot.telegram import NO_PREVIEW, entities_of, markup_of
from storage.db.engine import is_transient

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import InlineQuery, Message

    from bot.chat.turns import Turns
    from bot.matching.search import Hit, InlinePage
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser

log = structlog.get_logger(__name__)

_START = "inline"
_SECONDS = 30  # that Telegram may give the same answer to the same person
_LONGEST_TITLE = 200
_LONGEST_LABEL = 60  # of the button above the results
_MOST_BOLD = 8


@dataclass(frozen=True, slots=True)
class _Answering:
    """One query that is answered."""

    query: InlineQuery
    bot: Bot
    renderer: Renderer

    async def say(self, template: str, payload: str = _START) -> None:
        """Answer with a button alone, which leads into the chat with the bot."""
        label = self.renderer.line(template)[:_LONGEST_LABEL]
        button = InlineQueryResultsButton(text=label, start_parameter=payload)
        await self._send([], button=button, seconds=0)

    async def show(self, page: InlinePage, words: str, user: CurrentUser, offset: int) -> None:
        username = (await self.bot.me()).username or ""
        link = link_to_words(username, words)
        cards = [self._card(hit, link, user) for hit in page.hits]
        following = str(offset + len(cards)) if page.is_more else ""
        await self._send(cards, following, seconds=_SECONDS)

    def _card(self, hit: Hit, link: str, user: CurrentUser) -> InlineQueryResultArticle:
        told: dict[str, Any] = {
            "hit": hit,
            "zone": user.zone,
            "today": local(user.now, user.zone).date(),
            "bold": hit.snippet.bold[:_MOST_BOLD],
        }
        message = self.renderer.message("chat/inline.html#story", link=link, **told)
        return InlineQueryResultArticle(
            id=str(hit.article_id),
            title=(hit.title or hit.url)[:_LONGEST_TITLE],
            description=self.renderer.line("chat/inline.html#description", **told),
            input_message_content=InputTextMessageContent(
                message_text=message.text,
                entities=entities_of(message),
                link_preview_options=NO_PREVIEW,
                parse_mode=None,
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
                [*cards],
                cache_time=seconds,
                is_personal=True,
                next_offset=following,
                button=button,
            )
        except TelegramBadRequest as refused:
            log.info("an inline query was answered too late", reason=refused.message)


async def asked(
    query: InlineQuery, bot: Bot, resources: Resources, renderer: Renderer, turns: Turns
) -> None:
    """Answer the last that somebody has asked; what they have typed over is dropped."""
    async with turns.turn(query.from_user.id) as turn:
        if turn.counts:
            answering = _Answering(query, bot, renderer.of(query.from_user.language_code or ""))
            try:
                await _answer_whoever_asks(answering, resources)
            except Exception as error:
                if not is_transient(error):
                    raise
                log_outage("the database is unavailable; a user was asked to try again", error)
                await answering.say("chat/inline.html#database_away")


async def _answer_whoever_asks(answering: _Answering, resources: Resources) -> None:
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
        page = await search.newest_inline(resources.storage, user.chat_id, offset)
        nothing = "chat/inline.html#nothing_yet"
    else:
        try:
            query = parse(words, await topics.saved_queries(resources.storage, user.chat_id))
        except QueryError:
            await answering.say("chat/inline.html#no_query", payload_of(words) or _START)
            return
        page = await search.find_inline(resources.storage, query, offset)
        nothing = "chat/inline.html#nothing_found"
    if page.hits or offset:
        await answering.show(page, words, user, offset)
    else:
        await answering.say(nothing, payload_of(words) or _START)


def _number(offset: str) -> int:
    return int(offset) if offset.isascii() and offset.isdigit() and len(offset) <= 3 else 0  # noqa: PLR2004 - digits


async def own_card(_message: Message) -> None:
    """What the bot gave for an inline query, sent into its own chat: nothing that was typed."""


def make_router() -> Router:
    router = Router(name="inline")
    router.inline_query.register(asked)
    return router


def make_own_router() -> Router:
    router = Router(name="own cards")
    router.message.register(own_card, F.via_bot)
    return router
