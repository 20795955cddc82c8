"""Whatever is typed: words become a card; a time, a zone or a link is understood as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat.cards import show_card
from bot.chat.questions import ASKED_AGAIN, asked_by
from bot.subscribers.typed import Asked, Clock, Link, Words, Zone, read_typed

if TYPE_CHECKING:
    from aiogram.types import Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


async def typed(message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    asked = asked_by(message.reply_to_message, answers.renderer)
    if asked:
        await _answered(message.text or "", asked, guest, doors, answers)
        return
    match read_typed(message.text or ""):
        case Clock(minutes):
            await answers.show("chat/typed/time.html", minutes=minutes)
        case Zone(name):
            await answers.show("chat/typed/zone.html", zone=name, typed=message.text)
        case Link(url):
            await answers.show("chat/typed/link.html", url=url, guest=guest)
        case Words(text):
            await show_card(text, guest, doors, answers)


async def _answered(text: str, asked: Asked, guest: Guest, doors: Doors, answers: Answers) -> None:
    match read_typed(text, asked):
        case Clock(minutes):
            settings = await doors.schedule.set_time(guest.chat_id, minutes)
            await answers.show("chat/settings.html", settings=settings)
        case Zone(name):
            settings = await doors.settings.set_zone(guest.chat_id, name)
            await answers.show("chat/settings.html", settings=settings)
        case _:
            await answers.ask(ASKED_AGAIN[asked])


def make_router() -> Router:
    router = Router(name="typed")
    router.message.register(typed, F.text, ~F.text.startswith("/"), ~F.forward_origin)
    return router
