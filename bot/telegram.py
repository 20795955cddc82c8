"""Our messages in aiogram's types: for the chat's replies and for the deliveries of the outbox."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from aiogram.client.default import DefaultBotProperties
from aiogram.exceptions import TelegramNetworkError
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
)

if TYPE_CHECKING:
    from bot.rendering.messages import Keyboard, Message

# Formatting is in entities, never in markup. A message has many links; a preview of the first would
# be the largest thing in it. With the default for disabled previews aiogram sends an obsolete one.
BOT_DEFAULTS: Final = DefaultBotProperties(link_preview=LinkPreviewOptions(is_disabled=True))

is_late: Final = ContextVar("is_late", default=False)
"""Whether the update at work waited in its queue for so long that no message answers it."""


is_database_silent: Final = ContextVar("is_database_silent", default=False)
"""Whether a call is made because the database says nothing: it is not asked when that may go."""


class MayHaveArrived(TelegramNetworkError):  # noqa: N818 - what became of the message
    """No answer of Telegram says what became of the call; it is not reported as failed."""


def entities_of(message: Message) -> list[MessageEntity] | None:
    return [MessageEntity(**entity._asdict()) for entity in message.entities] or None


def markup_of(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    rows = [
        [
            InlineKeyboardButton(text=button.text, callback_data=button.data, url=button.url)
            for button in row
        ]
        for row in keyboard
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
