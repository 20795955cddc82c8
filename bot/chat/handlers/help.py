"""/help, what a query can say, the other commands, /privacy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command

from bot.chat.callbacks import HelpPage, ShowHelp
from bot.chat.commands import commands_in_help
from bot.chat.permissions import READS

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


async def show_help(context: Context) -> None:
    await context.reply.show("chat/help.html#help", user=context.user)


async def asked_for(_message: object, context: Context) -> None:
    await show_help(context)


async def page_opened(_pressed: CallbackQuery, callback_data: ShowHelp, context: Context) -> None:
    user = context.user
    commands = commands_in_help(user.kind, is_admin=user.is_admin)
    await context.reply.change(f"chat/help.html#{callback_data.page}", user=user, commands=commands)


async def queries_asked_for(_message: object, context: Context) -> None:
    await context.reply.show(f"chat/help.html#{HelpPage.QUERIES}", user=context.user)


async def privacy_asked_for(_message: object, context: Context) -> None:
    await context.reply.show("chat/privacy.html")


def make_router() -> Router:
    router = Router(name="help")
    about_queries = F.args.func(lambda args: bool(args) and args.lower().startswith("quer"))
    router.message.register(queries_asked_for, Command("help", magic=about_queries), flags=READS)
    router.message.register(asked_for, Command("help"), flags=READS)
    router.message.register(privacy_asked_for, Command("privacy"), flags=READS)
    router.callback_query.register(page_opened, ShowHelp.filter(), flags=READS)
    return router
