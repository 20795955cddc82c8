"""What tests of polling ask again and again."""

from datetime import timedelta
from typing import TypeVar

from sqlmodel import SQLModel, select

from bot.sources.poll import SourcePoller
from storage.articles import Article
from storage.db.engine import Storage
from storage.sources import Source
from tests.conftest import TurnedClock

Row = TypeVar("Row", bound=SQLModel)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def rows_of(storage: Storage, table: type[Row]) -> list[Row]:
    async with storage.reading() as tx:
        return list(await tx.session.exec(select(table)))


async def only_source(storage: Storage) -> Source:
    (source,) = await rows_of(storage, Source)
    return source


async def poll_after(polling: SourcePoller, clock: TurnedClock, wait: timedelta = DAY) -> int:
    clock.turn(wait)
    return await polling.poll_due()


async def articles_of(storage: Storage) -> dict[str, Article]:
    return {article.title: article for article in await rows_of(storage, Article)}
