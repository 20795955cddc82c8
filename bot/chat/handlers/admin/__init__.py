"""What those who run the bot do in the chat: all of it in one message, behind one door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command, or_f

from bot.chat.callbacks.admin import ADMIN_ONLY
from bot.chat.handlers.admin import (
    acts,
    broadcasts,
    catalogue,
    chats,
    held,
    invites,
    limits,
    overview,
)
from bot.chat.handlers.admin.desk import is_admin
from bot.chat.menu import FOR_ADMINS
from bot.chat.permits import READS

if TYPE_CHECKING:
    from bot.chat.context import Context


async def not_for_you(_event: object, context: Context) -> None:
    await context.reply.toast("chat/admin/access.html#not_for_you")


def make_router() -> Router:
    router = Router(name="admin")
    router.include_routers(_desk(), _everybody_else())
    return router


def _desk() -> Router:
    desk = Router(name="desk")
    desk.message.filter(is_admin)
    desk.callback_query.filter(is_admin)
    parts = (overview, broadcasts, catalogue, held, chats, limits, invites, acts)
    desk.include_routers(*(part.make_router() for part in parts))
    return desk


def _everybody_else() -> Router:
    router = Router(name="not admins")
    router.message.register(not_for_you, Command(*FOR_ADMINS), flags=READS)
    theirs = or_f(*(data.filter() for data in ADMIN_ONLY))
    router.callback_query.register(not_for_you, theirs, flags=READS)
    return router
