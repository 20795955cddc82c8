"""Where a topic comes from: who told most of it, each with what to hear less of; in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks.topics import MuteOutlet, OpenOutlet, UnmuteOutlet, WhereFrom
from bot.chat.permits import READS
from bot.rendering.filters import local
from bot.subscribers import outlets

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


async def asked_for(_pressed: CallbackQuery, callback_data: WhereFrom, context: Context) -> None:
    seen = await outlets.publishers_of_topic(
        context.storage, context.chat_id, callback_data.topic_id
    )
    await context.reply.change("chat/publishers.html#list", seen=seen)


async def opened(_pressed: CallbackQuery, callback_data: OpenOutlet, context: Context) -> None:
    await _show(callback_data, context)


async def muted(_pressed: CallbackQuery, callback_data: MuteOutlet, context: Context) -> None:
    named = callback_data.source_id, callback_data.article_id
    await outlets.mute_publisher(context.storage, context.chat_id, *named, callback_data.days)
    await _show(callback_data, context)


async def unmuted(_pressed: CallbackQuery, callback_data: UnmuteOutlet, context: Context) -> None:
    await outlets.unmute_publisher(
        context.storage, context.chat_id, callback_data.source_id, callback_data.article_id
    )
    await _show(callback_data, context)


async def _show(data: OpenOutlet, context: Context) -> None:
    seen = await outlets.get_publisher(
        context.storage, context.chat_id, data.source_id, data.article_id
    )
    names = {"topic_id": data.topic_id, "source_id": data.source_id, "article_id": data.article_id}
    today = local(context.user.now, context.user.zone).date()
    await context.reply.change(
        "chat/publishers.html#one", seen=seen, named=names, zone=context.user.zone, today=today
    )


def make_router() -> Router:
    router = Router(name="outlets")
    router.callback_query.register(asked_for, WhereFrom.filter(), flags=READS)
    router.callback_query.register(opened, OpenOutlet.filter(), flags=READS)
    router.callback_query.register(muted, MuteOutlet.filter())
    router.callback_query.register(unmuted, UnmuteOutlet.filter())
    return router
