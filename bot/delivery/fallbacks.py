"""Fallbacks: what goes out instead of a body that was refused.

1. Text with entities falls back to plain text.
2. A picture falls back to its caption.
3. A rich message falls back to its classic parts: the first takes its row, the others `following`
   in the fallback become rows of their own. Each part still has its plain text to fall back to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.rendering.messages import Message

Stored = Mapping[str, Any]


def swapped_in(fallback: Stored) -> dict[str, Any]:
    """Return `body` and `fallback` as they are once *fallback* has taken the body's place."""
    body = {name: value for name, value in fallback.items() if name != "following"}
    return {"body": body, "fallback": _fallback_of(body)}


def following(fallback: Stored) -> Sequence[dict[str, Any]]:
    """Return `body` and `fallback` of each message that comes after the first of *fallback*."""
    return [swapped_in(body) for body in fallback.get("following", ())]


def _fallback_of(body: Stored) -> dict[str, Any] | None:
    """Return what is left to fall back to: nothing for plain text."""
    message = Message.from_json(body)
    return message.fallback() if message.entities or message.photo else None
