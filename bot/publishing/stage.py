"""The frame of all publishing stages: claim rows, load a page, decide, enqueue deliveries.

1. Rows are claimed in their own transaction, so that other processes see the leases at once.
2. Rows are processed in batches. If a batch fails, its halves are tried, down to a single row, so
   that one bad row neither ends the round nor affects others. A row that fails alone is put aside
   (an article) or rests for a while (any other row). Otherwise every round would claim it first.
3. A batch that concerns many chats is paged, one transaction per page. Each decision is a unique
   row, so that a page that is repeated after a crash decides nothing twice.
4. A page first renews the leases of its batch, and drops rows that another process has taken over.
   Work outside of transactions keeps its leases with `renewing`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar

import structlog

from bot.batches import GivesUp, in_batches
from storage.db.engine import Storage, Transaction
from storage.db.leases import release, renew
from storage.db.problems import DatabaseError
from storage.db.sql import Leased

log = structlog.get_logger(__name__)

Row = TypeVar("Row")
Cursor = TypeVar("Cursor")
Claimed = TypeVar("Claimed", bound=Any)  # a leased table that numbers its rows

REST: Final = timedelta(minutes=15)

_RENEWED_EVERY = 1 / 3  # of the lease, so that one renewal may fail


async def run_stage(
    storage: Storage,
    claim: Callable[[Transaction], Coroutine[Any, Any, Sequence[Row]]],
    work: Callable[[Sequence[Row]], Awaitable[None]],
    give_up: GivesUp[Row],
    *,
    together: int = 1,
) -> int:
    """Claim rows and *work* on them in batches of *together*; return how many were claimed.

    *claim* may await only statements of its transaction.
    """
    rows = await storage.write_at_once(claim)
    await in_batches(rows, work, give_up, together=together)
    return len(rows)


def resting(storage: Storage, table: type[Claimed], owner: str) -> GivesUp[Claimed]:
    """Return a function that keeps a failing row of *table* from being claimed for `REST`."""

    async def rest(row: Claimed, error: Exception) -> None:
        async with storage.writing() as tx:
            await release(tx, table, [row.id], owner, lease_until=tx.now + REST)
        log.error("a row failed and rests", table=table.__tablename__, id=row.id, exc_info=error)

    return rest


async def in_pages(
    storage: Storage, page: Callable[[Transaction, Cursor], Awaitable[Cursor | None]], first: Cursor
) -> None:
    """Run *page* in one transaction after another, each from the last cursor, until None."""
    after: Cursor | None = first
    while after is not None:
        async with storage.writing() as tx:
            after = await page(tx, after)


@asynccontextmanager
async def renewing(
    storage: Storage, table: type[Leased], ids: Iterable[int], owner: str, lease: timedelta
) -> AsyncIterator[None]:
    """Renew the leases of the rows that *owner* still holds while the block runs."""
    held = list(ids)

    async def keep() -> None:
        while True:
            await asyncio.sleep(lease.total_seconds() * _RENEWED_EVERY)
            try:
                async with storage.writing() as tx:
                    await renew(tx, table, held, owner, lease)
            except DatabaseError as error:
                # The database may be back before the next renewal. If not, the work itself fails.
                log.warning("renewing leases failed", rows=len(held), reason=str(error))

    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(keep())
        try:
            yield
        finally:
            keeping.cancel()
