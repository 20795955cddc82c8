"""The chats there are; each can be shut out and let in, also by /ban and /allow with a number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks.admin import AllowChat, BanChat, ChatsPage, OpenChat
from bot.chat.handlers.admin.desk import put
from bot.subscribers import chatlist
from bot.subscribers.access import allow_user, ban_user

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_NUMBER = re.compile(r"-?\d{1,18}")


async def turned(_pressed: CallbackQuery, callback_data: ChatsPage, context: Context) -> None:
    page = await chatlist.chat_page(context.storage, callback_data.page)
    await put(context, "chat/admin/chats.html#list", page=page, now=context.user.now)


async def opened(_pressed: CallbackQuery, callback_data: OpenChat, context: Context) -> None:
    await _show(callback_data.chat_id, context)


async def banned(_pressed: CallbackQuery, callback_data: BanChat, context: Context) -> None:
    chat = await chatlist.get_chat(context.storage, callback_data.chat_id)
    await ban_user(
        context.storage, chat.telegram_id, by=context.user.user_id, access=context.resources.access
    )
    await _show(chat.id, context)


async def allowed(_pressed: CallbackQuery, callback_data: AllowChat, context: Context) -> None:
    chat = await chatlist.get_chat(context.storage, callback_data.chat_id)
    await allow_user(
        context.storage,
        chat.telegram_id,
        by=context.user.user_id,
        access=context.resources.access,
        renderer=context.resources.renderer,
    )
    await _show(chat.id, context)


async def banned_by_number(_message: Message, command: CommandObject, context: Context) -> None:
    number = _number(command)
    is_new = number is not None and await ban_user(
        context.storage, number, by=context.user.user_id, access=context.resources.access
    )
    await put(context, "chat/admin/chats.html#banned", number=number, is_new=is_new)


async def allowed_by_number(_message: Message, command: CommandObject, context: Context) -> None:
    number = _number(command)
    came = (
        None
        if number is None
        else await allow_user(
            context.storage,
            number,
            by=context.user.user_id,
            access=context.resources.access,
            renderer=context.resources.renderer,
        )
    )
    await put(context, "chat/admin/chats.html#allowed", number=number, came=came)


async def _show(chat_id: int, context: Context) -> None:
    await put(
        context,
        "chat/admin/chats.html#one",
        chat=await chatlist.get_chat(context.storage, chat_id),
        now=context.user.now,
    )


def _number(command: CommandObject) -> int | None:
    """`/ban 12345` → the number; None if there is none."""
    typed = (command.args or "").strip()
    return int(typed) if _NUMBER.fullmatch(typed) else None


def make_router() -> Router:
    router = Router(name="chats")
    router.message.register(banned_by_number, Command("ban"))
    router.message.register(allowed_by_number, Command("allow"))
    router.callback_query.register(turned, ChatsPage.filter())
    router.callback_query.register(opened, OpenChat.filter())
    router.callback_query.register(banned, BanChat.filter())
    router.callback_query.register(allowed, AllowChat.filter())
    return router
