"""/broadcast: what whoever runs the bot says to all; shown first, then sent, watched, stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import Message

from bot.chat.callbacks.admin import (
    ChooseAudience,
    DiscardBroadcast,
    NewBroadcast,
    SendBroadcast,
    StopBroadcast,
)
from bot.chat.handlers.admin.desk import put, show
from bot.chat.questions import is_ours, is_said
from bot.chat.said import said_in
from bot.subscribers.broadcasts import Desk
from bot.subscribers.refusals import NoSuchBroadcast

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.rendering.messages import Message as Ours
    from bot.subscribers.arrivals import Guest

_QUESTION = "chat/admin/broadcasts.html#question"


async def asked_for(
    message: Message, command: CommandObject, guest: Guest, doors: Doors, answers: Answers
) -> None:
    if command.args:
        await _draft(said_in(message, f"/{command.command}"), guest, doors, answers)
    elif message.reply_to_message and message.reply_to_message.text:
        await _draft(said_in(message.reply_to_message), guest, doors, answers)
    else:
        await answers.ask(_QUESTION)


async def wanted(_pressed: CallbackQuery, answers: Answers) -> None:
    await answers.ask(_QUESTION)


async def is_answer(message: Message, answers: Answers) -> bool:
    asked = message.reply_to_message
    return bool(asked and is_ours(asked) and is_said(_QUESTION, asked, answers.renderer))


async def answered(message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    await _draft(said_in(message), guest, doors, answers)


async def chosen(
    _pressed: CallbackQuery, callback_data: ChooseAudience, doors: Doors, answers: Answers
) -> None:
    wanted = (callback_data.audience, callback_data.language)
    await put(
        answers,
        "chat/admin/broadcasts.html#page",
        seen=await doors.broadcasts.choose(callback_data.number, *wanted),
    )


async def discarded(
    _pressed: CallbackQuery, callback_data: DiscardBroadcast, doors: Doors, answers: Answers
) -> None:
    await doors.broadcasts.discard(callback_data.number)
    await put(answers, "chat/admin/broadcasts.html#discarded")


async def sent(
    pressed: CallbackQuery,
    callback_data: SendBroadcast,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    if not isinstance(pressed.message, Message):
        raise NoSuchBroadcast
    desk = Desk(pressed.message.chat.id, pressed.message.message_id)
    seen = await doors.broadcasts.send(callback_data.number, desk, by=guest.person_id)
    await put(answers, "chat/admin/broadcasts.html#page", seen=seen)


async def stopped(
    _pressed: CallbackQuery,
    callback_data: StopBroadcast,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    seen = await doors.broadcasts.stop(callback_data.number, by=guest.person_id)
    await put(answers, "chat/admin/broadcasts.html#page", seen=seen)


async def _draft(said: Ours, guest: Guest, doors: Doors, answers: Answers) -> None:
    by, once = guest.person_id, answers.once
    drafted = doors.broadcasts.draft(said, by=by, language=guest.language, once=once)
    seen, as_it_looks = await drafted
    await answers.send([as_it_looks])
    await show(answers, "chat/admin/broadcasts.html#page", seen=seen)


def make_router() -> Router:
    router = Router(name="broadcasts")
    router.message.register(asked_for, Command("broadcast"))
    router.message.register(answered, F.text, is_answer)
    router.callback_query.register(wanted, NewBroadcast.filter())
    router.callback_query.register(chosen, ChooseAudience.filter())
    router.callback_query.register(discarded, DiscardBroadcast.filter())
    router.callback_query.register(sent, SendBroadcast.filter())
    router.callback_query.register(stopped, StopBroadcast.filter())
    return router
