"""A chat's topics: the list, the catalogue, subscribing, and the page of one topic.

The list, the catalogue and the page of a topic replace each other in one message. `topic_options`
has what the page sets, and its publishers; `trends` has its trend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import Router
from aiogram.utils.deep_linking import create_deep_link

from bot.chat import callbacks as press
from bot.chat.cards import (
    change_topic_page,
    others_of,
    show_card,
    show_link,
    show_understood,
    topic_page,
    with_name,
    words_on,
)
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.chat.questions import ASKED_BY_BUTTON, AnswerTo, ask
from bot.matching import search
from bot.matching.query import parse
from bot.matching.result_pages import PagePosition, archive
from bot.subscribers import groups, posts, share_links, subscriptions, topics
from bot.subscribers.settings import get_settings
from bot.subscribers.text import one_line
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.subscribers.groups import ForumThread
    from bot.subscribers.subscriptions import Subscribed

_LIST = "chat/topics.html#list"
_TOPIC = "chat/topics.html#topic"
_UNSUBSCRIBED = "chat/topics.html#unsubscribed"
_FIELDS = {
    press.TopicField.QUERY: press.Question.TOPIC_QUERY,
    press.TopicField.NAME: press.Question.TOPIC_NAME,
}


# The list of the chat's topics, and the catalogue.


async def send_topics(_: object, context: Context) -> None:
    await context.reply.show(_LIST, **await _topics_page(0, context))


async def show_topics(_: object, callback_data: press.TopicsPage, context: Context) -> None:
    await context.reply.change(_LIST, **await _topics_page(callback_data.page, context))


async def _topics_page(number: int, context: Context) -> dict[str, Any]:
    """Return the values of a page of topics; `settings` are those of a paused chat, else None."""
    storage, chat_id, user = context.storage, context.chat_id, context.user
    threads: list[ForumThread] = []
    if user.kind is ChatKind.SUPERGROUP:
        threads = await groups.other_threads(storage, chat_id)
    return {
        "page": await topics.subscribed(storage, chat_id, number),
        "threads": threads,
        "user": user,
        "settings": await get_settings(storage, chat_id) if user.is_paused else None,
        **context.clock,
    }


async def show_catalogue(_: object, callback_data: press.CataloguePage, context: Context) -> None:
    page = await topics.catalogue_page(context.storage, context.chat_id, callback_data.page)
    await context.reply.change("chat/catalogue.html", page=page)


# Subscribing from a card.


async def preview_query(_: object, command: CommandObject, context: Context) -> None:
    """Show the card of `/subscribe query`, for groups, where the bot does not see plain text."""
    match posts.read_post(command.args or ""):
        case posts.PostLink(url):
            await show_link(url, context)
        case _ if command.args:
            await show_understood(command.args, context)
        case _:
            await ask(context, press.Question.QUERY)


async def try_words(
    pressed: CallbackQuery, callback_data: press.TryWords, context: Context
) -> None:
    await show_card(callback_data.words or words_on(pressed), context)


async def try_choice(
    pressed: CallbackQuery, callback_data: press.TryChoice, context: Context
) -> None:
    await show_card(words_on(pressed, callback_data.number), context)


async def show_topic_card(_: object, callback_data: press.ShowCard, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await show_card(topic.typed, context, topic)


async def subscribe_to_query(
    pressed: CallbackQuery, callback_data: press.SubscribeQuery, context: Context
) -> None:
    words = callback_data.words or words_on(pressed)
    subscribed = await subscriptions.subscribe(
        context.storage, context.chat_id, words, callback_data.mode, limits=context.limits
    )
    await _show_subscribed(subscribed, words, context)


async def subscribe_to_topic(
    _: object, callback_data: press.SubscribeTopic, context: Context
) -> None:
    subscribed = await subscriptions.subscribe_to_topic(
        context.storage,
        context.chat_id,
        callback_data.topic_id,
        callback_data.mode,
        limits=context.limits,
    )
    await _show_subscribed(subscribed, "", context)


async def _show_subscribed(subscribed: Subscribed, typed: str, context: Context) -> None:
    """Mark the chosen mode on the card, and say what the chat will get."""
    topic = await topics.get_topic(context.storage, context.chat_id, subscribed.topic_id)
    await context.reply.change_buttons(
        "chat/card.html#buttons", topic=topic, typed=typed or topic.typed
    )
    await context.reply.show("chat/subscribed.html", subscribed=subscribed)


async def keep_zone(_: object, callback_data: press.KeepZone, context: Context) -> None:
    topic_id, was = callback_data.topic_id, callback_data.was
    subscribed = await subscriptions.keep_zone(context.storage, context.chat_id, topic_id, was=was)
    await context.reply.change("chat/subscribed.html", subscribed=subscribed)


async def undo_subscribe(_: object, callback_data: press.UndoSubscribe, context: Context) -> None:
    number, mode, was = callback_data.subscription_id, callback_data.mode, callback_data.was
    if was is None:
        ended = await subscriptions.undo_subscribe(context.storage, context.chat_id, number, mode)
        await context.reply.change(_UNSUBSCRIBED, topic=ended)
    else:
        topic_id = await subscriptions.undo_mode(
            context.storage, context.chat_id, number, mode, was
        )
        await change_topic_page(topic_id, context)


async def widen_query(pressed: CallbackQuery, callback_data: press.Widen, context: Context) -> None:
    """Show the card of the query, widened by other forms of its words."""
    typed = callback_data.words or words_on(pressed)
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    others = await others_of(query, typed, context)
    await show_card(others.typed or typed, context, is_in_place=True)


async def show_phrase(
    pressed: CallbackQuery, callback_data: press.AsPhrase, context: Context
) -> None:
    """Show the card of the query's words as one phrase."""
    typed = callback_data.words or words_on(pressed)
    await show_card(f'"{typed}"', context, is_in_place=True)


async def show_names(
    pressed: CallbackQuery, callback_data: press.ShowNames, context: Context
) -> None:
    """Show the names in other languages as the buttons of the card."""
    typed = callback_data.words or words_on(pressed)
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    others = await others_of(query, typed, context)
    await context.reply.change_buttons("chat/card.html#names", typed=typed, names=others.names)


async def add_name(pressed: CallbackQuery, callback_data: press.AddName, context: Context) -> None:
    """Show the card of the query with its names in one more language, or just as it is."""
    typed = callback_data.words or words_on(pressed)
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    more = await with_name(query, typed, callback_data.language, context)
    await show_card(more or typed, context, is_in_place=True)


async def show_query(_: object, callback_data: press.ShowQuery, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await context.reply.show("chat/card.html#query", topic=topic)


async def ask_question(_: object, callback_data: press.Ask, context: Context) -> None:
    if callback_data.question in ASKED_BY_BUTTON:
        await ask(context, callback_data.question)


async def drop_buttons(_: object, context: Context) -> None:
    await context.reply.drop_buttons()


# The page of one topic.


async def open_topic(_: object, callback_data: press.OpenTopic, context: Context) -> None:
    await change_topic_page(callback_data.topic_id, context)


async def ask_for_field(_: object, callback_data: press.AskTopicField, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await ask(context, _FIELDS[callback_data.what], subject=topic.id, shown=topic.typed)


async def compare_query(message: Message, subject: int, context: Context) -> None:
    """Show what another query would find, before the topic uses it."""
    topic = await topics.get_topic(context.storage, context.chat_id, subject)
    typed = one_line(message.text or "")
    query = await topics.parse_for(context.storage, context.chat_id, typed)
    found = await search.compare(
        context.storage, parse(topic.typed), query, chat_id=context.chat_id
    )
    await context.reply.show("chat/comparison.html", topic=topic, typed=typed, found=found)


async def use_query(
    pressed: CallbackQuery, callback_data: press.UseQuery, context: Context
) -> None:
    changed = await subscriptions.change_query(
        context.storage, context.chat_id, callback_data.topic_id, words_on(pressed)
    )
    await change_topic_page(changed.topic_id, context, change=changed)


async def undo_query(
    pressed: CallbackQuery, callback_data: press.UndoQuery, context: Context
) -> None:
    topic_id, after = callback_data.topic_id, callback_data.after
    if public_id := callback_data.public_id:
        await subscriptions.undo_replacement(
            context.storage, context.chat_id, topic_id, after=after, public_id=public_id
        )
    else:
        former = words_on(pressed, number=-1)
        await subscriptions.change_query(
            context.storage, context.chat_id, topic_id, former, after=after
        )
    await change_topic_page(public_id or topic_id, context)


async def rename_topic(message: Message, subject: int, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, subject)
    await subscriptions.rename_topic(context.storage, context.chat_id, topic.id, message.text or "")
    await context.reply.show(_TOPIC, **await topic_page(topic.id, context))


async def unsubscribe(_: object, callback_data: press.Unsubscribe, context: Context) -> None:
    topic = await subscriptions.unsubscribe(
        context.storage, context.chat_id, callback_data.topic_id
    )
    await context.reply.change(_UNSUBSCRIBED, topic=topic)


async def undo_unsubscribe(
    _: object, callback_data: press.UndoUnsubscribe, context: Context
) -> None:
    await subscriptions.undo_unsubscribe(
        context.storage, context.chat_id, callback_data.topic_id, limits=context.limits
    )
    await change_topic_page(callback_data.topic_id, context)


async def share_topic(_: object, callback_data: press.ShareTopic, context: Context) -> None:
    """Send a card to forward, with a button that subscribes others to the same topic."""
    topic_id = callback_data.topic_id
    start = await share_links.share(context.storage, context.chat_id, topic_id)
    username = (await context.reply.bot.me()).username or ""
    link = create_deep_link(username, "start", start)
    await context.reply.show("chat/share.html", link=link, **await topic_page(topic_id, context))


async def show_recent(_: object, callback_data: press.ShowRecent, context: Context) -> None:
    """Send all stored stories of the topic, the newest first."""
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    found = await archive(
        context.storage, parse(topic.typed), PagePosition(), chat_id=context.chat_id
    )
    await context.reply.show(
        "chat/search.html#results", typed=topic.typed, found=found, **context.clock
    )


def _register_card_buttons(router: Router) -> None:
    """Register the buttons that show the card of another query."""
    for change_query, button in (
        (try_words, press.TryWords),
        (try_choice, press.TryChoice),
        (widen_query, press.Widen),
        (show_phrase, press.AsPhrase),
        (show_names, press.ShowNames),
        (add_name, press.AddName),
    ):
        router.callback_query.register(
            change_query, button.filter(), flags=Permission.EVERYBODY.flags
        )


def make_router() -> Router:
    router = Router(name="subscriptions")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(send_topics, ChatCommand("topics"))
    on_message(preview_query, ChatCommand("subscribe", "watch"))
    administrators = Permission.ADMINISTRATORS
    on_message(compare_query, AnswerTo(press.Question.TOPIC_QUERY), flags=administrators.flags)
    on_message(rename_topic, AnswerTo(press.Question.TOPIC_NAME), flags=administrators.flags)
    on_press(send_topics, press.SendTopics.filter(), flags=Permission.EVERYBODY.flags)
    on_press(show_query, press.ShowQuery.filter(), flags=Permission.EVERYBODY.flags)
    on_press(show_topics, press.TopicsPage.filter(), flags=Permission.EVERYBODY.flags)
    on_press(show_catalogue, press.CataloguePage.filter(), flags=Permission.EVERYBODY.flags)
    _register_card_buttons(router)
    on_press(show_topic_card, press.ShowCard.filter(), flags=Permission.EVERYBODY.flags)
    on_press(open_topic, press.OpenTopic.filter(), flags=Permission.EVERYBODY.flags)
    on_press(show_recent, press.ShowRecent.filter(), flags=Permission.EVERYBODY.flags)
    on_press(
        subscribe_to_query, press.SubscribeQuery.filter(), flags=Permission.ADMINISTRATORS.flags
    )
    on_press(
        subscribe_to_topic, press.SubscribeTopic.filter(), flags=Permission.ADMINISTRATORS.flags
    )
    on_press(ask_question, press.Ask.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(drop_buttons, press.Dismiss.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(ask_for_field, press.AskTopicField.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(use_query, press.UseQuery.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(keep_zone, press.KeepZone.filter(), flags=administrators.flags)
    on_press(undo_subscribe, press.UndoSubscribe.filter(), flags=administrators.flags)
    on_press(undo_query, press.UndoQuery.filter(), flags=administrators.flags)
    on_press(unsubscribe, press.Unsubscribe.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(
        undo_unsubscribe, press.UndoUnsubscribe.filter(), flags=Permission.ADMINISTRATORS.flags
    )
    # For administrators only, because sharing a long query stores it.
    on_press(share_topic, press.ShareTopic.filter(), flags=Permission.ADMINISTRATORS.flags)
    return router
