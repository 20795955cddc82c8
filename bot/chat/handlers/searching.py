"""/search words: all that is stored, the newest first; its pages are one message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import Router
from aiogram.filters import Command, CommandObject

from bot.chat.callbacks.words import TurnSearch
from bot.chat.cards import words_on
from bot.chat.permits import READS
from bot.matching.query import parse
from bot.matching.search import PagePosition
from bot.rendering.filters import local
from bot.subscribers.lines import one_line

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/search.html#results"


async def asked_for(
    _message: Message, command: CommandObject, guest: Guest, doors: Doors, answers: Answers
) -> None:
    typed = one_line(command.args or "")
    if not typed:
        await answers.show("chat/search.html#how")
        return
    await answers.typing()
    await answers.show(_PAGE, **await _found(typed, PagePosition(), guest, doors))


async def turned(
    pressed: CallbackQuery, callback_data: TurnSearch, guest: Guest, doors: Doors, answers: Answers
) -> None:
    typed = callback_data.words or words_on(pressed)
    place = PagePosition(callback_data.article_id, callback_data.newer)
    await answers.change(_PAGE, **await _found(typed, place, guest, doors))


async def _found(typed: str, place: PagePosition, guest: Guest, doors: Doors) -> dict[str, Any]:
    query = parse(typed, await doors.topics.saved(guest.chat_id))
    return {
        "typed": typed,
        "found": await doors.search.archive(query, place, chat_id=guest.chat_id),
        "zone": guest.zone,
        "today": local(guest.now, guest.zone).date(),
    }


def make_router() -> Router:
    router = Router(name="searching")
    router.message.register(asked_for, Command("search"), flags=READS)
    router.callback_query.register(turned, TurnSearch.filter(), flags=READS)
    return router
