"""The pages of settings, and the answer to a change: the page again, or what an offer did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram.types import Message

from bot.chat import callbacks as press
from bot.chat.managed_chats import buttons_on

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bot.chat.context import Context
    from bot.subscribers.settings import ChatSettings

SETTINGS = "chat/settings.html"
LAYOUT = "chat/layout.html"
ALERT_RATE = "chat/alert_rate.html"
TIMES = "chat/schedule.html#times"
SAVED = "chat/saved.html#saved"

# One of these stands beside each button that offers a setting which the user typed.
_BESIDE_OFFERS = (press.Dismiss.__prefix__, f"{press.TryWords.__prefix__}|")


async def change_setting(
    changing: Awaitable[ChatSettings], context: Context, template: str = SETTINGS
) -> None:
    """Make a change and show the settings after it; if it was offered, say only what it did."""
    changed = await changing
    if _is_offered(context):
        await context.reply.change(SAVED, settings=changed)
    else:
        await show_saved_setting(changed, template, context)


async def show_saved_setting(
    changed: ChatSettings, template: str, context: Context, **values: Any
) -> None:
    """Show a page with the new value, and say in passing that it is saved or undone."""
    await context.reply.change(template, settings=changed, **values)
    await context.reply.note("chat/saved.html#toast", settings=changed)


def _is_offered(context: Context) -> bool:
    """Return whether the pressed button offers what the user typed; it is on no settings page."""
    message = context.reply.pressed.message if context.reply.pressed else None
    return isinstance(message, Message) and any(
        data.startswith(_BESIDE_OFFERS) for _, data in buttons_on(message)
    )
