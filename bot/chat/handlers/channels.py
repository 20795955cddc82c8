"""/channels: groups and channels that are managed from the private chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import F, Router
from aiogram.filters import Command

from bot.chat.callbacks import places as for_places
from bot.chat.callbacks.places import ChannelsPage, Manage, ShowChannels, StopManaging
from bot.chat.managing import frame_of
from bot.subscribers import channels, topics
from bot.subscribers.paging import page_of

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import CallbackQuery, Message

    from bot.chat.administrators import Administrators
    from bot.chat.context import Context

_PAGE = "chat/channels.html#list"
_PER_PAGE = 8


async def asked_for(
    _message: Message, context: Context, bot: Bot, administrators: Administrators
) -> None:
    context.reply.frame = None
    await context.reply.show(_PAGE, **await _shown(context, bot, administrators))


async def wanted(
    _pressed: CallbackQuery, context: Context, bot: Bot, administrators: Administrators
) -> None:
    context.reply.frame = None
    await context.reply.change(_PAGE, **await _shown(context, bot, administrators))


async def turned(
    _pressed: CallbackQuery,
    callback_data: ChannelsPage,
    context: Context,
    administrators: Administrators,
) -> None:
    context.reply.frame = None
    shown = await _shown(context, context.reply.bot, administrators, callback_data.page)
    await context.reply.change(_PAGE, **shown)


async def _shown(
    context: Context, bot: Bot, administrators: Administrators, wanted: int = 0
) -> dict[str, Any]:
    """Return what the list is given: what the user runs of the places where the bot is."""
    run_by_them = [
        place
        for place in await channels.managed_chats(context.storage, context.user.user_id)
        if await administrators.has(bot, place.telegram_id, context.user.user_id)
    ]
    me = (await bot.me()).username
    page = page_of(run_by_them, wanted, _PER_PAGE)
    return {"page": page, "me": me, "user": context.user, "places": for_places}


async def chosen(
    _pressed: CallbackQuery,
    callback_data: Manage,
    context: Context,
    bot: Bot,
    administrators: Administrators,
) -> None:
    found = await channels.acting_for(context.storage, context.user, callback_data.chat_id)
    if not found or not await administrators.has(bot, found[0].telegram_id, context.user.user_id):
        await context.reply.toast("chat/channels.html#not_yours")
        return
    place, acting = found
    await channels.set_managed(context.storage, context.user.user_id, place.chat_id)
    context.reply.frame = frame_of(place, context.reply.renderer)
    page = await topics.subscribed(context.storage, acting.chat_id)
    await context.reply.show("chat/channels.html#managing", user=acting, page=page)


async def done(_pressed: CallbackQuery, context: Context) -> None:
    await channels.set_managed(context.storage, context.user.user_id, None)
    context.reply.frame = None
    await context.reply.change("chat/channels.html#own", places=for_places)


def make_router() -> Router:
    router = Router(name="channels")
    router.message.register(asked_for, F.chat.type == "private", Command("channels"))
    router.callback_query.register(wanted, ShowChannels.filter())
    router.callback_query.register(turned, ChannelsPage.filter())
    router.callback_query.register(chosen, Manage.filter())
    router.callback_query.register(done, StopManaging.filter())
    return router
