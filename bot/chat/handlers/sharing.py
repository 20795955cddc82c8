"""Sharing a topic: a card to be forwarded, whose button lets others watch the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks import ShareTopic
from bot.chat.cards import topic_page
from bot.chat.permits import READS
from bot.subscribers import sharing

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


async def shared(_pressed: CallbackQuery, callback_data: ShareTopic, context: Context) -> None:
    topic_id = callback_data.topic_id
    start = await sharing.start_parameter(context.storage, context.chat_id, topic_id)
    bot = (await context.reply.bot.me()).username
    page = await topic_page(topic_id, context)
    await context.reply.show("chat/share.html", link=f"https://t.me/{bot}?start={start}", **page)


def make_router() -> Router:
    router = Router(name="sharing")
    router.callback_query.register(shared, ShareTopic.filter(), flags=READS)
    return router
