"""Who sent an update, in our words. A private chat has the id of its person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.subscribers.arrivals import Visitor
from bot.subscribers.lines import one_line

if TYPE_CHECKING:
    from aiogram.types import User

# Telegram's limit is 64; other servers may have none, and one row is not to carry a book.
_LONGEST_NAME = 64
_LONGEST_TAG = 16


def visitor_of(user: User) -> Visitor:
    return Visitor(
        person_id=user.id,
        telegram_id=user.id,
        name=one_line(user.first_name)[:_LONGEST_NAME],
        language=one_line(user.language_code or "")[:_LONGEST_TAG],
    )
