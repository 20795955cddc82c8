"""Our messages in aiogram's types, for whoever sends: the chat its answers, delivery the outbox."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from aiogram.exceptions import TelegramNetworkError
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
)

if TYPE_CHECKING:
    from bot.rendering.messages import Keyboard, Message

# Many links stand in one message; a preview of the first would be the largest thing in it.
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

is_late: Final = ContextVar("is_late", default=False)
"""Whether the update that is handled stood in line for so long that no message answers it."""


class MayHaveArrived(TelegramNetworkError):  # noqa: N818 - what became of the message
    """No answer of Telegram says what became of the call: nobody is told that it failed."""


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
