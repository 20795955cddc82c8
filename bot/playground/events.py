"""What changed, in order, for those who wait: the chat page and tests."""

import asyncio
from collections import deque
from typing import Any

Event = dict[str, Any]


class Events:
    """A bounded line of numbered events; the number is also the version of what it speaks of."""

    def __init__(self, size: int) -> None:
        self._line: deque[Event] = deque(maxlen=size)
        self._bell = asyncio.Event()
        self.last = 0

    def publish(self, kind: str, **facts: Any) -> int:
        self.last += 1
        self._line.append({"n": self.last, "kind": kind} | facts)
        self._bell.set()
        self._bell = asyncio.Event()
        return self.last

    def after(self, n: int) -> list[Event]:
        found: list[Event] = []
        for event in reversed(self._line):
            if event["n"] <= n:
                break
            found.append(event)
        return found[::-1]

    async def wait(self, n: int) -> None:
        """Return as soon as there is an event after *n*."""
        while self.last <= n:
            await self._bell.wait()
