"""/digest: what has gathered since the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import DigestNow

if TYPE_CHECKING:
    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def asked_for(_event: object, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.send(await doors.digest.show(guest.chat_id))


def make_router() -> Router:
    router = Router(name="digest")
    router.message.register(asked_for, Command("digest"))
    router.callback_query.register(asked_for, DigestNow.filter())
    return router
