"""Politeness to hosts: one request in flight to each, a pause after it, and what they ask for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from bot.sources.getting.failures import HostWaits

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
        self._held: dict[str, float] = {}
        self._most = _FORGET_ABOVE

    def hold(self, host: str, pause: timedelta) -> None:
        """Ask *host* nothing for as long as it wants; those who stand in line do not wait for it.

        The pause is a row as well (see `storage/hosts.py`); this spares what is under way already.
        """
        until = self._clock() + pause.total_seconds()
        self._held[host] = max(self._held.get(host, 0.0), until)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until *host* may be asked; nobody else asks it inside the block.

        Raise HostWaits if it must not be asked for long.
        """
        line = self._lines.setdefault(host, _Line())
        line.waiting += 1
        try:
            async with line.lock:
                pause = line.free_at - self._clock()
                if pause > 0:
                    await self._sleep(pause)
                self._check_held(host)
                try:
                    yield
                finally:
                    line.free_at = self._clock() + self._apart
        finally:
            line.waiting -= 1
            self._forget()

    def _check_held(self, host: str) -> None:
        if (until := self._held.get(host)) is None:
            return
        left = until - self._clock()
        if left > 0:
            raise HostWaits(timedelta(seconds=left))
        del self._held[host]

    def _forget(self) -> None:
        if len(self._lines) <= self._most:
            return
        now = self._clock()
        self._lines = {
            host: line for host, line in self._lines.items() if line.waiting or line.free_at > now
        }
        self._held = {host: until for host, until in self._held.items() if until > now}
        # Not again at the very next request, where many hosts owe a pause.
        self._most = max(_FORGET_ABOVE, 2 * len(self._lines))
