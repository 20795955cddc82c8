"""Politeness to hosts: one request in flight to each, a pause after it, and pauses they ask for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from bot.sources.fetch.problems import HostWaits

PAUSE_SECONDS = 2.0
_FORGET_ABOVE = 1000  # hosts in memory before those that owe no pause are dropped


@dataclass(slots=True)
class _Host:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    free_at: float = 0.0


class Throttle:
    """*clock* gives seconds that never go back; *sleep* waits that many."""

    def __init__(
        self,
        pause_seconds: float = PAUSE_SECONDS,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}
        self._blocked_until: dict[str, float] = {}
        self._limit = _FORGET_ABOVE

    def block(self, host: str, pause: timedelta) -> None:
        """Send *host* nothing for *pause*, as it asks; requests in line fail at once.

        The pause is a row as well (see `delay_host`); this stops what is already under way.
        """
        until = self._clock() + pause.total_seconds()
        self._blocked_until[host] = max(self._blocked_until.get(host, 0.0), until)

    def free(self, host: str) -> None:
        """Drop the pause after the last request: the host turned out to be the operator's own."""
        if host in self._hosts:
            self._hosts[host].free_at = 0.0

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until *host* may be asked; no other request goes to it inside the block.

        Raise HostWaits if the host has asked for a pause that is not over.
        """
        state = self._hosts.setdefault(host, _Host())
        state.waiting += 1
        try:
            async with state.lock:
                pause = state.free_at - self._clock()
                if pause > 0:
                    await self._sleep(pause)
                self._check_blocked(host)
                try:
                    yield
                finally:
                    state.free_at = self._clock() + self._pause_seconds
        finally:
            state.waiting -= 1
            self._forget()

    def _check_blocked(self, host: str) -> None:
        if (until := self._blocked_until.get(host)) is None:
            return
        left = until - self._clock()
        if left > 0:
            raise HostWaits(timedelta(seconds=left))
        del self._blocked_until[host]

    def _forget(self) -> None:
        if len(self._hosts) <= self._limit:
            return
        now = self._clock()
        self._hosts = {
            host: state
            for host, state in self._hosts.items()
            if state.waiting or state.free_at > now
        }
        self._blocked_until = {
            host: until for host, until in self._blocked_until.items() if until > now
        }
        # Not again at the very next request, where many hosts owe a pause.
        self._limit = max(_FORGET_ABOVE, 2 * len(self._hosts))
