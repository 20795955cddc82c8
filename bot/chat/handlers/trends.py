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
from bot.subscribers.lines import one_line

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_LIST = "chat/trends.html#list"


async def asked_for(
    _message: Message, command: CommandObject, guest: Guest, doors: Doors, answers: Answers
) -> None:
    typed = one_line(command.args or "")
    if not typed:
        await answers.show(_LIST, page=await doors.topics.watched(guest.chat_id))
        return
    saved = await doors.topics.saved(guest.chat_id)
    called = {name.casefold(): query for name, query in saved.items()}
    await _show(typed, called.get(typed.casefold(), typed), guest, doors, answers)


async def turned(
    _pressed: CallbackQuery,
    callback_data: TrendsPage,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    page = await doors.topics.watched(guest.chat_id, callback_data.page)
    await answers.change(_LIST, page=page)


async def chosen(
    _pressed: CallbackQuery, callback_data: ShowTrend, guest: Guest, doors: Doors, answers: Answers
) -> None:
    topic = await doors.topics.one(guest.chat_id, callback_data.topic_id)
    await _show(topic.name, topic.typed, guest, doors, answers)


async def _show(name: str, typed: str, guest: Guest, doors: Doors, answers: Answers) -> None:
    query = parse(typed, await doors.topics.saved(guest.chat_id))
    await answers.drawing()
    seen = await topic_trend(
        doors.search,
        query,
        chat_id=guest.chat_id,
        zone=guest.zone,
        name=name,
        day_name=partial(day_and_month, locale=answers.renderer.environment.language.locale),
    )
    await answers.show_picture(
        seen.png, "chat/trends.html#chart", name=name, typed=typed, seen=seen
    )


def make_router() -> Router:
    router = Router(name="trends")
    router.message.register(asked_for, Command("trend"), flags=READS)
    router.callback_query.register(turned, TrendsPage.filter(), flags=READS)
    router.callback_query.register(chosen, ShowTrend.filter(), flags=READS)
    return router
