"""The menus of a topic's page, and what they set: mode, sound, headlines, mutes, and the order.

The publishers of a topic replace its page in the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat import callbacks as press
from bot.chat.cards import change_topic_page
from bot.chat.permissions import Permission
from bot.subscribers import mutes, subscriptions, topics
from bot.subscribers.mutes import ArticlePublisher, TopicSubject
from storage.enums import MuteKind

if TYPE_CHECKING:
    from bot.chat.context import Context


async def open_topic_menu(_: object, callback_data: press.ShowTopicMenu, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await context.reply.change_buttons(f"chat/topics.html#{callback_data.menu}", topic=topic)


async def set_mode(_: object, callback_data: press.SetMode, context: Context) -> None:
    topic_id, mode = callback_data.topic_id, callback_data.mode
    subscribed = await subscriptions.subscribe_to_topic(
        context.storage, context.chat_id, topic_id, mode, limits=context.limits
    )
    await change_topic_page(topic_id, context, subscribed=subscribed)


async def set_sound(_: object, callback_data: press.SetSound, context: Context) -> None:
    await subscriptions.set_sound(
        context.storage, context.chat_id, callback_data.topic_id, callback_data.sound
    )
    await change_topic_page(callback_data.topic_id, context)


async def set_headlines(_: object, callback_data: press.SetHeadlines, context: Context) -> None:
    topic_id, wanted = callback_data.topic_id, callback_data.wanted
    await subscriptions.set_headlines(context.storage, context.chat_id, topic_id, wanted=wanted)
    await change_topic_page(topic_id, context)


async def keep_original(_: object, callback_data: press.KeepOriginal, context: Context) -> None:
    """Change the setting, and show it on the button that changes it back."""
    topic_id, keeps = callback_data.topic_id, callback_data.keeps
    await subscriptions.keep_original(context.storage, context.chat_id, topic_id, keeps=keeps)
    topic = await topics.get_topic(context.storage, context.chat_id, topic_id)
    await context.reply.change_buttons("chat/topics.html#more", topic=topic)


async def mute_topic(_: object, callback_data: press.MuteTopic, context: Context) -> None:
    topic = TopicSubject(callback_data.topic_id)
    await mutes.mute(context.storage, context.chat_id, topic, callback_data.duration)
    await change_topic_page(topic.topic_id, context)


async def unmute_topic(_: object, callback_data: press.UnmuteTopic, context: Context) -> None:
    await mutes.unmute_topic(context.storage, context.chat_id, callback_data.topic_id)
    await change_topic_page(callback_data.topic_id, context)


# The order of topics, which is that of the sections of digests.


async def show_order(
    _: object, callback_data: press.ShowOrder | press.MoveSubscription, context: Context
) -> None:
    page = await topics.subscribed(context.storage, context.chat_id, callback_data.page)
    await context.reply.change("chat/topics.html#order", page=page)


async def move_subscription(
    _: object, callback_data: press.MoveSubscription, context: Context
) -> None:
    await subscriptions.move_topic(
        context.storage, context.chat_id, callback_data.topic_id, is_up=callback_data.is_up
    )
    await show_order(None, callback_data, context)


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
    router = Router(name="topic_options")
    on_press, flags = router.callback_query.register, Permission.ADMINISTRATORS.flags
    more = press.ShowTopicMenu.filter(F.menu == press.TopicMenu.MORE)
    on_press(open_topic_menu, more, flags=Permission.EVERYBODY.flags)
    on_press(open_topic_menu, press.ShowTopicMenu.filter(), flags=flags)
    on_press(set_mode, press.SetMode.filter(), flags=flags)
    on_press(set_sound, press.SetSound.filter(), flags=flags)
    on_press(set_headlines, press.SetHeadlines.filter(), flags=flags)
    on_press(keep_original, press.KeepOriginal.filter(), flags=flags)
    on_press(mute_topic, press.MuteTopic.filter(), flags=flags)
    on_press(unmute_topic, press.UnmuteTopic.filter(), flags=flags)
    on_press(show_order, press.ShowOrder.filter(), flags=flags)
    on_press(move_subscription, press.MoveSubscription.filter(), flags=flags)
    on_press(show_publishers, press.ShowPublishers.filter(), flags=Permission.EVERYBODY.flags)
    on_press(open_publisher, press.OpenPublisher.filter(), flags=Permission.EVERYBODY.flags)
    on_press(mute_publisher, press.MutePublisher.filter(), flags=flags)
    on_press(unmute_publisher, press.UnmutePublisher.filter(), flags=flags)
    return router
