"""Who may sit at the desk, and the one message that lies on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram.types import CallbackQuery, Message

from bot.chat.callbacks import admin as for_admins

if TYPE_CHECKING:
    from bot.chat.context import Context


async def is_admin(event: Message | CallbackQuery, context: Context) -> bool:
    """In private only: what the operator sees is nobody else's business."""
    message = event.message if isinstance(event, CallbackQuery) else event
    return context.user.is_admin and message is not None and message.chat.type == "private"


async def put(context: Context, template: str, **values: Any) -> None:
    """Put it into the message whose button was pressed; without one, into a new message."""
    await context.reply.change(template, admin=for_admins, **values)


async def show(context: Context, template: str, **values: Any) -> None:
    """Put it into a new message, whatever was pressed."""
    await context.reply.show(template, admin=for_admins, **values)
