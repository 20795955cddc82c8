"""The public catalogue, changed in the chat: by buttons, and by what is typed.

A question shows the command that its answer goes behind; that command can be typed whole, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.enums import MessageEntityType
from aiogram.filters import Command
from aiogram.types import Message

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
from bot.matching import search
from bot.matching.query import parse
from bot.rendering.autolinks import without_joiners
from bot.rendering.filters import local
from bot.subscribers import cataloguing
from bot.subscribers.cataloguing import parts_of
from bot.subscribers.errors import CardTooOld
from bot.subscribers.names import name_for
from bot.subscribers.volume import Volume

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, InaccessibleMessage

    from bot.chat.context import Context


COMMAND = "/catalogue"


async def listed(_pressed: CallbackQuery, callback_data: CatalogueDesk, context: Context) -> None:
    await put(
        context,
        "chat/admin/catalogue.html#page",
        page=await cataloguing.catalogue_topics(context.storage, callback_data.page),
    )


async def opened(_pressed: CallbackQuery, callback_data: EditTopic, context: Context) -> None:
    await _open(callback_data.topic_id, context)


async def moved(_pressed: CallbackQuery, callback_data: MoveTopic, context: Context) -> None:
    number, places = callback_data.topic_id, callback_data.places
    await cataloguing.move_topic(context.storage, number, places, by=context.user.user_id)
    await _open(number, context)


async def asked(_pressed: CallbackQuery, callback_data: AskOfCatalogue, context: Context) -> None:
    what, number = callback_data.what, callback_data.topic_id
    topic = None if what == "add" else await cataloguing.catalogue_topic(context.storage, number)
    await context.reply.ask("chat/admin/catalogue.html#question", what=what, topic=topic)


async def retired(_pressed: CallbackQuery, callback_data: RetireTopic, context: Context) -> None:
    topic = await cataloguing.catalogue_topic(context.storage, callback_data.topic_id)
    if callback_data.sure:
        await cataloguing.remove_topic(context.storage, topic.id, by=context.user.user_id)
        await put(context, "chat/admin/catalogue.html#retired", topic=topic)
    else:
        await put(context, "chat/admin/catalogue.html#retire", topic=topic)


async def reworded(pressed: CallbackQuery, callback_data: RewordTopic, context: Context) -> None:
    words, number = words_on(pressed), callback_data.topic_id
    await cataloguing.change_query(context.storage, number, words, by=context.user.user_id)
    await _open(number, context)


async def added(pressed: CallbackQuery, context: Context) -> None:
    name = _bold_in(pressed.message)
    number = await cataloguing.add_topic(
        context.storage, name, words_on(pressed), by=context.user.user_id
    )
    await _open(number, context)


async def typed(message: Message, context: Context) -> None:
    """`/catalogue`, with or without what is to be done; or the answer to a question of ours."""
    asked = _command_in(message.reply_to_message)
    said = f"{asked} {message.text}" if asked else message.text or ""
    match said.split(maxsplit=3):
        case [_, "add", *_]:
            await _show_new(said.split(maxsplit=2)[2:], context)
        case [_, "rename", number, name] if number.isdecimal():
            await cataloguing.rename_topic(
                context.storage, int(number), name, by=context.user.user_id
            )
            await _open(int(number), context)
        case [_, "query", number, words] if number.isdecimal():
            await _show_change(int(number), words, context)
        case _:
            await show(
                context,
                "chat/admin/catalogue.html#page",
                page=await cataloguing.catalogue_topics(context.storage),
            )


async def is_answer(message: Message) -> bool:
    return bool(_command_in(message.reply_to_message))


async def _open(topic_id: int, context: Context) -> None:
    await put(
        context,
        "chat/admin/catalogue.html#topic",
        topic=await cataloguing.catalogue_topic(context.storage, topic_id),
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
    topic = await cataloguing.catalogue_topic(context.storage, topic_id)
    difference = await search.compare(
        context.storage, parse(topic.typed), parse(words), chat_id=context.chat_id
    )
    await show(context, "chat/admin/reword.html", topic=topic, typed=words, found=difference)


def _command_in(asked: Message | None) -> str:
    """Return the command that a question of ours shows; "" if it is none."""
    if asked is None or not asked.from_user or not asked.from_user.is_bot or not asked.text:
        return ""
    codes = [one for one in asked.entities or () if one.type == MessageEntityType.CODE]
    shown = codes[0].extract_from(asked.text) if codes else ""
    return shown if shown.startswith(f"{COMMAND} ") else ""


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
    router.message.register(typed, F.text, is_answer)
    router.callback_query.register(listed, CatalogueDesk.filter())
    router.callback_query.register(opened, EditTopic.filter())
    router.callback_query.register(moved, MoveTopic.filter())
    router.callback_query.register(asked, AskOfCatalogue.filter())
    router.callback_query.register(retired, RetireTopic.filter())
    router.callback_query.register(reworded, RewordTopic.filter())
    router.callback_query.register(added, AddTopic.filter())
    return router
