"""Sharing a topic: a card to be forwarded, whose button lets others watch the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks import ShareTopic
from bot.chat.cards import topic_page
from bot.chat.permits import READS

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def shared(
    _pressed: CallbackQuery, callback_data: ShareTopic, guest: Guest, doors: Doors, answers: Answers
) -> None:
    topic_id = callback_data.topic_id
    start = await doors.sharing.start_of(guest.chat_id, topic_id)
    bot = (await answers.bot.me()).username
    page = await topic_page(topic_id, guest, doors)
    await answers.show("chat/share.html", link=f"https://t.me/{bot}?start={start}", **page)


def make_router() -> Router:
    router = Router(name="sharing")
    router.callback_query.register(shared, ShareTopic.filter(), flags=READS)
    return router
