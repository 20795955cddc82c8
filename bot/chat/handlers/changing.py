"""The buttons of one topic: heard of or not, other words, another name. Its page stays one message.

What is typed answers a question that shows the words of the topic which is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

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
from bot.chat.questions import AnswerTo
from bot.matching.query import parse
from bot.subscribers.lines import one_line

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/topics.html#topic"
_ASKED = {OfTopic.WORDS: "chat/questions.html#new_query", OfTopic.NAME: "chat/questions.html#name"}


async def muting_wanted(
    _pressed: CallbackQuery,
    callback_data: ShowMuting,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    topic = await doors.topics.one(guest.chat_id, callback_data.topic_id)
    await answers.change_buttons("chat/topics.html#muting", topic=topic)


async def muted(
    _pressed: CallbackQuery, callback_data: MuteTopic, guest: Guest, doors: Doors, answers: Answers
) -> None:
    days = callback_data.days or None
    await doors.changing.mute(guest.chat_id, callback_data.topic_id, days)
    await answers.change(_PAGE, **await topic_page(callback_data.topic_id, guest, doors))


async def unmuted(
    _pressed: CallbackQuery,
    callback_data: UnmuteTopic,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    await doors.changing.unmute(guest.chat_id, callback_data.topic_id)
    await answers.change(_PAGE, **await topic_page(callback_data.topic_id, guest, doors))


async def paused(
    _pressed: CallbackQuery,
    callback_data: PauseTopic,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    topic_id, is_paused = callback_data.topic_id, callback_data.is_paused
    await doors.changing.pause(guest.chat_id, topic_id, is_paused=is_paused)
    await answers.change(_PAGE, **await topic_page(topic_id, guest, doors))


async def asked(
    _pressed: CallbackQuery,
    callback_data: AskOfTopic,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    topic = await doors.topics.one(guest.chat_id, callback_data.topic_id)
    await answers.ask(_ASKED[callback_data.what], shown=topic.typed)


async def words_typed(
    message: Message, shown: str, guest: Guest, doors: Doors, answers: Answers
) -> None:
    """Show what other words would find, before they are used."""
    topic = await doors.topics.with_words(guest.chat_id, shown)
    typed = one_line(message.text or "")
    query = parse(typed, await doors.topics.saved(guest.chat_id))
    found = await doors.search.compare(parse(topic.typed), query, chat_id=guest.chat_id)
    await answers.show("chat/comparison.html", topic=topic, typed=typed, found=found)


async def words_used(
    pressed: CallbackQuery, callback_data: UseWords, guest: Guest, doors: Doors, answers: Answers
) -> None:
    saved = await doors.topics.saved(guest.chat_id)
    topic_id = await doors.changing.reword(
        guest.chat_id, callback_data.topic_id, words_on(pressed), saved
    )
    await answers.change(_PAGE, **await topic_page(topic_id, guest, doors))


async def name_typed(
    message: Message, shown: str, guest: Guest, doors: Doors, answers: Answers
) -> None:
    topic = await doors.topics.with_words(guest.chat_id, shown)
    await doors.changing.rename(guest.chat_id, topic.id, message.text or "")
    await answers.show(_PAGE, **await topic_page(topic.id, guest, doors))


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
