"""The lease to poll, which one process has: renewed by a task of its own, and known at any moment.

A poll takes as long as the lease, so it cannot renew it. What a process knows of its lease holds by
its own clock, from before it asked: one that was halted finds it over when it goes on, before the
database tells.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.chat.outages import log_outage
from bot.loops import nap
from storage.db.engine import DatabaseError
from storage.db.leases import acquire_lease, lease_of, release_lease

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from storage.db.engine import Storage

log = structlog.get_logger(__name__)

POLL_ROLE = "poll"
LEASE = timedelta(seconds=8)
RENEW_SECONDS = 2.5
LOOK_SECONDS = 1.0  # how often others look whether it is over
_MARGIN_SECONDS = 0.5  # for clocks that do not go alike


@dataclass(eq=False)
class Tenure:
    """*clock*: of this machine, in seconds; it never goes back, nor stands still with us."""

    storage: Storage
    owner: str
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = nap
    _until: float = 0.0
    _is_told: bool = False

    def lasts(self) -> bool:
        return self.clock() < self._until

    async def run(self, stopping: asyncio.Event) -> None:
        """Seek it, and keep it, until *stopping* is set."""
        while not stopping.is_set():
            await self.pause(stopping, await self.ask())

    async def ask(self) -> float:
        """Take or renew it if that can be; return the seconds until that is to be tried again."""
        asked = self.clock()
        try:
            seconds = 0.0 if self.lasts() else await self._seconds_of_others()
            if seconds <= 0 and await self._hold():
                self._until = asked + LEASE.total_seconds() - _MARGIN_SECONDS
                seconds = RENEW_SECONDS
            else:
                self._until = 0.0
                seconds = min(max(seconds, 0.0), LOOK_SECONDS)
        except (DatabaseError, OSError) as error:
            self._tell(error)
            return LOOK_SECONDS
        if self._is_told:
            log.info("updates are taken again")
            self._is_told = False
        return seconds

    def _tell(self, error: Exception) -> None:
        if not self._is_told and not self.lasts():
            log_outage("no updates are taken while the database fails", error)
            self._is_told = True

    async def _seconds_of_others(self) -> float:
        """Return how long somebody else has it; not more than 0 if nobody has."""
        async with self.storage.reading() as tx:
            owner, until = await lease_of(tx, POLL_ROLE)
            return 0.0 if owner == self.owner else (until - tx.now).total_seconds()

    async def _hold(self) -> bool:
        async with self.storage.writing() as tx:
            return await acquire_lease(tx, POLL_ROLE, self.owner, LEASE)

    async def let_go(self) -> None:
        """Leave it to another process at once."""
        self._until = 0.0
        with suppress(DatabaseError, OSError):  # then it runs out by itself
            async with self.storage.writing() as tx:
                await release_lease(tx, POLL_ROLE, self.owner)
