"""/delete_me: confirmed, then everything of the chat is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import Erase
from bot.subscribers import deletion
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


async def asked_for(_message: Message, context: Context) -> None:
    kept = await deletion.stored_data(context.storage, context.chat_id)
    await context.reply.show("chat/erase.html#question", user=context.user, kept=kept)


async def confirmed(_pressed: CallbackQuery, context: Context) -> None:
    is_own = (
        context.user.kind is ChatKind.PRIVATE
    )  # a group's being erased makes nobody less of an admin
    await deletion.delete_chat(
        context.storage, context.chat_id, context.user.user_id if is_own else None
    )
    await context.reply.change("chat/erase.html#done")


def make_router() -> Router:
    router = Router(name="erasing")
    router.message.register(asked_for, Command("delete_me"))
    router.callback_query.register(confirmed, Erase.filter())
    return router
