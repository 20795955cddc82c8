"""The public catalogue, changed in the chat: by buttons, and by what is typed.

What a question asks for can be typed as a command, too: `/catalogue rename 3 Ports`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.enums import MessageEntityType
from aiogram.filters import Command
from aiogram.types import Message

from bot.chat.callbacks import Question
from bot.chat.callbacks.admin import (
    AddTopic,
    AskOfCatalogue,
    CatalogueDesk,
    EditTopic,
    MoveTopic,
    RetireTopic,
    RewordTopic,
)
from bot.chat.cards import words_on
from bot.chat.handlers.admin.desk import put, show
from bot.chat.questions import AnswerTo, ask
from bot.matching import search
from bot.matching.query import parse
from bot.rendering.autolinks import without_joiners
from bot.rendering.filters import local
from bot.subscribers import catalogue
from bot.subscribers.catalogue import parts_of
from bot.subscribers.errors import CardTooOld
from bot.subscribers.topic_names import name_for
from bot.subscribers.volume import Volume

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, InaccessibleMessage

    from bot.chat.context import Context


_ASKED = {
    "add": Question.NEW_CATALOGUE_TOPIC,
    "rename": Question.CATALOGUE_NAME,
    "query": Question.CATALOGUE_QUERY,
}


async def listed(_pressed: CallbackQuery, callback_data: CatalogueDesk, context: Context) -> None:
    await put(
        context,
        "chat/admin/catalogue.html#page",
        page=await catalogue.catalogue_topics(context.storage, callback_data.page),
    )


async def opened(_pressed: CallbackQuery, callback_data: EditTopic, context: Context) -> None:
    await _open(callback_data.topic_id, context)


async def moved(_pressed: CallbackQuery, callback_data: MoveTopic, context: Context) -> None:
    number, places = callback_data.topic_id, callback_data.places
    await catalogue.move_topic(context.storage, number, places, by=context.user.user_id)
    await _open(number, context)


async def asked(_pressed: CallbackQuery, callback_data: AskOfCatalogue, context: Context) -> None:
    what, number = callback_data.what, callback_data.topic_id
    topic = None if what == "add" else await catalogue.catalogue_topic(context.storage, number)
    await ask(context, _ASKED[what], subject=number, what=what, topic=topic)


async def retired(_pressed: CallbackQuery, callback_data: RetireTopic, context: Context) -> None:
    topic = await catalogue.catalogue_topic(context.storage, callback_data.topic_id)
    if callback_data.sure:
        await catalogue.remove_topic(context.storage, topic.id, by=context.user.user_id)
        await put(context, "chat/admin/catalogue.html#retired", topic=topic)
    else:
        await put(context, "chat/admin/catalogue.html#retire", topic=topic)


async def reworded(pressed: CallbackQuery, callback_data: RewordTopic, context: Context) -> None:
    words, number = words_on(pressed), callback_data.topic_id
    await catalogue.change_query(context.storage, number, words, by=context.user.user_id)
    await _open(number, context)


async def added(pressed: CallbackQuery, context: Context) -> None:
    name = _bold_in(pressed.message)
    number = await catalogue.add_topic(
        context.storage, name, words_on(pressed), by=context.user.user_id
    )
    await _open(number, context)


async def typed(message: Message, context: Context) -> None:
    """`/catalogue`, with or without what is to be done."""
    said = message.text or ""
    match said.split(maxsplit=3):
        case [_, "add", *_]:
            await _show_new(said.split(maxsplit=2)[2:], context)
        case [_, "rename", number, name] if number.isdecimal():
            await catalogue.rename_topic(
                context.storage, int(number), name, by=context.user.user_id
            )
            await _open(int(number), context)
        case [_, "query", number, words] if number.isdecimal():
            await _show_change(int(number), words, context)
        case _:
            await show(
                context,
                "chat/admin/catalogue.html#page",
                page=await catalogue.catalogue_topics(context.storage),
            )


async def new_topic_typed(message: Message, context: Context) -> None:
    await _show_new([message.text or ""], context)


async def name_typed(message: Message, subject: int, context: Context) -> None:
    name, by = message.text or "", context.user.user_id
    await catalogue.rename_topic(context.storage, subject, name, by=by)
    await _open(subject, context)


async def query_typed(message: Message, subject: int, context: Context) -> None:
    await _show_change(subject, message.text or "", context)


async def _open(topic_id: int, context: Context) -> None:
    await put(
        context,
        "chat/admin/catalogue.html#topic",
        topic=await catalogue.catalogue_topic(context.storage, topic_id),
    )


async def _show_new(words: list[str], context: Context) -> None:
    name, query = parts_of(words[0]) if words else ("", "")
    found = await search.find(context.storage, parse(query), chat_id=context.chat_id)
    today = local(context.user.now, context.user.zone).date()
    await show(
        context,
        "chat/admin/catalogue.html#new_topic",
        name=name_for(name),
        typed=query,
        found=found,
        volume=Volume(found.count, found.covered),
        zone=context.user.zone,
        today=today,
    )


async def _show_change(topic_id: int, words: str, context: Context) -> None:
    topic = await catalogue.catalogue_topic(context.storage, topic_id)
    difference = await search.compare(
        context.storage, parse(topic.typed), parse(words), chat_id=context.chat_id
    )
    await show(context, "chat/admin/reword.html", topic=topic, typed=words, found=difference)


def _bold_in(message: Message | InaccessibleMessage | None) -> str:
    if not isinstance(message, Message) or not message.text:
        raise CardTooOld
    bold = [one for one in message.entities or () if one.type == MessageEntityType.BOLD]
    if not bold:
        raise CardTooOld
    return without_joiners(bold[0].extract_from(message.text))


def make_router() -> Router:
    router = Router(name="catalogue")
    router.message.register(typed, Command("catalogue"))
    router.message.register(new_topic_typed, AnswerTo(Question.NEW_CATALOGUE_TOPIC))
    router.message.register(name_typed, AnswerTo(Question.CATALOGUE_NAME))
    router.message.register(query_typed, AnswerTo(Question.CATALOGUE_QUERY))
    router.callback_query.register(listed, CatalogueDesk.filter())
    router.callback_query.register(opened, EditTopic.filter())
    router.callback_query.register(moved, MoveTopic.filter())
    router.callback_query.register(asked, AskOfCatalogue.filter())
    router.callback_query.register(retired, RetireTopic.filter())
    router.callback_query.register(reworded, RewordTopic.filter())
    router.callback_query.register(added, AddTopic.filter())
    return router
