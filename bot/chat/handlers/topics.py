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

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def asked_for(_event: object, guest: Guest, doors: Doors, answers: Answers) -> None:
    page = await doors.topics.watched(guest.chat_id)
    await answers.show("chat/topics.html#list", page=page, guest=guest)


async def turned(
    _pressed: CallbackQuery,
    callback_data: TopicsPage,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    page = await doors.topics.watched(guest.chat_id, callback_data.page)
    await answers.change("chat/topics.html#list", page=page, guest=guest)


async def catalogue_turned(
    _pressed: CallbackQuery,
    callback_data: CataloguePage,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    page = await doors.topics.catalogue(guest.chat_id, callback_data.page)
    await answers.change("chat/catalogue.html", page=page)


async def opened(
    _pressed: CallbackQuery, callback_data: OpenTopic, guest: Guest, doors: Doors, answers: Answers
) -> None:
    page = await topic_page(callback_data.topic_id, guest, doors)
    await answers.change("chat/topics.html#topic", **page)


async def card_wanted(
    _pressed: CallbackQuery, callback_data: ShowCard, guest: Guest, doors: Doors, answers: Answers
) -> None:
    topic = await doors.topics.one(guest.chat_id, callback_data.topic_id)
    await show_card(topic.typed, guest, doors, answers, topic)


async def mode_chosen(
    _pressed: CallbackQuery, callback_data: SetMode, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await doors.watching.watch_topic(guest.chat_id, callback_data.topic_id, callback_data.mode)
    page = await topic_page(callback_data.topic_id, guest, doors)
    await answers.change("chat/topics.html#topic", **page)


async def stopped(
    _pressed: CallbackQuery, callback_data: Stop, guest: Guest, doors: Doors, answers: Answers
) -> None:
    stopped = await doors.watching.stop(guest.chat_id, callback_data.topic_id)
    await answers.change("chat/topics.html#stopped", topic=stopped)


async def undone(
    _pressed: CallbackQuery, callback_data: UndoStop, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await doors.watching.undo(guest.chat_id, callback_data.topic_id)
    page = await topic_page(callback_data.topic_id, guest, doors)
    await answers.change("chat/topics.html#topic", **page)


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
