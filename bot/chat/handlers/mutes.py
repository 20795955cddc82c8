"""/mutes: what is muted, each with a button that lifts it; all in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import LiftMute, MutesPage
from bot.chat.permits import READS
from bot.rendering.filters import local
from bot.subscribers import tastes

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_PAGE = "chat/mutes.html"


async def asked_for(_message: Message, context: Context) -> None:
    await context.reply.show(
        _PAGE, page=await tastes.list_mutes(context.storage, context.chat_id), **_when(context)
    )


async def turned(_pressed: CallbackQuery, callback_data: MutesPage, context: Context) -> None:
    page = await tastes.list_mutes(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_PAGE, page=page, **_when(context))


async def lifted(_pressed: CallbackQuery, callback_data: LiftMute, context: Context) -> None:
    await tastes.unmute_one(context.storage, context.chat_id, callback_data.mute_id)
    page = await tastes.list_mutes(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_PAGE, page=page, **_when(context))


def _when(context: Context) -> dict[str, object]:
    return {"zone": context.user.zone, "today": local(context.user.now, context.user.zone).date()}


def make_router() -> Router:
    router = Router(name="mutes")
    router.message.register(asked_for, Command("mutes"), flags=READS)
    router.callback_query.register(turned, MutesPage.filter(), flags=READS)
    router.callback_query.register(lifted, LiftMute.filter())
    return router
