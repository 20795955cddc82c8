"""Commands with an argument: `/digest 7:30`, `/stop 3 days` and `/language de`.

The argument is read like an answer to the question that the command's page asks. An argument that
is no such answer gets that question.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat.commands import ChatCommand
from bot.chat.handlers.settings import choose_language
from bot.chat.handlers.text import answer_question
from bot.chat.permissions import Permission
from bot.publishing.calendar import local_date
from bot.subscribers.errors import NotALanguageCode
from bot.subscribers.input import AskedInput, read_typed

if TYPE_CHECKING:
    from aiogram.filters import CommandObject

    from bot.chat.context import Context


async def set_digest_time(_: object, command: CommandObject, context: Context) -> None:
    await _answer(command, AskedInput.TIME, context)


async def pause_until(_: object, command: CommandObject, context: Context) -> None:
    await _answer(command, AskedInput.DATE, context)


async def _answer(command: CommandObject, asked: AskedInput, context: Context) -> None:
    today = local_date(context.user.now, context.user.zone)
    language = context.reply.renderer.language.code
    read = await asyncio.to_thread(read_typed, command.args or "", asked, today, language)
    await answer_question(None, context, read, asked)


async def set_language(_: object, command: CommandObject, context: Context) -> None:
    """Choose the language that is named by its code or by its own name."""
    typed = (command.args or "").strip()
    for language in context.reply.renderer.offered:
        if typed.casefold() in {language.code.casefold(), language.name.casefold()}:
            await choose_language(language.code, context)
            return
    raise NotALanguageCode(typed)


def make_router() -> Router:
    """Return the router; it comes before those of the same commands without an argument."""
    router = Router(name="arguments")
    for name, handler in (
        ("digest", set_digest_time),
        ("stop", pause_until),
        ("language", set_language),
    ):
        command = ChatCommand(name, magic=F.args)
        router.message.register(handler, command, flags=Permission.ADMINISTRATORS.flags)
    return router
