"""/trend: four weeks of a topic as a picture."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat import callbacks as press
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.publishing.topic_trend import topic_trend
from bot.rendering.filters import day_and_month
from bot.subscribers import topics
from bot.subscribers.text import one_line

if TYPE_CHECKING:
    from aiogram.filters import CommandObject

    from bot.chat.context import Context

_TRENDS = "chat/trends.html#list"


async def show_trend(_: object, command: CommandObject, context: Context) -> None:
    typed = one_line(command.args or "")
    if not typed:
        page = await topics.subscribed(context.storage, context.chat_id)
        await context.reply.show(_TRENDS, page=page)
        return
    saved = await topics.saved_queries(context.storage, context.chat_id)
    by_name = {name.casefold(): query for name, query in saved.items()}
    await _send_trend(typed, by_name.get(typed.casefold(), typed), context)


async def show_trends(_: object, callback_data: press.TrendsPage, context: Context) -> None:
    page = await topics.subscribed(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_TRENDS, page=page)


async def show_topic_trend(_: object, callback_data: press.ShowTrend, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    name = context.reply.renderer.line("topic_name.txt", topic=topic)
    await _send_trend(name, topic.typed, context)


async def _send_trend(name: str, typed: str, context: Context) -> None:
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    locale = context.reply.renderer.environment.language.locale
    async with context.reply.drawing():
        trend = await topic_trend(
            context.storage,
            query,
            chat_id=context.chat_id,
            zone=context.user.zone,
            name=name,
            day_name=partial(day_and_month, locale=locale),
        )
    await context.reply.show_picture(
        trend.png, "chat/trends.html#chart", name=name, typed=typed, seen=trend
    )


def make_router() -> Router:
    router = Router(name="trends")
    on_press, flags = router.callback_query.register, Permission.EVERYBODY.flags
    router.message.register(show_trend, ChatCommand("trend"))
    on_press(show_trends, press.TrendsPage.filter(), flags=flags)
    on_press(show_topic_trend, press.ShowTrend.filter(), flags=flags)
    return router
