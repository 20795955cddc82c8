"""Messages of a group that are for the bot: mentions of its name, and replies to its messages.

Members discuss the news by replying to it, so a reply to an alert or a digest is not for the bot,
and neither are greetings and thanks. A message of the bot without buttons may be a part of a
digest; below it, only an address, a code and a link are for the bot.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiogram.enums import MessageEntityType

from bot.chat.questions import question_in
from bot.rendering.keyboards import ALERT, ALL, SETTINGS, TOPICS
from bot.subscribers.input import Address, Code, Nonsense, read_typed
from bot.subscribers.intents import SMALL_TALK, whole_intent
from bot.subscribers.posts import Post, PostLink

if TYPE_CHECKING:
    from aiogram.types import Message

_NEWS = frozenset({ALERT, ALL, SETTINGS, TOPICS})  # the buttons below alerts and digests
_NAMES_SOMEBODY = frozenset({MessageEntityType.MENTION, MessageEntityType.TEXT_MENTION})


def without_name(message: Message, name: str) -> str | None:
    """Return the text without the mention of *name*; None if there is no such mention."""
    text = message.text or ""
    for entity in message.entities or ():
        mention = entity.extract_from(text)
        if entity.type == MessageEntityType.MENTION and mention.lower() == f"@{name}":
            return " ".join(text.replace(mention, " ", 1).split())
    return None


def is_reply_to_bot(message: Message, bot_id: int) -> bool:
    """Return whether *message* replies to the bot, and says something to it."""
    shown = message.reply_to_message
    if shown is None or shown.from_user is None or shown.from_user.id != bot_id:
        return False
    if question_in(shown):
        return bool(message.text)
    prefixes = _prefixes(shown)
    if not _NEWS.isdisjoint(prefixes):
        return False
    return message.document is not None or _is_input(message, has_buttons=bool(prefixes))


def _is_input(message: Message, *, has_buttons: bool) -> bool:
    text = message.text or ""
    match read_typed(text):
        case Address() | Code() | PostLink():
            return True
        case Nonsense() | Post():
            return False
    is_to_somebody = any(entity.type in _NAMES_SOMEBODY for entity in message.entities or ())
    return has_buttons and not is_to_somebody and whole_intent(text) not in SMALL_TALK


def _prefixes(message: Message) -> frozenset[str]:
    """Return the kinds of the buttons below *message*; "" stands for links."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return frozenset(
        re.split("[:|]", button.callback_data or "", maxsplit=1)[0]
        for row in rows
        for button in row
    )
