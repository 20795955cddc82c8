"""The publishers of a topic, which replace the page of the topic in its message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat import callbacks as press
from bot.chat.permissions import Permission
from bot.subscribers import mutes
from bot.subscribers.mutes import ArticlePublisher
from storage.enums import MuteKind

if TYPE_CHECKING:
    from bot.chat.context import Context


async def show_publishers(_: object, callback_data: press.ShowPublishers, context: Context) -> None:
    found = await mutes.publishers_of_topic(
        context.storage, context.chat_id, callback_data.topic_id
    )
    await context.reply.change("chat/publishers.html#list", found=found)


async def open_publisher(_: object, callback_data: press.OpenPublisher, context: Context) -> None:
    publisher = await mutes.get_publisher(
        context.storage, context.chat_id, callback_data.source_id, callback_data.article_id
    )
    ids = callback_data.model_dump(include={"topic_id", "source_id", "article_id"})
    await context.reply.change(
        "chat/publishers.html#one", publisher=publisher, ids=ids, **context.clock
    )


async def mute_publisher(_: object, callback_data: press.MutePublisher, context: Context) -> None:
    kind = MuteKind.LESS if callback_data.is_less else MuteKind.SOURCE
    publisher = ArticlePublisher(callback_data.source_id, callback_data.article_id, kind)
    await mutes.mute(context.storage, context.chat_id, publisher, callback_data.duration)
    await open_publisher(None, callback_data, context)


async def unmute_publisher(
    _: object, callback_data: press.UnmutePublisher, context: Context
) -> None:
    await mutes.unmute_publisher(
        context.storage, context.chat_id, callback_data.source_id, callback_data.article_id
    )
    await open_publisher(None, callback_data, context)


def make_router() -> Router:
    router = Router(name="publishers")
    on_press, administrators = router.callback_query.register, Permission.ADMINISTRATORS
    on_press(show_publishers, press.ShowPublishers.filter(), flags=Permission.EVERYBODY.flags)
    on_press(open_publisher, press.OpenPublisher.filter(), flags=Permission.EVERYBODY.flags)
    on_press(mute_publisher, press.MutePublisher.filter(), flags=administrators.flags)
    on_press(unmute_publisher, press.UnmutePublisher.filter(), flags=administrators.flags)
    return router
