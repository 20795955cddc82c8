"""For whom somebody acts in a private chat: for themselves, or for a place that they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, Message

from bot.chat.callbacks import places as for_places
from bot.chat.frames import Frame, carried
from bot.subscribers import channels
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram import Bot

    from bot.chat.administrators import Administrators
    from bot.chat.reply import Reply
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.channels import Place
    from bot.subscribers.users import CurrentUser


def meant_for(event: Message | CallbackQuery, user: CurrentUser) -> int | None:
    """Return our row of the place that *event* is meant for; None: for where it came from.

    A button carries its place, or none. What is typed is meant for what the person manages.
    """
    if isinstance(event, CallbackQuery):
        found = carried(event.data)
        return found[0] if found else None
    return user.managing if user.kind is ChatKind.PRIVATE else None


def bare(event: Message | CallbackQuery) -> Message | CallbackQuery:
    """Return *event* as it would be if its button carried no place."""
    if isinstance(event, CallbackQuery) and (found := carried(event.data)):
        return event.model_copy(update={"data": found[1]})
    return event


async def acting_for(
    chat_id: int,
    user: CurrentUser,
    bot: Bot,
    resources: Resources,
    reply: Reply,
    administrators: Administrators,
) -> CurrentUser | None:
    """Return *user* as whoever acts for our row *chat_id*; None if they do not run it.

    What is answered then says for which place it is.
    """
    found = await channels.acting_for(resources.storage, user, chat_id)
    if found and await administrators.has(bot, found[0].telegram_id, user.user_id):
        place, acting = found
        reply.frame = frame_of(place, reply.renderer)
        return acting
    if user.managing == chat_id:
        await channels.set_managed(resources.storage, user.user_id, None)
    return None


def frame_of(place: Place, renderer: Renderer) -> Frame:
    banner = renderer.message("chat/channels.html#banner", place=place, places=for_places)
    return Frame(place.chat_id, banner)
