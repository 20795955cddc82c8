"""/here, in a forum: bring to this topic what another topic of the group watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import places as for_places
from bot.chat.callbacks.places import HerePage, MoveHere
from bot.chat.permits import READS
from bot.subscribers import moving

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_PAGE = "chat/groups.html#here"


async def asked_for(message: Message, context: Context) -> None:
    page = await moving.sibling_topics(context.storage, context.chat_id)
    is_forum = bool(message.chat.is_forum)
    await context.reply.show(_PAGE, page=page, is_forum=is_forum, places=for_places)


async def turned(_pressed: CallbackQuery, callback_data: HerePage, context: Context) -> None:
    page = await moving.sibling_topics(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_PAGE, page=page, is_forum=True, places=for_places)


async def moved(_pressed: CallbackQuery, callback_data: MoveHere, context: Context) -> None:
    chat_id, topic_id = callback_data.chat_id, callback_data.topic_id
    name = await moving.move_here(context.storage, context.chat_id, chat_id, topic_id)
    page = await moving.sibling_topics(context.storage, context.chat_id)
    await context.reply.change(_PAGE, page=page, is_forum=True, moved=name, places=for_places)


def make_router() -> Router:
    router = Router(name="here")
    router.message.register(asked_for, Command("here"), flags=READS)
    router.callback_query.register(turned, HerePage.filter(), flags=READS)
    router.callback_query.register(moved, MoveHere.filter())
    return router
