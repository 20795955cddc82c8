"""/here, in a forum: bring to this topic what another topic of the group watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import places as for_places
from bot.chat.callbacks.places import HerePage, MoveHere
from bot.chat.permits import READS

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/groups.html#here"


async def asked_for(message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    page = await doors.moving.beside(guest.chat_id)
    is_forum = bool(message.chat.is_forum)
    await answers.show(_PAGE, page=page, is_forum=is_forum, places=for_places)


async def turned(
    _pressed: CallbackQuery, callback_data: HerePage, guest: Guest, doors: Doors, answers: Answers
) -> None:
    page = await doors.moving.beside(guest.chat_id, callback_data.page)
    await answers.change(_PAGE, page=page, is_forum=True, places=for_places)


async def moved(
    _pressed: CallbackQuery, callback_data: MoveHere, guest: Guest, doors: Doors, answers: Answers
) -> None:
    chat_id, topic_id = callback_data.chat_id, callback_data.topic_id
    name = await doors.moving.here(guest.chat_id, chat_id, topic_id)
    page = await doors.moving.beside(guest.chat_id)
    await answers.change(_PAGE, page=page, is_forum=True, moved=name, places=for_places)


def make_router() -> Router:
    router = Router(name="here")
    router.message.register(asked_for, Command("here"), flags=READS)
    router.callback_query.register(turned, HerePage.filter(), flags=READS)
    router.callback_query.register(moved, MoveHere.filter())
    return router
