"""/sources: the feeds that a chat has added for itself, how they are, and letting go of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks.typed import FollowAgain, OpenOwnSource, OwnSourcesPage, Unfollow
from bot.chat.permits import READS
from bot.subscribers.pages import page_of

if TYPE_CHECKING:
    from typing import Any

    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PER_PAGE = 8
_PAGE = "chat/sources.html#own"


async def asked_for(_message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.show(_PAGE, **await _listed(guest, doors, 0))


async def turned(
    _pressed: CallbackQuery,
    callback_data: OwnSourcesPage,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    await answers.change(_PAGE, **await _listed(guest, doors, callback_data.page))


async def opened(
    _pressed: CallbackQuery,
    callback_data: OpenOwnSource,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    source = await doors.own_sources.one(guest.chat_id, callback_data.source_id)
    await answers.change("chat/sources.html#own_one", source=source, now=guest.now)


async def unfollowed(
    _pressed: CallbackQuery, callback_data: Unfollow, guest: Guest, doors: Doors, answers: Answers
) -> None:
    source = await doors.own_sources.unfollow(guest.chat_id, callback_data.source_id)
    await answers.change("chat/sources.html#unfollowed", source=source)


async def back_wanted(
    _pressed: CallbackQuery,
    callback_data: FollowAgain,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    source = await doors.own_sources.follow_again(guest.chat_id, callback_data.source_id)
    await answers.change("chat/sources.html#own_one", source=source, now=guest.now)


async def _listed(guest: Guest, doors: Doors, number: int) -> dict[str, Any]:
    page = page_of(await doors.own_sources.all(guest.chat_id), number, _PER_PAGE)
    return {"page": page, "now": guest.now, "guest": guest}


def make_router() -> Router:
    router = Router(name="own sources")
    router.message.register(asked_for, Command("sources"), flags=READS)
    router.callback_query.register(turned, OwnSourcesPage.filter(), flags=READS)
    router.callback_query.register(opened, OpenOwnSource.filter(), flags=READS)
    router.callback_query.register(unfollowed, Unfollow.filter())
    router.callback_query.register(back_wanted, FollowAgain.filter())
    return router
