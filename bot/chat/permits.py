"""What everybody in a group may do: a handler that only reads says so; all else is not for all.

router.message.register(asked_for, Command("topics"), flags=READS)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram.dispatcher.flags import get_flag
from aiogram.types import Message

from bot.chat.questions import asked_by
from bot.subscribers.input import Address, Code, read_typed

if TYPE_CHECKING:
    from aiogram.types import TelegramObject

    from bot.chat.context import Context

READS = {"reads": True}


def only_reads(event: TelegramObject, data: dict[str, Any]) -> bool:
    """Whether what the found handler would do with *event* changes nothing."""
    if not get_flag(data, "reads"):
        return False
    if not isinstance(event, Message) or (event.text or "").startswith("/"):
        return True
    context: Context = data["context"]
    if asked_by(event, context.user):
        return False
    return not isinstance(read_typed(event.text or ""), Address | Code)
