"""What everybody in a group may do: a handler that only reads says so; all else is not for all.

router.message.register(asked_for, Command("topics"), flags=READS)
"""

from __future__ import annotations

from typing import Any

from aiogram.dispatcher.flags import get_flag

from bot.subscribers.input import Address, Code

READS = {"reads": True}


def only_reads(data: dict[str, Any]) -> bool:
    """Whether what the found handler would do with *event* changes nothing.

    What was typed in a group, and read, may answer a question, or be an address or a code.
    """
    if not get_flag(data, "reads"):
        return False
    return not data.get("asked") and not isinstance(data.get("read"), Address | Code)
