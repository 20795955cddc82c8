"""/language: which one the chat is spoken to in; the one of Telegram's client, or another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import SetLanguage, ShowLanguages
from bot.chat.menu import label_menu_button, register_chat
from bot.chat.permits import READS
from bot.subscribers.refusals import NotALanguage
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_PAGE = "chat/language.html"


async def asked_for(_message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.show(_PAGE, **await _choice(guest, doors, answers))


async def opened(_pressed: CallbackQuery, guest: Guest, doors: Doors, answers: Answers) -> None:
    await answers.change(_PAGE, **await _choice(guest, doors, answers))


async def chosen(
    _pressed: CallbackQuery,
    callback_data: SetLanguage,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    code = callback_data.code or None
    if code and code not in {language.code for language in answers.renderer.offered}:
        raise NotALanguage
    settings = await doors.settings.set_language(guest.chat_id, code)
    answers.speak(settings.speaks)
    await answers.change(_PAGE, **await _choice(guest, doors, answers))
    if guest.kind is ChatKind.PRIVATE:
        await label_menu_button(answers.bot, guest.person_id, answers.renderer, doors.app_url)
        await register_chat(
            answers.bot,
            guest.person_id,
            answers.renderer,
            is_admin=guest.is_admin,
            is_chosen=code is not None,
        )


async def _choice(guest: Guest, doors: Doors, answers: Answers) -> dict[str, object]:
    settings = await doors.settings.now(guest.chat_id)
    return {"languages": answers.renderer.offered, "chosen": settings.language}


def make_router() -> Router:
    router = Router(name="language")
    router.message.register(asked_for, Command("language"), flags=READS)
    router.callback_query.register(opened, ShowLanguages.filter(), flags=READS)
    router.callback_query.register(chosen, SetLanguage.filter())
    return router
