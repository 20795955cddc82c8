"""Where a topic comes from: who told most of it, each with what to hear less of; in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks.topics import MuteOutlet, OpenOutlet, UnmuteOutlet, WhereFrom
from bot.chat.permits import READS
from bot.rendering.filters import local

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def asked_for(
    _pressed: CallbackQuery, callback_data: WhereFrom, guest: Guest, doors: Doors, answers: Answers
) -> None:
    seen = await doors.outlets.of_topic(guest.chat_id, callback_data.topic_id)
    await answers.change("chat/publishers.html#list", seen=seen)


async def opened(
    _pressed: CallbackQuery,
    callback_data: OpenOutlet,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    await _show(callback_data, guest, doors, answers)


async def muted(
    _pressed: CallbackQuery,
    callback_data: MuteOutlet,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    named = callback_data.source_id, callback_data.article_id
    await doors.outlets.mute(guest.chat_id, *named, callback_data.days)
    await _show(callback_data, guest, doors, answers)


async def unmuted(
    _pressed: CallbackQuery,
    callback_data: UnmuteOutlet,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    await doors.outlets.unmute(guest.chat_id, callback_data.source_id, callback_data.article_id)
    await _show(callback_data, guest, doors, answers)


async def _show(data: OpenOutlet, guest: Guest, doors: Doors, answers: Answers) -> None:
    seen = await doors.outlets.one(guest.chat_id, data.source_id, data.article_id)
    names = {"topic_id": data.topic_id, "source_id": data.source_id, "article_id": data.article_id}
    today = local(guest.now, guest.zone).date()
    await answers.change(
        "chat/publishers.html#one", seen=seen, named=names, zone=guest.zone, today=today
    )


def make_router() -> Router:
    router = Router(name="outlets")
    router.callback_query.register(asked_for, WhereFrom.filter(), flags=READS)
    router.callback_query.register(opened, OpenOutlet.filter(), flags=READS)
    router.callback_query.register(muted, MuteOutlet.filter())
    router.callback_query.register(unmuted, UnmuteOutlet.filter())
    return router
