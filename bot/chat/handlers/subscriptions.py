"""A chat's topics: the list, the catalogue, subscribing, and all that the page of one topic does.

The list, the catalogue and the page of a topic are one message, in which they replace each other.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command, CommandObject

from bot.chat import callbacks as press
from bot.chat.cards import show_card, topic_page, words_on
from bot.chat.permissions import READS
from bot.chat.questions import ASKED_BY_BUTTON, AnswerTo, ask
from bot.matching import search
from bot.matching.query import parse
from bot.matching.search import PagePosition
from bot.publishing.topic_trend import topic_trend
from bot.rendering.filters import day_and_month
from bot.subscribers import mutes, share_links, subscriptions, topics
from bot.subscribers.mutes import ArticlePublisher, TopicSubject
from bot.subscribers.text import one_line
from storage.enums import MuteKind

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.subscribers.subscriptions import Subscribed

_LIST = "chat/topics.html#list"
_TRENDS = "chat/trends.html#list"
_FIELDS = {
    press.TopicField.QUERY: press.Question.TOPIC_QUERY,
    press.TopicField.NAME: press.Question.TOPIC_NAME,
}


# The list of the chat's topics, and the catalogue.


async def topics_asked_for(_: object, context: Context) -> None:
    page = await topics.subscribed(context.storage, context.chat_id)
    await context.reply.show(_LIST, page=page, user=context.user, **context.clock)


async def list_turned(_: object, callback_data: press.TopicsPage, context: Context) -> None:
    page = await topics.subscribed(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_LIST, page=page, user=context.user, **context.clock)


async def catalogue_turned(_: object, callback_data: press.CataloguePage, context: Context) -> None:
    page = await topics.catalogue_page(context.storage, context.chat_id, callback_data.page)
    await context.reply.change("chat/catalogue.html", page=page)


# Subscribing, from a card.


async def query_given(_: object, command: CommandObject, context: Context) -> None:
    """`/subscribe query`, for groups, where the bot gets commands alone; `/watch` too."""
    if command.args:
        await show_card(command.args, context)
    else:
        await ask(context, press.Question.QUERY)


async def words_tried(
    pressed: CallbackQuery, callback_data: press.TryWords, context: Context
) -> None:
    await show_card(callback_data.words or words_on(pressed), context)


async def card_wanted(_: object, callback_data: press.ShowCard, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await show_card(topic.typed, context, topic)


async def query_chosen(
    pressed: CallbackQuery, callback_data: press.SubscribeQuery, context: Context
) -> None:
    words = callback_data.words or words_on(pressed)
    subscribed = await subscriptions.subscribe(
        context.storage, context.chat_id, words, callback_data.mode, limits=context.limits
    )
    await _show_subscribed(subscribed, words, context)


async def topic_chosen(_: object, callback_data: press.SubscribeTopic, context: Context) -> None:
    subscribed = await _subscribe(callback_data, context)
    await _show_subscribed(subscribed, "", context)


async def _show_subscribed(subscribed: Subscribed, typed: str, context: Context) -> None:
    """Let the card show what is chosen, and say what comes of it."""
    topic = await topics.get_topic(context.storage, context.chat_id, subscribed.topic_id)
    await context.reply.change_buttons(
        "chat/card.html#buttons", topic=topic, typed=typed or topic.typed
    )
    await context.reply.show("chat/subscribed.html", subscribed=subscribed)


async def query_wanted(_: object, callback_data: press.ShowQuery, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await context.reply.show("chat/card.html#query", topic=topic)


async def asked(_: object, callback_data: press.Ask, context: Context) -> None:
    if callback_data.question in ASKED_BY_BUTTON:
        await ask(context, callback_data.question)


async def dismissed(_: object, context: Context) -> None:
    await context.reply.drop_buttons()


# The page of one topic.


async def opened(_: object, callback_data: press.OpenTopic, context: Context) -> None:
    await _change_page(callback_data.topic_id, context)


async def menu_opened(_: object, callback_data: press.ShowTopicMenu, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await context.reply.change_buttons(f"chat/topics.html#{callback_data.menu}", topic=topic)


async def mode_chosen(_: object, callback_data: press.SetMode, context: Context) -> None:
    await _subscribe(callback_data, context)
    await _change_page(callback_data.topic_id, context)


async def _subscribe(chosen: press.SubscribeTopic | press.SetMode, context: Context) -> Subscribed:
    return await subscriptions.subscribe_to_topic(
        context.storage, context.chat_id, chosen.topic_id, chosen.mode, limits=context.limits
    )


async def muted(_: object, callback_data: press.MuteTopic, context: Context) -> None:
    topic = TopicSubject(callback_data.topic_id)
    await mutes.mute(context.storage, context.chat_id, topic, callback_data.duration)
    await _change_page(topic.topic_id, context)


async def unmuted(_: object, callback_data: press.UnmuteTopic, context: Context) -> None:
    await mutes.unmute_topic(context.storage, context.chat_id, callback_data.topic_id)
    await _change_page(callback_data.topic_id, context)


async def field_asked_for(_: object, callback_data: press.AskTopicField, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await ask(context, _FIELDS[callback_data.what], subject=topic.id, shown=topic.typed)


async def query_typed(message: Message, subject: int, context: Context) -> None:
    """Show what another query would find, before it is used."""
    topic = await topics.get_topic(context.storage, context.chat_id, subject)
    typed = one_line(message.text or "")
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    found = await search.compare(
        context.storage, parse(topic.typed), query, chat_id=context.chat_id
    )
    await context.reply.show("chat/comparison.html", topic=topic, typed=typed, found=found)


async def query_used(
    pressed: CallbackQuery, callback_data: press.UseQuery, context: Context
) -> None:
    topic_id = await subscriptions.change_query(
        context.storage, context.chat_id, callback_data.topic_id, words_on(pressed)
    )
    await _change_page(topic_id, context)


async def name_typed(message: Message, subject: int, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, subject)
    await subscriptions.rename_topic(context.storage, context.chat_id, topic.id, message.text or "")
    await context.reply.show("chat/topics.html#topic", **await topic_page(topic.id, context))


async def unsubscribed(_: object, callback_data: press.Unsubscribe, context: Context) -> None:
    ended = await subscriptions.unsubscribe(
        context.storage, context.chat_id, callback_data.topic_id
    )
    await context.reply.change("chat/topics.html#unsubscribed", topic=ended)


async def unsubscribing_undone(
    _: object, callback_data: press.UndoUnsubscribe, context: Context
) -> None:
    await subscriptions.undo_unsubscribe(
        context.storage, context.chat_id, callback_data.topic_id, limits=context.limits
    )
    await _change_page(callback_data.topic_id, context)


async def shared(_: object, callback_data: press.ShareTopic, context: Context) -> None:
    """Send a card to be forwarded, whose button lets others subscribe to the same."""
    topic_id = callback_data.topic_id
    start = await share_links.share(context.storage, context.chat_id, topic_id)
    bot = (await context.reply.bot.me()).username
    page = await topic_page(topic_id, context)
    await context.reply.show("chat/share.html", link=f"https://t.me/{bot}?start={start}", **page)


async def recent_wanted(_: object, callback_data: press.ShowRecent, context: Context) -> None:
    """Send all stories of the topic that are stored, the newest first."""
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    found = await search.archive(
        context.storage, parse(topic.typed), PagePosition(), chat_id=context.chat_id
    )
    await context.reply.show(
        "chat/search.html#results", typed=topic.typed, found=found, **context.clock
    )


async def _change_page(topic_id: int, context: Context) -> None:
    await context.reply.change("chat/topics.html#topic", **await topic_page(topic_id, context))


# The publishers of a topic, in the same message.


async def publishers_wanted(
    _: object, callback_data: press.ShowPublishers, context: Context
) -> None:
    found = await mutes.publishers_of_topic(
        context.storage, context.chat_id, callback_data.topic_id
    )
    await context.reply.change("chat/publishers.html#list", found=found)


async def publisher_opened(_: object, callback_data: press.OpenPublisher, context: Context) -> None:
    await _show_publisher(callback_data, context)


async def publisher_muted(_: object, callback_data: press.MutePublisher, context: Context) -> None:
    kind = MuteKind.LESS if callback_data.is_less else MuteKind.SOURCE
    publisher = ArticlePublisher(callback_data.source_id, callback_data.article_id, kind)
    await mutes.mute(context.storage, context.chat_id, publisher, callback_data.duration)
    await _show_publisher(callback_data, context)


async def publisher_unmuted(
    _: object, callback_data: press.UnmutePublisher, context: Context
) -> None:
    await mutes.unmute_publisher(
        context.storage, context.chat_id, callback_data.source_id, callback_data.article_id
    )
    await _show_publisher(callback_data, context)


async def _show_publisher(data: press.OpenPublisher, context: Context) -> None:
    seen = await mutes.get_publisher(
        context.storage, context.chat_id, data.source_id, data.article_id
    )
    ids = {"topic_id": data.topic_id, "source_id": data.source_id, "article_id": data.article_id}
    await context.reply.change("chat/publishers.html#one", publisher=seen, ids=ids, **context.clock)


# /trend: four weeks of a topic as a picture.


async def trend_asked_for(_: object, command: CommandObject, context: Context) -> None:
    typed = one_line(command.args or "")
    if not typed:
        page = await topics.subscribed(context.storage, context.chat_id)
        await context.reply.show(_TRENDS, page=page)
        return
    saved = await topics.saved_queries(context.storage, context.chat_id)
    by_name = {name.casefold(): query for name, query in saved.items()}
    await _show_trend(typed, by_name.get(typed.casefold(), typed), context)


async def trends_turned(_: object, callback_data: press.TrendsPage, context: Context) -> None:
    page = await topics.subscribed(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_TRENDS, page=page)


async def trend_chosen(_: object, callback_data: press.ShowTrend, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await _show_trend(topic.name, topic.typed, context)


async def _show_trend(name: str, typed: str, context: Context) -> None:
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    locale = context.reply.renderer.environment.language.locale
    async with context.reply.drawing():
        trend = await topic_trend(
            context.storage,
            query,
            chat_id=context.chat_id,
            zone=context.user.zone,
            name=name,
            day_name=partial(day_and_month, locale=locale),
        )
    await context.reply.show_picture(
        trend.png, "chat/trends.html#chart", name=name, typed=typed, seen=trend
    )


def make_router() -> Router:
    router = Router(name="subscriptions")
    router.message.register(topics_asked_for, Command("topics"), flags=READS)
    router.message.register(trend_asked_for, Command("trend"), flags=READS)
    router.message.register(query_given, Command("subscribe", "watch"), flags=READS)
    router.message.register(query_typed, AnswerTo(_FIELDS[press.TopicField.QUERY]))
    router.message.register(name_typed, AnswerTo(_FIELDS[press.TopicField.NAME]))
    pressed = router.callback_query.register
    pressed(topics_asked_for, press.SendTopics.filter(), flags=READS)
    pressed(query_wanted, press.ShowQuery.filter(), flags=READS)
    pressed(list_turned, press.TopicsPage.filter(), flags=READS)
    pressed(catalogue_turned, press.CataloguePage.filter(), flags=READS)
    pressed(words_tried, press.TryWords.filter(), flags=READS)
    pressed(card_wanted, press.ShowCard.filter(), flags=READS)
    pressed(opened, press.OpenTopic.filter(), flags=READS)
    pressed(menu_opened, press.ShowTopicMenu.filter(), flags=READS)
    pressed(recent_wanted, press.ShowRecent.filter(), flags=READS)
    pressed(publishers_wanted, press.ShowPublishers.filter(), flags=READS)
    pressed(publisher_opened, press.OpenPublisher.filter(), flags=READS)
    pressed(trends_turned, press.TrendsPage.filter(), flags=READS)
    pressed(trend_chosen, press.ShowTrend.filter(), flags=READS)
    pressed(query_chosen, press.SubscribeQuery.filter())
    pressed(topic_chosen, press.SubscribeTopic.filter())
    pressed(asked, press.Ask.filter())
    pressed(dismissed, press.Dismiss.filter())
    pressed(mode_chosen, press.SetMode.filter())
    pressed(muted, press.MuteTopic.filter())
    pressed(unmuted, press.UnmuteTopic.filter())
    pressed(field_asked_for, press.AskTopicField.filter())
    pressed(query_used, press.UseQuery.filter())
    pressed(unsubscribed, press.Unsubscribe.filter())
    pressed(unsubscribing_undone, press.UndoUnsubscribe.filter())
    pressed(shared, press.ShareTopic.filter())  # a long query is stored
    pressed(publisher_muted, press.MutePublisher.filter())
    pressed(publisher_unmuted, press.UnmutePublisher.filter())
    return router
