"""Every call of the Bot API and what became of it, for tests that count."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from bot.playground.bodies import Upload


@dataclass(slots=True)
class Entry:
    """`status` is the HTTP status, 0 for no answer; `applied` if the effect is there."""

    at: float
    method: str
    params: dict[str, Any] = field(default_factory=dict)
    chat_id: int | None = None
    status: int = 0
    ok: bool = False
    applied: bool = False
    message_id: int | None = None
    description: str = ""
    n: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "at": self.at,
            "method": self.method,
            "chat_id": self.chat_id,
            "params": self.params,
            "status": self.status,
            "ok": self.ok,
            "applied": self.applied,
            "message_id": self.message_id,
            "description": self.description,
        }


class Journal:
    """A ring: the oldest entries go when *size* is reached; numbers go on, so a gap shows."""

    def __init__(self, size: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._written = 0

    def write(self, entry: Entry) -> None:
        self._written += 1
        entry.n = self._written
        self._entries.append(entry)

    def after(self, n: int) -> list[Entry]:
        kept = len(self._entries)
        first = self._written - kept + 1
        skipped = min(max(n + 1 - first, 0), kept)
        return [self._entries[i] for i in range(skipped, kept)]


def shown(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as the journal keeps them: of a file only its name and size."""
    return {
        name: {"name": value.name, "bytes": len(value.content)}
        if isinstance(value, Upload)
        else value
        for name, value in params.items()
    }
