"""Our messages in aiogram's types, for whoever sends: the chat its answers, delivery the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
