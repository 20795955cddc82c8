"""/watch, and the buttons of a card: watch its words or its topic, change the words, not now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import Ask, Dismiss, Question, TryWords, Watch, WatchWords
from bot.chat.cards import show_card, words_on
from bot.chat.permits import READS
from bot.chat.questions import ASKED_BY_BUTTON, ask
from bot.subscribers import topics, watching

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


async def words_given(_message: Message, command: CommandObject, context: Context) -> None:
    """`/watch words`, for groups, where what is merely typed is not heard."""
    if command.args:
        await show_card(command.args, context)
    else:
        await ask(context, Question.QUERY)


async def words_chosen(pressed: CallbackQuery, callback_data: WatchWords, context: Context) -> None:
    words = callback_data.words or words_on(pressed)
    saved = await topics.saved_queries(context.storage, context.chat_id)
    watched = await watching.subscribe(
        context.storage,
        context.chat_id,
        words,
        callback_data.mode,
        saved,
        limits=context.resources.limits,
    )
    await context.reply.show("chat/watching.html", watched=watched)


async def topic_chosen(_pressed: CallbackQuery, callback_data: Watch, context: Context) -> None:
    watched = await watching.subscribe_to_topic(
        context.storage,
        context.chat_id,
        callback_data.topic_id,
        callback_data.mode,
        limits=context.resources.limits,
    )
    await context.reply.show("chat/watching.html", watched=watched)


async def words_tried(pressed: CallbackQuery, callback_data: TryWords, context: Context) -> None:
    await show_card(callback_data.words or words_on(pressed), context)


async def asked(_pressed: CallbackQuery, callback_data: Ask, context: Context) -> None:
    if callback_data.question in ASKED_BY_BUTTON:
        await ask(context, callback_data.question)


async def dismissed(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.drop_buttons()


def make_router() -> Router:
    router = Router(name="watching")
    router.message.register(words_given, Command("watch"), flags=READS)
    router.callback_query.register(words_chosen, WatchWords.filter())
    router.callback_query.register(topic_chosen, Watch.filter())
    router.callback_query.register(words_tried, TryWords.filter(), flags=READS)
    router.callback_query.register(asked, Ask.filter())
    router.callback_query.register(dismissed, Dismiss.filter())
    return router
