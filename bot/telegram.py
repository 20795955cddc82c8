"""Messages in aiogram's types, for the chat's replies and the deliveries of the outbox."""

from __future__ import annotations

from contextvars import ContextVar
from html import escape
from typing import TYPE_CHECKING, Any, Final

from aiogram.client.default import DefaultBotProperties
from aiogram.exceptions import TelegramNetworkError
from aiogram.types import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputRichMessage,
    LinkPreviewOptions,
    MessageEntity,
)

if TYPE_CHECKING:
    from bot.rendering.messages import Keyboard, Message

# Formatting is in entities, never in markup. A preview of the first of many links would be the
# largest part of a message. aiogram's own default for disabled previews would send an
# obsolete parameter.
BOT_DEFAULTS: Final = DefaultBotProperties(link_preview=LinkPreviewOptions(is_disabled=True))

is_late: Final = ContextVar("is_late", default=False)
"""Whether the current update waited in its queue for too long to be answered by a message."""


is_database_silent: Final = ContextVar("is_database_silent", default=False)
"""Whether a call reports that the database is down, and so takes no send permit from it."""


class MayHaveArrived(TelegramNetworkError):  # noqa: N818 - what became of the message
    """The outcome of the call is unknown, so it is not reported as failed."""


def preview_of(message: Message) -> dict[str, Any]:
    """Return the option that shows the picture of *message* above its text; {} without one."""
    if message.preview is None:
        return {}
    shown = LinkPreviewOptions(
        is_disabled=False, url=message.preview, prefer_large_media=True, show_above_text=True
    )
    return {"link_preview_options": shown}


def rich_of(message: Message) -> InputRichMessage:
    """Return a rich message with its picture above the text, which Telegram fetches by itself.

    Telegram is not to detect anything, because a headline may contain text like a link or a
    hashtag.
    """
    picture = f'<img src="{escape(message.preview)}"/>' if message.preview else ""
    return InputRichMessage(
        html=picture + (message.rich or ""),
        is_rtl=message.is_rtl or None,
        skip_entity_detection=True,
    )


def entities_of(message: Message) -> list[MessageEntity] | None:
    return [MessageEntity(**entity._asdict()) for entity in message.entities] or None


def markup_of(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    rows = [
        [
            InlineKeyboardButton(
                text=button.text,
                callback_data=button.data,
                url=button.url,
                copy_text=CopyTextButton(text=button.copy) if button.copy else None,
            )
            for button in row
        ]
        for row in keyboard
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
