"""Politeness to hosts: one request in flight to each, and a pause after it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

APART_SECONDS = 2.0
_FORGET_ABOVE = 1000  # hosts remembered before those that owe no pause are dropped


@dataclass(slots=True)
class _Line:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    free_at: float = 0.0


class Spacing:
    """*clock* gives seconds that never go back; *sleep* waits that many."""

    def __init__(
        self,
        apart: float = APART_SECONDS,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._apart = apart
        self._clock = clock
        self._sleep = sleep
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until *host* may be asked; nobody else asks it inside the block."""
        line = self._lines.setdefault(host, _Line())
        line.waiting += 1
        try:
            async with line.lock:
                pause = line.free_at - self._clock()
                if pause > 0:
                    await self._sleep(pause)
                try:
                    yield
                finally:
                    line.free_at = self._clock() + self._apart
        finally:
            line.waiting -= 1
            self._forget()

    def _forget(self) -> None:
        if len(self._lines) <= _FORGET_ABOVE:
            return
        now = self._clock()
        self._lines = {
            host: line for host, line in self._lines.items() if line.waiting or line.free_at > now
        }
