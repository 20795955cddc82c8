"""A chat's topics: the list, the catalogue, subscribing, and all that the page of one topic does.

The list, the catalogue and the page of a topic are one message, in which they replace each other.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from aiogram import Router
from aiogram.filters import Command, CommandObject

from bot.chat.callbacks import (
    Ask,
    AskTopicField,
    CataloguePage,
    Dismiss,
    MutePublisher,
    MuteTopic,
    OpenPublisher,
    OpenTopic,
    Question,
    SendTopics,
    SetMode,
    ShareTopic,
    ShowCard,
    ShowPublishers,
    ShowQuery,
    ShowRecent,
    ShowTopicMenu,
    ShowTrend,
    SubscribeQuery,
    SubscribeTopic,
    TopicField,
    TopicsPage,
    TrendsPage,
    TryWords,
    UndoUnsubscribe,
    UnmutePublisher,
    UnmuteTopic,
    Unsubscribe,
    UseQuery,
)
from bot.chat.cards import show_card, topic_page, words_on
from bot.chat.permissions import READS
from bot.chat.questions import ASKED_BY_BUTTON, AnswerTo, ask
from bot.matching import search
from bot.matching.query import parse
from bot.matching.search import PagePosition
from bot.publishing.topic_trend import topic_trend
from bot.rendering.filters import day_and_month, local
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
    TopicField.QUERY: Question.TOPIC_QUERY,
    TopicField.NAME: Question.TOPIC_NAME,
}


# The list of the chat's topics, and the catalogue.


async def topics_asked_for(_event: object, context: Context) -> None:
    page = await topics.subscribed(context.storage, context.chat_id)
    await context.reply.show(_LIST, page=page, user=context.user, **_clock(context))


async def list_turned(_pressed: CallbackQuery, callback_data: TopicsPage, context: Context) -> None:
    page = await topics.subscribed(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_LIST, page=page, user=context.user, **_clock(context))


async def catalogue_turned(
    _pressed: CallbackQuery, callback_data: CataloguePage, context: Context
) -> None:
    page = await topics.catalogue_page(context.storage, context.chat_id, callback_data.page)
    await context.reply.change("chat/catalogue.html", page=page)


# Subscribing, from a card.


async def query_given(_message: Message, command: CommandObject, context: Context) -> None:
    """`/subscribe query`, for groups, where the bot gets commands alone; `/watch` too."""
    if command.args:
        await show_card(command.args, context)
    else:
        await ask(context, Question.QUERY)


async def words_tried(pressed: CallbackQuery, callback_data: TryWords, context: Context) -> None:
    await show_card(callback_data.words or words_on(pressed), context)


async def card_wanted(_pressed: CallbackQuery, callback_data: ShowCard, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await show_card(topic.typed, context, topic)


async def query_chosen(
    pressed: CallbackQuery, callback_data: SubscribeQuery, context: Context
) -> None:
    words = callback_data.words or words_on(pressed)
    subscribed = await subscriptions.subscribe(
        context.storage,
        context.chat_id,
        words,
        callback_data.mode,
        await topics.saved_queries(context.storage, context.chat_id),
        limits=context.resources.limits,
    )
    await _show_subscribed(subscribed, words, context)


async def topic_chosen(
    _pressed: CallbackQuery, callback_data: SubscribeTopic, context: Context
) -> None:
    subscribed = await subscriptions.subscribe_to_topic(
        context.storage,
        context.chat_id,
        callback_data.topic_id,
        callback_data.mode,
        limits=context.resources.limits,
    )
    await _show_subscribed(subscribed, "", context)


async def _show_subscribed(subscribed: Subscribed, typed: str, context: Context) -> None:
    """Let the card show what is chosen, and say what comes of it."""
    topic = await topics.get_topic(context.storage, context.chat_id, subscribed.topic_id)
    await context.reply.change_buttons(
        "chat/card.html#buttons", topic=topic, typed=typed or topic.typed
    )
    await context.reply.show("chat/subscribed.html", subscribed=subscribed)


async def query_wanted(_pressed: CallbackQuery, callback_data: ShowQuery, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await context.reply.show("chat/card.html#query", topic=topic)


async def asked(_pressed: CallbackQuery, callback_data: Ask, context: Context) -> None:
    if callback_data.question in ASKED_BY_BUTTON:
        await ask(context, callback_data.question)


async def dismissed(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.drop_buttons()


# The page of one topic.


async def opened(_pressed: CallbackQuery, callback_data: OpenTopic, context: Context) -> None:
    await _change_page(callback_data.topic_id, context)


async def menu_opened(
    _pressed: CallbackQuery, callback_data: ShowTopicMenu, context: Context
) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await context.reply.change_buttons(f"chat/topics.html#{callback_data.menu}", topic=topic)


async def mode_chosen(_pressed: CallbackQuery, callback_data: SetMode, context: Context) -> None:
    await subscriptions.subscribe_to_topic(
        context.storage,
        context.chat_id,
        callback_data.topic_id,
        callback_data.mode,
        limits=context.resources.limits,
    )
    await _change_page(callback_data.topic_id, context)


async def muted(_pressed: CallbackQuery, callback_data: MuteTopic, context: Context) -> None:
    topic = TopicSubject(callback_data.topic_id)
    await mutes.mute(context.storage, context.chat_id, topic, callback_data.duration)
    await _change_page(topic.topic_id, context)


async def unmuted(_pressed: CallbackQuery, callback_data: UnmuteTopic, context: Context) -> None:
    await mutes.unmute_topic(context.storage, context.chat_id, callback_data.topic_id)
    await _change_page(callback_data.topic_id, context)


async def field_asked_for(
    _pressed: CallbackQuery, callback_data: AskTopicField, context: Context
) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await ask(context, _FIELDS[callback_data.what], subject=topic.id, shown=topic.typed)


async def query_typed(message: Message, subject: int, context: Context) -> None:
    """Show what another query would find, before it is used."""
    topic = await topics.get_topic(context.storage, context.chat_id, subject)
    typed = one_line(message.text or "")
    query = parse(typed, await topics.saved_queries(context.storage, context.chat_id))
    found = await search.compare(
        context.storage, parse(topic.typed), query, chat_id=context.chat_id
    )
    await context.reply.show("chat/comparison.html", topic=topic, typed=typed, found=found)


async def query_used(pressed: CallbackQuery, callback_data: UseQuery, context: Context) -> None:
    saved = await topics.saved_queries(context.storage, context.chat_id)
    topic_id = await subscriptions.change_query(
        context.storage, context.chat_id, callback_data.topic_id, words_on(pressed), saved
    )
    await _change_page(topic_id, context)


async def name_typed(message: Message, subject: int, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, subject)
    await subscriptions.rename_topic(context.storage, context.chat_id, topic.id, message.text or "")
    await context.reply.show("chat/topics.html#topic", **await topic_page(topic.id, context))


async def unsubscribed(
    _pressed: CallbackQuery, callback_data: Unsubscribe, context: Context
) -> None:
    ended = await subscriptions.unsubscribe(
        context.storage, context.chat_id, callback_data.topic_id
    )
    await context.reply.change("chat/topics.html#unsubscribed", topic=ended)


async def unsubscribing_undone(
    _pressed: CallbackQuery, callback_data: UndoUnsubscribe, context: Context
) -> None:
    await subscriptions.undo_unsubscribe(
        context.storage, context.chat_id, callback_data.topic_id, limits=context.resources.limits
    )
    await _change_page(callback_data.topic_id, context)


async def shared(_pressed: CallbackQuery, callback_data: ShareTopic, context: Context) -> None:
    """Send a card to be forwarded, whose button lets others subscribe to the same."""
    topic_id = callback_data.topic_id
    start = await share_links.share(context.storage, context.chat_id, topic_id)
    bot = (await context.reply.bot.me()).username
    page = await topic_page(topic_id, context)
    await context.reply.show("chat/share.html", link=f"https://t.me/{bot}?start={start}", **page)


async def recent_wanted(
    _pressed: CallbackQuery, callback_data: ShowRecent, context: Context
) -> None:
    """Send all stories of the topic that are stored, the newest first."""
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    found = await search.archive(
        context.storage, parse(topic.typed), PagePosition(), chat_id=context.chat_id
    )
    await context.reply.show(
        "chat/search.html#results", typed=topic.typed, found=found, **_clock(context)
    )


async def _change_page(topic_id: int, context: Context) -> None:
    await context.reply.change("chat/topics.html#topic", **await topic_page(topic_id, context))


def _clock(context: Context) -> dict[str, Any]:
    """Return what templates need to say when something is."""
    zone = context.user.zone
    return {"zone": zone, "today": local(context.user.now, zone).date()}


# The publishers of a topic, in the same message.


async def publishers_wanted(
    _pressed: CallbackQuery, callback_data: ShowPublishers, context: Context
) -> None:
    found = await mutes.publishers_of_topic(
        context.storage, context.chat_id, callback_data.topic_id
    )
    await context.reply.change("chat/publishers.html#list", found=found)


async def publisher_opened(
    _pressed: CallbackQuery, callback_data: OpenPublisher, context: Context
) -> None:
    await _show_publisher(callback_data, context)


async def publisher_muted(
    _pressed: CallbackQuery, callback_data: MutePublisher, context: Context
) -> None:
    kind = MuteKind.LESS if callback_data.is_less else MuteKind.SOURCE
    publisher = ArticlePublisher(callback_data.source_id, callback_data.article_id, kind)
    await mutes.mute(context.storage, context.chat_id, publisher, callback_data.duration)
    await _show_publisher(callback_data, context)


async def publisher_unmuted(
    _pressed: CallbackQuery, callback_data: UnmutePublisher, context: Context
) -> None:
    await mutes.unmute_publisher(
        context.storage, context.chat_id, callback_data.source_id, callback_data.article_id
    )
    await _show_publisher(callback_data, context)


async def _show_publisher(data: OpenPublisher, context: Context) -> None:
    seen = await mutes.get_publisher(
        context.storage, context.chat_id, data.source_id, data.article_id
    )
    ids = {"topic_id": data.topic_id, "source_id": data.source_id, "article_id": data.article_id}
    await context.reply.change(
        "chat/publishers.html#one", publisher=seen, ids=ids, **_clock(context)
    )


# /trend: four weeks of a topic as a picture.


async def trend_asked_for(_message: Message, command: CommandObject, context: Context) -> None:
    typed = one_line(command.args or "")
    if not typed:
        page = await topics.subscribed(context.storage, context.chat_id)
        await context.reply.show(_TRENDS, page=page)
        return
    saved = await topics.saved_queries(context.storage, context.chat_id)
    by_name = {name.casefold(): query for name, query in saved.items()}
    await _show_trend(typed, by_name.get(typed.casefold(), typed), context)


async def trends_turned(
    _pressed: CallbackQuery, callback_data: TrendsPage, context: Context
) -> None:
    page = await topics.subscribed(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_TRENDS, page=page)


async def trend_chosen(_pressed: CallbackQuery, callback_data: ShowTrend, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await _show_trend(topic.name, topic.typed, context)


async def _show_trend(name: str, typed: str, context: Context) -> None:
    query = parse(typed, await topics.saved_queries(context.storage, context.chat_id))
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
    router.message.register(query_typed, AnswerTo(_FIELDS[TopicField.QUERY]))
    router.message.register(name_typed, AnswerTo(_FIELDS[TopicField.NAME]))
    pressed = router.callback_query.register
    pressed(topics_asked_for, SendTopics.filter(), flags=READS)
    pressed(query_wanted, ShowQuery.filter(), flags=READS)
    pressed(list_turned, TopicsPage.filter(), flags=READS)
    pressed(catalogue_turned, CataloguePage.filter(), flags=READS)
    pressed(words_tried, TryWords.filter(), flags=READS)
    pressed(card_wanted, ShowCard.filter(), flags=READS)
    pressed(opened, OpenTopic.filter(), flags=READS)
    pressed(menu_opened, ShowTopicMenu.filter(), flags=READS)
    pressed(recent_wanted, ShowRecent.filter(), flags=READS)
    pressed(publishers_wanted, ShowPublishers.filter(), flags=READS)
    pressed(publisher_opened, OpenPublisher.filter(), flags=READS)
    pressed(trends_turned, TrendsPage.filter(), flags=READS)
    pressed(trend_chosen, ShowTrend.filter(), flags=READS)
    pressed(query_chosen, SubscribeQuery.filter())
    pressed(topic_chosen, SubscribeTopic.filter())
    pressed(asked, Ask.filter())
    pressed(dismissed, Dismiss.filter())
    pressed(mode_chosen, SetMode.filter())
    pressed(muted, MuteTopic.filter())
    pressed(unmuted, UnmuteTopic.filter())
    pressed(field_asked_for, AskTopicField.filter())
    pressed(query_used, UseQuery.filter())
    pressed(unsubscribed, Unsubscribe.filter())
    pressed(unsubscribing_undone, UndoUnsubscribe.filter())
    pressed(shared, ShareTopic.filter())  # a long query is stored
    pressed(publisher_muted, MutePublisher.filter())
    pressed(publisher_unmuted, UnmutePublisher.filter())
    return router
