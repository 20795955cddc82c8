"""The frame of every stage here: claim rows, load a page, decide, write deliveries.

1. Rows are claimed in a transaction of their own, so that other processes see the leases at once.
2. Rows are worked on in batches. Where a batch fails, its halves are tried, down to a single row:
   one bad row neither ends the round nor takes others with it. A row that fails alone is put aside
   (an article) or rests for a while (any other row), because it would be claimed first for ever.
3. A batch that concerns many chats goes through them in pages, each a transaction of its own. What
   a page decides is a row that is unique, so a page begun again after a crash repeats nothing.
4. A page first renews the leases of its batch, and drops the rows that another process has by now.
   Work outside of transactions keeps its leases by `renewing`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar

import structlog

from bot.batches import GivesUp, in_batches
from storage.db.engine import DatabaseError, Storage, Transaction
from storage.db.leases import release, renew
from storage.db.sql import Leased

log = structlog.get_logger(__name__)

Row = TypeVar("Row")
Cursor = TypeVar("Cursor")
Claimed = TypeVar("Claimed", bound=Any)  # a leased table that numbers its rows

REST: Final = timedelta(minutes=15)

# Of a lease's time, so that one renewal may fail.
_RENEWED_EVERY = 1 / 3


async def run_stage(
    storage: Storage,
    claim: Callable[[Transaction], Awaitable[Sequence[Row]]],
    work: Callable[[Sequence[Row]], Awaitable[None]],
    give_up: GivesUp[Row],
    *,
    together: int = 1,
) -> int:
    """Claim rows and *work* on them, so many *together*; return how many were claimed."""
    async with storage.writing() as tx:
        rows = await claim(tx)
    await in_batches(rows, work, give_up, together=together)
    return len(rows)


def resting(storage: Storage, table: type[Claimed], owner: str) -> GivesUp[Claimed]:
    """Return what lets a row of *table* rest for a while, so that it holds up no other."""

    async def rest(row: Claimed, error: Exception) -> None:
        async with storage.writing() as tx:
            await release(tx, table, [row.id], owner, lease_until=tx.now + REST)
        log.error("a row fails and rests", table=table.__tablename__, id=row.id, exc_info=error)

    return rest


async def in_pages(
    storage: Storage, page: Callable[[Transaction, Cursor], Awaitable[Cursor | None]], first: Cursor
) -> None:
    """Do *page* in one transaction after another, each from where the last ended, until None."""
    after: Cursor | None = first
    while after is not None:
        async with storage.writing() as tx:
            after = await page(tx, after)


@asynccontextmanager
async def renewing(
    storage: Storage, table: type[Leased], ids: Iterable[int], owner: str, lease: timedelta
) -> AsyncIterator[None]:
    """Renew the leases of those rows that *owner* still has, as long as the block lasts."""
    held = list(ids)

    async def keep() -> None:
        while True:
            await asyncio.sleep(lease.total_seconds() * _RENEWED_EVERY)
            try:
                async with storage.writing() as tx:
                    await renew(tx, table, held, owner, lease)
            except DatabaseError as error:
                # The work itself finds that the database is away; until then it may be back.
                log.warning("leases could not be renewed", rows=len(held), reason=str(error))

    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(keep())
        try:
            yield
        finally:
            keeping.cancel()
