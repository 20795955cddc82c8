"""/catalogue: the public catalogue, which admins change by buttons and by answers to questions.

An answer can be typed as a command, too: `/catalogue rename 3 Ports`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.enums import MessageEntityType
from aiogram.types import Message

from bot.chat import callbacks as press
from bot.chat.cards import words_on
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.chat.questions import AnswerTo, ask
from bot.matching import search
from bot.matching.query import parse
from bot.rendering.autolinks import without_joiners
from bot.subscribers import catalogue
from bot.subscribers.catalogue import parts_of
from bot.subscribers.errors import CardTooOld
from bot.subscribers.topics import name_for

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, InaccessibleMessage

    from bot.chat.context import Context


_ASKED = {
    press.CatalogueAction.ADD: press.Question.NEW_CATALOGUE_TOPIC,
    press.CatalogueAction.RENAME: press.Question.CATALOGUE_NAME,
    press.CatalogueAction.QUERY: press.Question.CATALOGUE_QUERY,
}


async def show_editor(_: object, callback_data: press.EditCatalogue, context: Context) -> None:
    await context.reply.change(
        "chat/admin/catalogue.html#page",
        page=await catalogue.catalogue_topics(context.storage, callback_data.page),
    )


async def open_catalogue_topic(_: object, callback_data: press.EditTopic, context: Context) -> None:
    await _open(callback_data.topic_id, context)


async def move_catalogue_topic(_: object, callback_data: press.MoveTopic, context: Context) -> None:
    number, steps = callback_data.topic_id, callback_data.steps
    await catalogue.move_topic(context.storage, number, steps, by=context.user.user_id)
    await _open(number, context)


async def ask_about_catalogue_topic(
    _: object, callback_data: press.AskForTopic, context: Context
) -> None:
    what, number = callback_data.what, callback_data.topic_id
    topic = None if what == "add" else await catalogue.catalogue_topic(context.storage, number)
    await ask(context, _ASKED[what], subject=number, what=what, topic=topic)


async def retire_catalogue_topic(
    _: object, callback_data: press.RetireTopic, context: Context
) -> None:
    topic = await catalogue.catalogue_topic(context.storage, callback_data.topic_id)
    if callback_data.sure:
        await catalogue.remove_topic(context.storage, topic.id, by=context.user.user_id)
        await context.reply.change("chat/admin/catalogue.html#retired", topic=topic)
    else:
        await context.reply.change("chat/admin/catalogue.html#retire", topic=topic)


async def change_catalogue_query(
    pressed: CallbackQuery, callback_data: press.ChangeQuery, context: Context
) -> None:
    query, number = words_on(pressed), callback_data.topic_id
    await catalogue.change_query(context.storage, number, query, by=context.user.user_id)
    await _open(number, context)


async def add_catalogue_topic(pressed: CallbackQuery, context: Context) -> None:
    name = _bold_in(pressed.message)
    number = await catalogue.add_topic(
        context.storage, name, words_on(pressed), by=context.user.user_id
    )
    await _open(number, context)


async def edit_catalogue(message: Message, context: Context) -> None:
    """Run `/catalogue`, with or without an action."""
    match (message.text or "").split(maxsplit=3):
        case [_, "add", *rest]:
            await _show_new(" ".join(rest), context)
        case [_, "rename", number, name] if number.isdecimal():
            await catalogue.rename_topic(
                context.storage, int(number), name, by=context.user.user_id
            )
            await _open(int(number), context)
        case [_, "query", number, query] if number.isdecimal():
            await _show_change(int(number), query, context)
        case _:
            await show_editor(None, press.EditCatalogue(), context)


async def preview_catalogue_topic(message: Message, context: Context) -> None:
    await _show_new(message.text or "", context)


async def rename_catalogue_topic(message: Message, subject: int, context: Context) -> None:
    name, by = message.text or "", context.user.user_id
    await catalogue.rename_topic(context.storage, subject, name, by=by)
    await _open(subject, context)


async def preview_catalogue_query(message: Message, subject: int, context: Context) -> None:
    await _show_change(subject, message.text or "", context)


async def _open(topic_id: int, context: Context) -> None:
    await context.reply.change(
        "chat/admin/catalogue.html#topic",
        topic=await catalogue.catalogue_topic(context.storage, topic_id),
    )


async def _show_new(typed: str, context: Context) -> None:
    name, query = parts_of(typed)
    found = await search.find(context.storage, parse(query), chat_id=context.chat_id)
    await context.reply.show(
        "chat/admin/catalogue.html#new_topic",
        name=name_for(name),
        typed=query,
        found=found,
        volume=found.volume,
        **context.clock,
    )


async def _show_change(topic_id: int, query: str, context: Context) -> None:
    topic = await catalogue.catalogue_topic(context.storage, topic_id)
    difference = await search.compare(
        context.storage, parse(topic.typed), parse(query), chat_id=context.chat_id
    )
    await context.reply.show(
        "chat/admin/change_query.html", topic=topic, typed=query, found=difference
    )


def _bold_in(message: Message | InaccessibleMessage | None) -> str:
    if not isinstance(message, Message) or not message.text:
        raise CardTooOld
    for entity in message.entities or ():
        if entity.type == MessageEntityType.BOLD:
            return without_joiners(entity.extract_from(message.text))
    raise CardTooOld


def make_router() -> Router:
    router = Router(name="catalogue")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(edit_catalogue, ChatCommand("catalogue"))
    for action, handler in (
        (press.CatalogueAction.ADD, preview_catalogue_topic),
        (press.CatalogueAction.RENAME, rename_catalogue_topic),
        (press.CatalogueAction.QUERY, preview_catalogue_query),
    ):
        on_message(handler, AnswerTo(_ASKED[action]), flags=Permission.BOT_ADMINS.flags)
    on_press(show_editor, press.EditCatalogue.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(open_catalogue_topic, press.EditTopic.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(move_catalogue_topic, press.MoveTopic.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(
        ask_about_catalogue_topic, press.AskForTopic.filter(), flags=Permission.BOT_ADMINS.flags
    )
    on_press(retire_catalogue_topic, press.RetireTopic.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(change_catalogue_query, press.ChangeQuery.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(add_catalogue_topic, press.AddTopic.filter(), flags=Permission.BOT_ADMINS.flags)
    return router
