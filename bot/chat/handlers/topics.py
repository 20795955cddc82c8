"""/topics: what the chat watches, the public catalogue, one topic; all in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import (
    CataloguePage,
    OpenTopic,
    SetMode,
    ShowCard,
    Stop,
    TopicsAnew,
    TopicsPage,
    UndoStop,
)
from bot.chat.cards import show_card, topic_page
from bot.chat.permits import READS
from bot.subscribers import topics, watching

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


async def asked_for(_event: object, context: Context) -> None:
    page = await topics.subscribed(context.storage, context.chat_id)
    await context.reply.show("chat/topics.html#list", page=page, user=context.user)


async def turned(_pressed: CallbackQuery, callback_data: TopicsPage, context: Context) -> None:
    page = await topics.subscribed(context.storage, context.chat_id, callback_data.page)
    await context.reply.change("chat/topics.html#list", page=page, user=context.user)


async def catalogue_turned(
    _pressed: CallbackQuery, callback_data: CataloguePage, context: Context
) -> None:
    page = await topics.catalogue_page(context.storage, context.chat_id, callback_data.page)
    await context.reply.change("chat/catalogue.html", page=page)


async def opened(_pressed: CallbackQuery, callback_data: OpenTopic, context: Context) -> None:
    page = await topic_page(callback_data.topic_id, context)
    await context.reply.change("chat/topics.html#topic", **page)


async def card_wanted(_pressed: CallbackQuery, callback_data: ShowCard, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await show_card(topic.typed, context, topic)


async def mode_chosen(_pressed: CallbackQuery, callback_data: SetMode, context: Context) -> None:
    await watching.subscribe_to_topic(
        context.storage,
        context.chat_id,
        callback_data.topic_id,
        callback_data.mode,
        limits=context.resources.limits,
    )
    page = await topic_page(callback_data.topic_id, context)
    await context.reply.change("chat/topics.html#topic", **page)


async def stopped(_pressed: CallbackQuery, callback_data: Stop, context: Context) -> None:
    stopped = await watching.unsubscribe(context.storage, context.chat_id, callback_data.topic_id)
    await context.reply.change("chat/topics.html#stopped", topic=stopped)


async def undone(_pressed: CallbackQuery, callback_data: UndoStop, context: Context) -> None:
    await watching.undo_unsubscribe(
        context.storage, context.chat_id, callback_data.topic_id, limits=context.resources.limits
    )
    page = await topic_page(callback_data.topic_id, context)
    await context.reply.change("chat/topics.html#topic", **page)


def make_router() -> Router:
    router = Router(name="topics")
    router.message.register(asked_for, Command("topics"), flags=READS)
    router.callback_query.register(asked_for, TopicsAnew.filter(), flags=READS)
    router.callback_query.register(turned, TopicsPage.filter(), flags=READS)
    router.callback_query.register(catalogue_turned, CataloguePage.filter(), flags=READS)
    router.callback_query.register(opened, OpenTopic.filter(), flags=READS)
    router.callback_query.register(card_wanted, ShowCard.filter(), flags=READS)
    router.callback_query.register(mode_chosen, SetMode.filter())
    router.callback_query.register(stopped, Stop.filter())
    router.callback_query.register(undone, UndoStop.filter())
    return router
