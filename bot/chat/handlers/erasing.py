"""/delete_me: confirmed, then everything of the chat is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import Erase
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def asked_for(_message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    kept = await doors.erasing.kept(guest.chat_id)
    await answers.show("chat/erase.html#question", guest=guest, kept=kept)


async def confirmed(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    is_own = guest.kind is ChatKind.PRIVATE  # a group's being erased makes nobody less of an admin
    await doors.erasing.erase(guest.chat_id, guest.person_id if is_own else None)
    await answers.change("chat/erase.html#done")


def make_router() -> Router:
    router = Router(name="erasing")
    router.message.register(asked_for, Command("delete_me"))
    router.callback_query.register(confirmed, Erase.filter())
    return router
