"""/feeds: the addresses under which a feed reader finds topics and digests; all in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import CloseFeeds, FeedsPage, RenewFeeds
from bot.subscribers import feeds

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_PAGE = "chat/feeds.html"


async def asked_for(_message: Message, context: Context) -> None:
    await context.reply.show(
        _PAGE,
        seen=await feeds.get_feeds(context.storage, context.chat_id, links=context.resources.links),
        is_renewed=False,
    )


async def turned(_pressed: CallbackQuery, callback_data: FeedsPage, context: Context) -> None:
    seen = await feeds.get_feeds(
        context.storage, context.chat_id, callback_data.page, links=context.resources.links
    )
    await context.reply.change(_PAGE, seen=seen, is_renewed=False)


async def renewed(_pressed: CallbackQuery, context: Context) -> None:
    seen = await feeds.renew_feeds(
        context.storage, context.chat_id, once=context.reply.once, links=context.resources.links
    )
    await context.reply.change(_PAGE, seen=seen, is_renewed=True)


async def closed(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        _PAGE,
        seen=await feeds.close_feeds(
            context.storage, context.chat_id, links=context.resources.links
        ),
        is_renewed=False,
    )


def make_router() -> Router:
    router = Router(name="feeds")
    router.message.register(asked_for, Command("feeds"))
    router.callback_query.register(turned, FeedsPage.filter())
    router.callback_query.register(renewed, RenewFeeds.filter())
    router.callback_query.register(closed, CloseFeeds.filter())
    return router
