"""The frame of every stage here: claim rows, load a page, decide, write deliveries.

1. Rows are claimed in a transaction of their own, so that other processes see the leases at once.
2. Rows are worked on in batches. Where a batch fails, each of its rows is tried alone: one bad row
   neither ends the round nor takes others with it.
3. A batch that concerns many chats goes through them in pages, each a transaction of its own. What
   a page decides is a row that is unique, so a page begun again after a crash repeats nothing.
4. A page first renews the leases of its batch, and drops the rows that another process has by now.
   Work outside of transactions keeps its leases by `renewing`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

import structlog

from storage.db.engine import DatabaseError, Storage, Transaction
from storage.db.leases import renew
from storage.db.sql import Leased

log = structlog.get_logger(__name__)

Row = TypeVar("Row")
Cursor = TypeVar("Cursor")

# Of a lease's time, so that one renewal may fail.
_RENEWED_EVERY = 1 / 3


async def run_stage(
    storage: Storage,
    claim: Callable[[Transaction], Awaitable[Sequence[Row]]],
    work: Callable[[Sequence[Row]], Awaitable[None]],
    *,
    together: int = 1,
) -> int:
    """Claim rows and *work* on them, so many *together*; return how many were claimed."""
    async with storage.writing() as tx:
        rows = await claim(tx)
    await in_batches(rows, work, together=together)
    return len(rows)


async def in_batches(
    rows: Sequence[Row], work: Callable[[Sequence[Row]], Awaitable[None]], *, together: int = 1
) -> None:
    """Do *work* on batches of *rows*; where one fails, on each of its rows alone.

    What failed is raised together, after the last. Without that a row that always fails would be
    claimed first for ever, and starve those behind it.
    """
    failures: list[Exception] = []

    async def attempt(batch: Sequence[Row]) -> None:
        try:
            await work(batch)
        except Exception as failure:  # noqa: BLE001 - raised below, with the others
            if len(batch) == 1:
                failures.append(failure)
                return
            for row in batch:
                await attempt([row])

    for start in range(0, len(rows), together):
        await attempt(rows[start : start + together])
    if failures:
        raise ExceptionGroup("some could not be published", failures)


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
