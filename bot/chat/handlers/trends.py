"""/trend topic: four weeks of it as a picture; without a topic, which one?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command, CommandObject

from bot.chat.callbacks.topics import ShowTrend, TrendsPage
from bot.chat.permits import READS
from bot.matching.query import parse
from bot.publishing.topic_trend import topic_trend
from bot.rendering.filters import day_and_month
from bot.subscribers import topics
from bot.subscribers.text import one_line

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_LIST = "chat/trends.html#list"


async def asked_for(_message: Message, command: CommandObject, context: Context) -> None:
    typed = one_line(command.args or "")
    if not typed:
        await context.reply.show(
            _LIST, page=await topics.subscribed(context.storage, context.chat_id)
        )
        return
    saved = await topics.saved_queries(context.storage, context.chat_id)
    called = {name.casefold(): query for name, query in saved.items()}
    await _show(typed, called.get(typed.casefold(), typed), context)


async def turned(_pressed: CallbackQuery, callback_data: TrendsPage, context: Context) -> None:
    page = await topics.subscribed(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_LIST, page=page)


async def chosen(_pressed: CallbackQuery, callback_data: ShowTrend, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await _show(topic.name, topic.typed, context)


async def _show(name: str, typed: str, context: Context) -> None:
    query = parse(typed, await topics.saved_queries(context.storage, context.chat_id))
    await context.reply.drawing()
    seen = await topic_trend(
        context.storage,
        query,
        chat_id=context.chat_id,
        zone=context.user.zone,
        name=name,
        day_name=partial(day_and_month, locale=context.reply.renderer.environment.language.locale),
    )
    await context.reply.show_picture(
        seen.png, "chat/trends.html#chart", name=name, typed=typed, seen=seen
    )


def make_router() -> Router:
    router = Router(name="trends")
    router.message.register(asked_for, Command("trend"), flags=READS)
    router.callback_query.register(turned, TrendsPage.filter(), flags=READS)
    router.callback_query.register(chosen, ShowTrend.filter(), flags=READS)
    return router
