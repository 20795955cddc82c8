"""/feeds: the addresses under which a feed reader finds topics and digests; all in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import CloseFeeds, FeedsPage, RenewFeeds

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/feeds.html"


async def asked_for(_message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.show(_PAGE, seen=await doors.feeds.show(guest.chat_id), is_renewed=False)


async def turned(
    _pressed: CallbackQuery, callback_data: FeedsPage, guest: Guest, doors: Doors, answers: Answers
) -> None:
    seen = await doors.feeds.show(guest.chat_id, callback_data.page)
    await answers.change(_PAGE, seen=seen, is_renewed=False)


async def renewed(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    seen = await doors.feeds.renew(guest.chat_id, once=answers.once)
    await answers.change(_PAGE, seen=seen, is_renewed=True)


async def closed(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.change(_PAGE, seen=await doors.feeds.close(guest.chat_id), is_renewed=False)


def make_router() -> Router:
    router = Router(name="feeds")
    router.message.register(asked_for, Command("feeds"))
    router.callback_query.register(turned, FeedsPage.filter())
    router.callback_query.register(renewed, RenewFeeds.filter())
    router.callback_query.register(closed, CloseFeeds.filter())
    return router
