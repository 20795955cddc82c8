"""/sources: the feeds that a chat has added for itself, how they are, and letting go of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks.text import FollowAgain, OpenOwnSource, OwnSourcesPage, Unfollow
from bot.chat.permissions import READS
from bot.subscribers import own_sources
from bot.subscribers.paging import page_of

if TYPE_CHECKING:
    from typing import Any

    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_PER_PAGE = 8
_PAGE = "chat/sources.html#own"


async def asked_for(_message: Message, context: Context) -> None:
    await context.reply.show(_PAGE, **await _listed(context, 0))


async def turned(_pressed: CallbackQuery, callback_data: OwnSourcesPage, context: Context) -> None:
    await context.reply.change(_PAGE, **await _listed(context, callback_data.page))


async def opened(_pressed: CallbackQuery, callback_data: OpenOwnSource, context: Context) -> None:
    source = await own_sources.own_source(context.storage, context.chat_id, callback_data.source_id)
    await context.reply.change("chat/sources.html#own_one", source=source, now=context.user.now)


async def unfollowed(_pressed: CallbackQuery, callback_data: Unfollow, context: Context) -> None:
    source = await own_sources.unfollow_feed(
        context.storage, context.chat_id, callback_data.source_id
    )
    await context.reply.change("chat/sources.html#unfollowed", source=source)


async def back_wanted(
    _pressed: CallbackQuery, callback_data: FollowAgain, context: Context
) -> None:
    source = await own_sources.follow_feed_again(
        context.storage, context.chat_id, callback_data.source_id
    )
    await context.reply.change("chat/sources.html#own_one", source=source, now=context.user.now)


async def _listed(context: Context, number: int) -> dict[str, Any]:
    page = page_of(
        await own_sources.own_sources(context.storage, context.chat_id), number, _PER_PAGE
    )
    return {"page": page, "now": context.user.now, "user": context.user}


def make_router() -> Router:
    router = Router(name="own sources")
    router.message.register(asked_for, Command("sources"), flags=READS)
    router.callback_query.register(turned, OwnSourcesPage.filter(), flags=READS)
    router.callback_query.register(opened, OpenOwnSource.filter(), flags=READS)
    router.callback_query.register(unfollowed, Unfollow.filter())
    router.callback_query.register(back_wanted, FollowAgain.filter())
    return router
