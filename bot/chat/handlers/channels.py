"""/channels: groups and channels that are managed from the private chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import F, Router
from aiogram.filters import Command

from bot.chat.callbacks import places as for_places
from bot.chat.callbacks.places import ChannelsPage, Manage, ShowChannels, StopManaging
from bot.chat.managing import frame_of
from bot.subscribers.pages import page_of

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import CallbackQuery, Message

    from bot.chat.administrators import Administrators
    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/channels.html#list"
_PER_PAGE = 8


async def asked_for(
    _message: Message,
    guest: Guest,
    bot: Bot,
    doors: Doors,
    answers: Answers,
    administrators: Administrators,
) -> None:
    answers.frame = None
    await answers.show(_PAGE, **await _shown(guest, bot, doors, administrators))


async def wanted(
    _pressed: CallbackQuery,
    guest: Guest,
    bot: Bot,
    doors: Doors,
    answers: Answers,
    administrators: Administrators,
) -> None:
    answers.frame = None
    await answers.change(_PAGE, **await _shown(guest, bot, doors, administrators))


async def turned(
    _pressed: CallbackQuery,
    callback_data: ChannelsPage,
    guest: Guest,
    doors: Doors,
    answers: Answers,
    administrators: Administrators,
) -> None:
    answers.frame = None
    shown = await _shown(guest, answers.bot, doors, administrators, callback_data.page)
    await answers.change(_PAGE, **shown)


async def _shown(
    guest: Guest, bot: Bot, doors: Doors, administrators: Administrators, wanted: int = 0
) -> dict[str, Any]:
    """Return what the list is given: what the guest runs of the places where the bot is."""
    run_by_them = [
        place
        for place in await doors.channels.places(guest.person_id)
        if await administrators.has(bot, place.telegram_id, guest.person_id)
    ]
    me = (await bot.me()).username
    page = page_of(run_by_them, wanted, _PER_PAGE)
    return {"page": page, "me": me, "guest": guest, "places": for_places}


async def chosen(
    _pressed: CallbackQuery,
    callback_data: Manage,
    guest: Guest,
    bot: Bot,
    doors: Doors,
    answers: Answers,
    administrators: Administrators,
) -> None:
    found = await doors.channels.managed(guest, callback_data.chat_id)
    if not found or not await administrators.has(bot, found[0].telegram_id, guest.person_id):
        await answers.toast("chat/channels.html#not_yours")
        return
    place, acting = found
    await doors.channels.manage(guest.person_id, place.chat_id)
    answers.frame = frame_of(place, answers.renderer)
    page = await doors.topics.watched(acting.chat_id)
    await answers.show("chat/channels.html#managing", guest=acting, page=page)


async def done(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await doors.channels.manage(guest.person_id, None)
    answers.frame = None
    await answers.change("chat/channels.html#own", places=for_places)


def make_router() -> Router:
    router = Router(name="channels")
    router.message.register(asked_for, F.chat.type == "private", Command("channels"))
    router.callback_query.register(wanted, ShowChannels.filter())
    router.callback_query.register(turned, ChannelsPage.filter())
    router.callback_query.register(chosen, Manage.filter())
    router.callback_query.register(done, StopManaging.filter())
    return router
