"""Sources for tests of polling, and questions about the rows that a poll stores."""

from datetime import timedelta
from typing import Any, TypeVar

from sqlmodel import SQLModel, select

from bot.sources.poll import SourcePoller
from storage.articles import Article
from storage.db.engine import Storage, Transaction
from storage.sources import Source, add_source
from tests.conftest import TurnedClock
from tests.rows import source_row

Row = TypeVar("Row", bound=SQLModel)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def add_sources(
    storage: Storage, *urls: str, public: bool = True, **columns: Any
) -> list[int]:
    """Store sources that are due now, and return their ids."""
    async with storage.writing() as tx:
        times = {"created_at": tx.now, "next_fetch_at": tx.now}
        return [
            await add_source(tx, source_row(url, public=public, **times | columns)) or 0
            for url in urls
        ]


async def add_named_source(tx: Transaction, name: str, **columns: Any) -> int:
    """Store a public source that is due, at a host of this name; return its id."""
    row = source_row(f"https://{name}.example/feed", **{"public": True} | columns)
    return await add_source(tx, row) or 0


async def rows_of(storage: Storage, table: type[Row]) -> list[Row]:
    async with storage.reading() as tx:
        return list(await tx.rows(select(table)))


async def only_source(storage: Storage) -> Source:
    (source,) = await rows_of(storage, Source)
    return source


async def poll_after(polling: SourcePoller, clock: TurnedClock, wait: timedelta = DAY) -> int:
    clock.turn(wait)
    return await polling.poll_due()


async def articles_of(storage: Storage) -> dict[str, Article]:
    return {article.title: article for article in await rows_of(storage, Article)}
