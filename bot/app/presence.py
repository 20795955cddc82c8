"""Saying that this process is alive, and freeing what those lease that are not any more.

A kill leaves leases that would run out one by one, that of a call after a minute and a half. On a
database that several processes share each renews a lease of its own; the others free all that a
process had in hand once that lease is over. Who judges has been heard by the database itself all
the time that the silence lasted: after an outage everybody is silent at first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.loops import nap
from storage.db.engine import DatabaseError
from storage.db.leases import (
    acquire_lease,
    dead_owners,
    delete_leases_of,
    presence_name,
    release_all_of,
)

if TYPE_CHECKING:
    import asyncio

    from storage.db.engine import Storage

log = structlog.get_logger(__name__)

# Longer than a call waits to begin after its intent (`calls.BEGINS_WITHIN_SECONDS`), and
# PostgreSQL for a transaction that stands still: nothing is begun under a lease that was freed.
LEASE: Final = timedelta(seconds=12)
EVERY: Final = timedelta(seconds=2)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Presence:
    storage: Storage
    owner: str
    _since: datetime = _LONG_AGO  # heard without a gap from then on
    _seen: datetime = _LONG_AGO

    async def keep(self, stopping: asyncio.Event) -> None:
        """Until *stopping* is set; then what is still in hand is the others' at once."""
        while not stopping.is_set():
            await self.look()
            await nap(stopping, EVERY.total_seconds())
        await self._say(timedelta())

    async def look(self) -> None:
        """Say that this process is alive; free what the dead had."""
        if not await self._say(LEASE) or self._seen - self._since < LEASE:
            return
        try:
            await self._bury()
        except (DatabaseError, OSError):
            return  # the next look does it

    async def _say(self, lease: timedelta) -> bool:
        try:
            async with self.storage.writing() as tx:
                await acquire_lease(tx, presence_name(self.owner), self.owner, lease)
        except (DatabaseError, OSError):
            return False  # away, which others say
        if tx.now - self._seen > 2 * EVERY:
            self._since = tx.now
        self._seen = tx.now
        return True

    async def _bury(self) -> None:
        # All tables: SQLAlchemy writes no row that refers to one it does not know.
        from storage.tables import LEASED

        async with self.storage.reading() as tx:
            dead = await dead_owners(tx)
        if not dead:
            return
        # One at a time, and their own word last: who dies over it leaves it to the next.
        for table in LEASED:
            async with self.storage.writing() as tx:
                await release_all_of(tx, table, dead)
        async with self.storage.writing() as tx:
            await delete_leases_of(tx, dead)
        log.warning("others are no more; what they had in hand is free", processes=sorted(dead))
