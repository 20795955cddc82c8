"""For whom somebody acts in a private chat: for themselves, or for a place that they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, Message

from bot.chat.callbacks import places as for_places
from bot.chat.frames import Frame, carried
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram import Bot

    from bot.chat.administrators import Administrators
    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.rendering.renderer import Renderer
    from bot.subscribers.arrivals import Guest
    from bot.subscribers.channels import Place


def meant_for(event: Message | CallbackQuery, guest: Guest) -> int | None:
    """Return our row of the place that *event* is meant for; None: for where it came from.

    A button carries its place, or none. What is typed is meant for what the person manages.
    """
    if isinstance(event, CallbackQuery):
        found = carried(event.data)
        return found[0] if found else None
    return guest.managing if guest.kind is ChatKind.PRIVATE else None


def bare(event: Message | CallbackQuery) -> Message | CallbackQuery:
    """Return *event* as it would be if its button carried no place."""
    if isinstance(event, CallbackQuery) and (found := carried(event.data)):
        return event.model_copy(update={"data": found[1]})
    return event


async def acting_for(
    chat_id: int,
    guest: Guest,
    bot: Bot,
    doors: Doors,
    answers: Answers,
    administrators: Administrators,
) -> Guest | None:
    """Return *guest* as whoever acts for our row *chat_id*; None if they do not run it.

    What is answered then says for which place it is.
    """
    found = await doors.channels.managed(guest, chat_id)
    if found and await administrators.has(bot, found[0].telegram_id, guest.person_id):
        place, acting = found
        answers.frame = frame_of(place, answers.renderer)
        return acting
    if guest.managing == chat_id:
        await doors.channels.manage(guest.person_id, None)
    return None


def frame_of(place: Place, renderer: Renderer) -> Frame:
    banner = renderer.message("chat/channels.html#banner", place=place, places=for_places)
    return Frame(place.chat_id, banner)
