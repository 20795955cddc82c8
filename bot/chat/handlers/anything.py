"""What nothing else understood: always one helpful sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat.permissions import READS

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


async def unknown_command(_message: Message, context: Context) -> None:
    await context.reply.show("chat/errors.html#unknown_command")


async def not_text(_message: Message, context: Context) -> None:
    await context.reply.show("chat/typed.html#no_keywords")


async def edited(_message: Message, context: Context) -> None:
    await context.reply.show("chat/errors.html#edited_message")


async def old_button(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.toast("chat/errors.html#old_button")


def make_router() -> Router:
    router = Router(name="anything")
    router.message.register(unknown_command, F.text, flags=READS)
    router.message.register(not_text, flags=READS)
    router.edited_message.register(edited, flags=READS)
    router.callback_query.register(old_button, flags=READS)
    return router
