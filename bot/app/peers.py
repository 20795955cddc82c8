"""Other processes on the same database, earlier or at the same time.

- A dead process leaves leases behind, and the lease of a call lasts a minute and a half. An SQLite
  file has one process, which releases the leases of earlier ones at its start. On PostgreSQL each
  process renews a lease of its presence, and the others release all leases of a process whose
  presence has expired.
- A committed transaction wakes stages of this process, and by NOTIFY those of the others.
- A newer version may change the schema at any time. This process goes on if it can use the new
  one, and stops within a minute otherwise. Migrations allow for that minute
  (docs/how-to/upgrade.md).
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.app.stops import TemporaryStopError
from bot.stages import wake_for
from bot.tasks import sleep_until, work_until
from storage.db.engine import SQLITE
from storage.db.leases import (
    acquire_lease,
    dead_owners,
    delete_leases_of,
    delete_other_leases,
    presence_name,
    release_all_of,
    release_all_of_others,
)
from storage.db.problems import DatabaseError
from storage.schema import SchemaError, is_still_usable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from bot.app.resources import ProcessContext
    from bot.stages import StageRunner
    from storage.db.engine import Storage
    from storage.db.notify import Notifier
    from storage.enums import Notification

log = structlog.get_logger(__name__)

# Longer than a call may wait to begin after its intent (`calls.BEGINS_WITHIN_SECONDS`), and longer
# than PostgreSQL lets a transaction idle, so that nothing begins under a released lease.
LEASE: Final = timedelta(seconds=12)
EVERY: Final = timedelta(seconds=2)
_LEAVE_SECONDS: Final = 1.0  # to release leases at the stop, even if the database is down
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

SCHEMA_CHECK_SECONDS: Final = 60.0


async def take_over(storage: Storage, owner: str) -> None:
    """Release the leases of earlier processes, if the database is a file with one process."""
    from storage.schema import leased_tables

    # Called on either database, because it imports all models: SQLAlchemy writes no row that refers
    # to a table of a model that was not imported.
    tables = leased_tables()
    if storage.dialect != SQLITE:
        return
    async with storage.writing() as tx:
        for table in tables:
            await release_all_of_others(tx, table, owner)
        await delete_other_leases(tx, owner)


@dataclass(slots=True)
class Presence:
    """Shows that this process lives, and releases the leases of dead ones.

    After an outage every presence has expired. A process therefore releases leases of others only
    after the database has answered it for the length of a lease.
    """

    storage: Storage
    owner: str
    _answered_since: datetime = _LONG_AGO  # without a gap
    _answered_at: datetime = _LONG_AGO  # the last time

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keep the presence for the block, then release the leases of this process.

        The block lasts until the last call in flight has ended, so that no other process takes
        over a call that is still being made.
        """
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(self._keep())
                yield
                keeping.cancel()
        finally:
            # If this fails, the leases expire, or others release them.
            with suppress(DatabaseError, OSError):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    await self._release([self.owner])

    async def _keep(self) -> None:
        while True:
            await self.check()
            await asyncio.sleep(EVERY.total_seconds())

    async def check(self) -> None:
        """Renew the presence of this process, and release the leases of dead ones."""
        if not await self._renew() or self._answered_at - self._answered_since < LEASE:
            return
        try:
            await self._release_dead()
        except (DatabaseError, OSError):
            return  # the next check tries again

    async def _renew(self) -> bool:
        try:
            async with self.storage.writing() as tx:
                await acquire_lease(tx, presence_name(self.owner), self.owner, LEASE)
        except (DatabaseError, OSError):
            return False  # others log the outage
        if abs(tx.now - self._answered_at) > 2 * EVERY:  # also after a clock was set back
            self._answered_since = tx.now
        self._answered_at = tx.now
        return True

    async def _release_dead(self) -> None:
        async with self.storage.reading() as tx:
            dead = await dead_owners(tx)
        if dead:
            await self._release(dead)
            log.warning("released the leases of dead processes", processes=sorted(dead))

    async def _release(self, owners: Sequence[str]) -> None:
        """Release one table at a time, and the presences last.

        If this process dies in between, another one does the rest.
        """
        from storage.schema import leased_tables

        for table in leased_tables():
            async with self.storage.writing() as tx:
                await release_all_of(tx, table, owners)
        async with self.storage.writing() as tx:
            await delete_leases_of(tx, owners)


@dataclass(frozen=True, slots=True)
class Wakeups:
    """Wakes the stages that have new work, in this process and by *others* in other processes."""

    runners: Sequence[StageRunner]
    others: Notifier | None = None

    def give(self, notifications: Collection[Notification]) -> None:
        for notification in notifications:
            self.wake(notification)
        if self.others:
            self.others.give(notifications)

    def wake(self, notification: Notification) -> None:
        wake_for(notification, self.runners)


async def wake_by_notifications(
    process: ProcessContext, runners: Sequence[StageRunner], stopping: asyncio.Event
) -> None:
    """Wake stages after commits of this process and others, until *stopping* is set."""
    from storage.db.notify import Notifier

    if process.storage.dialect == SQLITE:
        with process.storage.notifying(Wakeups(runners)):
            await stopping.wait()
        return
    others = Notifier(process.database.server)
    wakeups = Wakeups(runners, others)
    with process.storage.notifying(wakeups):
        await work_until(stopping, others.exchange(wakeups.wake))


@dataclass(slots=True)
class SchemaCheck:
    """Detects that a newer version has changed the schema so that this one cannot use it."""

    storage: Storage
    every_seconds: float = SCHEMA_CHECK_SECONDS
    reason: str = ""

    async def run(self, stopping: asyncio.Event) -> None:
        """Set *stopping* once this version cannot use the schema."""
        while not stopping.is_set():
            await sleep_until(stopping, self.every_seconds)
            if not stopping.is_set() and await self.is_outdated():
                log.error("this version is outdated and stops", reason=self.reason)
                stopping.set()

    async def is_outdated(self) -> bool:
        try:
            async with self.storage.reading() as tx:
                # An older schema is not reported, because the downgrade itself reports it.
                await is_still_usable(tx)
        except SchemaError as error:
            self.reason = str(error)
        except (DatabaseError, OSError):
            return False  # others log the outage
        return bool(self.reason)

    def raise_if_outdated(self) -> None:
        """Raise TemporaryStopError, because the next start may run the newer version."""
        if self.reason:
            raise TemporaryStopError(self.reason)
