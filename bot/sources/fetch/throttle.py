"""Keeps requests polite: one at a time to each host, a pause after it, and pauses hosts ask for.

Requests are made on behalf of public sources and of the operator (*public*), or of users. Public
requests go first, unless a user's request has waited for ten seconds. If a host answers a user's
request with a pause, only users' requests wait. Otherwise a user could silence a publisher with one
link.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from bot.sources.fetch.problems import HostPaused

PAUSE_SECONDS = 2.0
_USER_PATIENCE_SECONDS = 10.0
_UNTIL_STORED_SECONDS = 60.0
_FORGET_ABOVE = 1000  # hosts in memory, above which those without a pause are dropped


@dataclass(eq=False, slots=True)
class _Waiting:
    since: float
    woken: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Host:
    """A host, and the requests that wait for their turn."""

    is_asked: bool = False
    free_at: float = 0.0
    public: deque[_Waiting] = field(default_factory=deque)
    users: deque[_Waiting] = field(default_factory=deque)

    @property
    def is_awaited(self) -> bool:
        return self.is_asked or bool(self.public or self.users)

    def next(self, now: float) -> _Waiting | None:
        """Return the next request to send; None while one is in flight, or if none waits."""
        if self.is_asked or not self.is_awaited:
            return None
        if self.users and self.users[0].since <= now - _USER_PATIENCE_SECONDS:
            return self.users[0]
        return (self.public or self.users)[0]

    def wake_next(self, now: float) -> None:
        if request := self.next(now):
            request.woken.set()


class Throttle:
    """*clock*: returns monotonic seconds. *sleep*: waits for a number of seconds."""

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
        self._blocked_until: dict[tuple[str, bool], float] = {}
        """By host, and by whether public requests or users' requests are blocked."""
        self._limit = _FORGET_ABOVE

    def block(self, host: str, pause: timedelta, *, public: bool) -> None:
        """Send *host* nothing for *pause*, as it asks; waiting requests fail at once.

        *public*: the host asked a public request, so the pause applies to all requests, and
        otherwise to users' requests only. The pause is also a row (see `HostPause`), which claims
        respect. Public requests are blocked here only until their claims see the row, so that an
        operator can end the pause.
        """
        now, seconds = self._clock(), pause.total_seconds()
        self._block_until(host, now + seconds, public=False)
        if public:
            self._block_until(host, now + min(seconds, _UNTIL_STORED_SECONDS), public=True)
        self._forget()

    def free(self, host: str) -> None:
        """Drop the pause after the last request, because the host is the operator's own."""
        if host in self._hosts:
            self._hosts[host].free_at = 0.0

    @asynccontextmanager
    async def turn(self, host: str, *, public: bool) -> AsyncIterator[None]:
        """Wait until *host* may get a request; no other request goes to it inside the block.

        Raises HostPaused if the host has asked for a pause that has not ended.
        """
        state = self._hosts.setdefault(host, _Host())
        await self._wait_for_turn(state, public=public)
        try:
            self._check_blocked(host, public=public)
            try:
                yield
            finally:
                state.free_at = self._clock() + self._pause_seconds
        finally:
            state.is_asked = False
            state.wake_next(self._clock())
            self._forget()

    async def _wait_for_turn(self, state: _Host, *, public: bool) -> None:
        """Wait for the turn; a public request that arrives meanwhile goes before a user's."""
        line, request = state.public if public else state.users, _Waiting(self._clock())
        line.append(request)
        try:
            while True:
                if state.next(self._clock()) is not request:
                    request.woken.clear()
                    state.wake_next(self._clock())  # its turn may have come while this one slept
                    await request.woken.wait()
                elif (pause := state.free_at - self._clock()) > 0:
                    await self._sleep(pause)
                else:
                    state.is_asked = True
                    return
        finally:
            line.remove(request)
            state.wake_next(self._clock())  # if this one was cancelled

    def _block_until(self, host: str, until: float, *, public: bool) -> None:
        key = host, public
        self._blocked_until[key] = max(self._blocked_until.get(key, 0.0), until)

    def _check_blocked(self, host: str, *, public: bool) -> None:
        if (until := self._blocked_until.get((host, public))) is None:
            return
        left = until - self._clock()
        if left > 0:
            raise HostPaused(timedelta(seconds=left))
        del self._blocked_until[host, public]

    def _forget(self) -> None:
        if max(len(self._hosts), len(self._blocked_until)) <= self._limit:
            return
        now = self._clock()
        self._hosts = {
            host: state
            for host, state in self._hosts.items()
            if state.is_awaited or state.free_at > now
        }
        self._blocked_until = {
            each: until for each, until in self._blocked_until.items() if until > now
        }
        # If many hosts still have pauses, do not look through all of them at each request.
        self._limit = max(_FORGET_ABOVE, 2 * max(len(self._hosts), len(self._blocked_until)))
