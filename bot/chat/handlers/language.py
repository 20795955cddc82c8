"""/language: which one the chat is spoken to in; the one of Telegram's client, or another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import SetLanguage, ShowLanguages
from bot.chat.menu import label_menu_button, register_chat
from bot.chat.permits import READS
from bot.subscribers import settings
from bot.subscribers.errors import NotALanguage
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_PAGE = "chat/language.html"


async def asked_for(_message: Message, context: Context) -> None:
    await context.reply.show(_PAGE, **await _choice(context))


async def opened(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(_PAGE, **await _choice(context))


async def chosen(_pressed: CallbackQuery, callback_data: SetLanguage, context: Context) -> None:
    code = callback_data.code or None
    if code and code not in {language.code for language in context.reply.renderer.offered}:
        raise NotALanguage
    chat_settings = await settings.set_language(context.storage, context.chat_id, code)
    context.reply.speak(chat_settings.speaks)
    await context.reply.change(_PAGE, **await _choice(context))
    if context.user.kind is ChatKind.PRIVATE:
        await label_menu_button(
            context.reply.bot,
            context.user.user_id,
            context.reply.renderer,
            context.resources.app_url,
        )
        await register_chat(
            context.reply.bot,
            context.user.user_id,
            context.reply.renderer,
            is_admin=context.user.is_admin,
            is_chosen=code is not None,
        )


async def _choice(context: Context) -> dict[str, object]:
    chat_settings = await settings.get_settings(context.storage, context.chat_id)
    return {"languages": context.reply.renderer.offered, "chosen": chat_settings.language}


def make_router() -> Router:
    router = Router(name="language")
    router.message.register(asked_for, Command("language"), flags=READS)
    router.callback_query.register(opened, ShowLanguages.filter(), flags=READS)
    router.callback_query.register(chosen, SetLanguage.filter())
    return router
