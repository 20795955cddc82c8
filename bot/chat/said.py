"""What somebody typed, as a message of ours that can go out again: text and entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.rendering.messages import Entity, units
from bot.rendering.messages import Message as Ours
from bot.subscribers.text import storable

if TYPE_CHECKING:
    from aiogram.types import Message

# Others name what only their sender may use, or what Telegram finds by itself.
_KEPT = frozenset(
    {
        "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote",
        "expandable_blockquote", "code", "pre", "text_link", "date_time",
    }
)  # fmt: skip


def said_in(message: Message, after: str = "") -> Ours:
    """Return what *message* says behind its beginning *after*, such as a command."""
    text = storable(message.text or "")
    whole = text.removeprefix(after)
    rest = whole.lstrip()
    cut = units(text) - units(rest)
    entities = tuple(
        Entity(
            one.type,
            one.offset - cut,
            one.length,
            one.url,
            one.language,
            one.unix_time,
            one.date_time_format,
        )
        for one in message.entities or ()
        if one.type in _KEPT and one.offset >= cut
    )
    return Ours(rest, entities)
