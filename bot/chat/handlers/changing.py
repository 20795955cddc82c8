"""The buttons of one topic: heard of or not, other words, another name. Its page stays one message.

What is typed answers a question that shows the words of the topic which is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks import Question
from bot.chat.callbacks.topics import (
    AskOfTopic,
    MuteTopic,
    OfTopic,
    PauseTopic,
    ShowMuting,
    UnmuteTopic,
    UseWords,
)
from bot.chat.cards import topic_page, words_on
from bot.chat.questions import AnswerTo, ask
from bot.matching import search
from bot.matching.query import parse
from bot.subscribers import changing, topics
from bot.subscribers.text import one_line

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_PAGE = "chat/topics.html#topic"
_ASKED = {OfTopic.WORDS: Question.TOPIC_QUERY, OfTopic.NAME: Question.TOPIC_NAME}


async def muting_wanted(
    _pressed: CallbackQuery, callback_data: ShowMuting, context: Context
) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await context.reply.change_buttons("chat/topics.html#muting", topic=topic)


async def muted(_pressed: CallbackQuery, callback_data: MuteTopic, context: Context) -> None:
    days = callback_data.days or None
    await changing.mute_topic(context.storage, context.chat_id, callback_data.topic_id, days)
    await context.reply.change(_PAGE, **await topic_page(callback_data.topic_id, context))


async def unmuted(_pressed: CallbackQuery, callback_data: UnmuteTopic, context: Context) -> None:
    await changing.unmute_topic(context.storage, context.chat_id, callback_data.topic_id)
    await context.reply.change(_PAGE, **await topic_page(callback_data.topic_id, context))


async def paused(_pressed: CallbackQuery, callback_data: PauseTopic, context: Context) -> None:
    topic_id, is_paused = callback_data.topic_id, callback_data.is_paused
    await changing.pause_topic(context.storage, context.chat_id, topic_id, is_paused=is_paused)
    await context.reply.change(_PAGE, **await topic_page(topic_id, context))


async def asked(_pressed: CallbackQuery, callback_data: AskOfTopic, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, callback_data.topic_id)
    await ask(context, _ASKED[callback_data.what], subject=topic.id, shown=topic.typed)


async def words_typed(message: Message, subject: int, context: Context) -> None:
    """Show what other words would find, before they are used."""
    topic = await topics.get_topic(context.storage, context.chat_id, subject)
    typed = one_line(message.text or "")
    query = parse(typed, await topics.saved_queries(context.storage, context.chat_id))
    found = await search.compare(
        context.storage, parse(topic.typed), query, chat_id=context.chat_id
    )
    await context.reply.show("chat/comparison.html", topic=topic, typed=typed, found=found)


async def words_used(pressed: CallbackQuery, callback_data: UseWords, context: Context) -> None:
    saved = await topics.saved_queries(context.storage, context.chat_id)
    topic_id = await changing.change_query(
        context.storage, context.chat_id, callback_data.topic_id, words_on(pressed), saved
    )
    await context.reply.change(_PAGE, **await topic_page(topic_id, context))


async def name_typed(message: Message, subject: int, context: Context) -> None:
    topic = await topics.get_topic(context.storage, context.chat_id, subject)
    await changing.rename_topic(context.storage, context.chat_id, topic.id, message.text or "")
    await context.reply.show(_PAGE, **await topic_page(topic.id, context))


def make_router() -> Router:
    router = Router(name="changing")
    router.message.register(words_typed, AnswerTo(_ASKED[OfTopic.WORDS]))
    router.message.register(name_typed, AnswerTo(_ASKED[OfTopic.NAME]))
    router.callback_query.register(muting_wanted, ShowMuting.filter())
    router.callback_query.register(muted, MuteTopic.filter())
    router.callback_query.register(unmuted, UnmuteTopic.filter())
    router.callback_query.register(paused, PauseTopic.filter())
    router.callback_query.register(asked, AskOfTopic.filter())
    router.callback_query.register(words_used, UseWords.filter())
    return router
