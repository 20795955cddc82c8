"""The journal of Bot API calls, and the events that the chat page and tests wait for."""

import asyncio
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.playground.state.files import Upload


@dataclass(slots=True)
class JournalEntry:
    """*status* is the HTTP status, 0 without a response; *applied*: the call took effect."""

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
        return asdict(self)


class Journal:
    """A ring buffer of *size* entries; their numbers are consecutive, so a gap shows."""

    def __init__(self, size: int) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=size)
        self._written = 0

    def write(self, entry: JournalEntry) -> None:
        self._written += 1
        entry.n = self._written
        self._entries.append(entry)

    def after(self, n: int) -> list[JournalEntry]:
        kept = len(self._entries)
        first = self._written - kept + 1
        skipped = min(max(n + 1 - first, 0), kept)
        return [self._entries[i] for i in range(skipped, kept)]


def loggable(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters for the journal, with name and size in place of each file."""
    return {
        name: {"name": value.name, "bytes": len(value.content)}
        if isinstance(value, Upload)
        else value
        for name, value in params.items()
    }


Event = dict[str, Any]


class Events:
    """A bounded queue of numbered events; a changed message takes the number as its version."""

    def __init__(self, size: int) -> None:
        self._queue: deque[Event] = deque(maxlen=size)
        self._published = asyncio.Event()
        self.last = 0

    def publish(self, kind: str, **facts: Any) -> int:
        self.last += 1
        self._queue.append({"n": self.last, "kind": kind} | facts)
        self._published.set()
        self._published = asyncio.Event()
        return self.last

    def after(self, n: int) -> list[Event]:
        found: list[Event] = []
        for event in reversed(self._queue):
            if event["n"] <= n:
                break
            found.append(event)
        return found[::-1]

    async def wait(self, n: int) -> None:
        """Return as soon as there is an event after *n*."""
        while self.last <= n:
            await self._published.wait()
