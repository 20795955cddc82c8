"""/delete_me: confirmed, then everything of the chat is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import Erase

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def asked_for(_message: Message, guest: Guest, answers: Answers) -> None:
    await answers.show("chat/erase.html", guest=guest)


async def confirmed(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await doors.erasing.erase(guest.chat_id, guest.person_id)
    await answers.change("chat/erased.html")


def make_router() -> Router:
    router = Router(name="erasing")
    router.message.register(asked_for, Command("delete_me"))
    router.callback_query.register(confirmed, Erase.filter())
    return router
