"""The bot's own steps on a database of their own, with sources that the farm feeds."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from sqlalchemy import update
from sqlmodel import col, func, select

from benchmarks.ingesting.feeds import PLANTED
from benchmarks.matching.workload import Workload
from bot.matching.query import parse
from bot.matching.stage import MatchStage
from bot.ops.logs import configure_logs
from bot.sources.drafts import url_hash
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.ssrf import Address, AddressPolicy
from bot.sources.fulltext import PageStage
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from storage.articles import Article
from storage.db.engine import DatabaseClock, Storage, database_clock
from storage.enums import ArticleStage
from storage.queries import query_for
from storage.schema import migrate
from storage.sources import AwaitedPage, Source, add_source, change_source

OWNER = "benchmark"
QUERIES = 10_000
_LOOPBACK = ip_network("127.0.0.0/8")


class Lenient(AddressPolicy):
    """Lets the farm through, as if it stood on the public Internet: hosts are spaced as there."""

    def check_address(self, address: Address | str, port: int) -> None:
        if ip_address(address) not in _LOOPBACK:
            super().check_address(address, port)

    def is_exempt(self, address: Address | str, port: int) -> bool:
        del address, port
        return False


class Anywhere(Fetcher):
    """Other addresses and pages lead to the farm too."""

    def _pool(self, policy: AddressPolicy) -> Any:
        del policy
        return super()._pool(Lenient(networks=(_LOOPBACK,)))


class EveryName(AbstractResolver):
    """Each name in the world is the farm's."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        found = ResolveResult(
            hostname=host,
            host="127.0.0.1",
            port=port,
            family=socket.AF_INET,
            proto=0,
            flags=socket.AI_NUMERICHOST,
        )
        return [found]

    async def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class World:
    storage: Storage
    fetcher: Fetcher
    polling: SourcePoller
    completing: PageStage
    grouping: MatchStage

    @property
    def after_polling(self) -> dict[str, Callable[[], Awaitable[int]]]:
        """The steps behind the polls, in their order."""
        return {
            "pages": self.complete_all,
            "match": self.grouping.run_once,
        }

    async def complete_all(self) -> int:
        """Read pages until none is awaited, however long their hosts are to rest."""
        done = await self.completing.complete_due()
        async with self.storage.reading() as tx:
            left = (await tx.session.exec(select(func.count(col(AwaitedPage.article_id))))).one()
        if left and not done:
            await asyncio.sleep(0.1)
        return left


@asynccontextmanager
async def world(url: str, clock: DatabaseClock = database_clock) -> AsyncIterator[World]:
    """Yield the steps on the empty database at *url*."""
    with _logging_to_nowhere():
        async with _steps(url, clock) as steps:
            yield steps


@contextmanager
def _logging_to_nowhere() -> Iterator[None]:
    """As in service, lines and all, but nobody reads them."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        configure_logs("json", "INFO")
        yield


@asynccontextmanager
async def _steps(url: str, clock: DatabaseClock) -> AsyncIterator[World]:
    await migrate(url)
    storage = Storage.open(url, clock=clock, pool_size=20)
    policy = Lenient(networks=(_LOOPBACK,))
    fetcher = Anywhere(policy=policy, user_agent="Dateline benchmark", resolver=EveryName())
    try:
        async with fetcher, DocumentReader() as reader:
            yield World(
                storage,
                fetcher,
                SourcePoller(storage, fetcher, reader, OWNER),
                PageStage(storage, fetcher, reader, OWNER),
                MatchStage(storage, OWNER),
            )
    finally:
        await storage.close()


async def add_queries(storage: Storage) -> None:
    queries = [str(query) for query in Workload().queries(QUERIES - 1)]
    async with storage.writing() as tx:
        for canonical in (*queries, str(parse(PLANTED))):
            await query_for(tx, canonical)


async def add_sources(storage: Storage, count: int, port: int) -> None:
    """Each on a host of its own, due now and then every ten minutes."""
    async with storage.writing() as tx:
        for feed in range(count):
            url = f"http://news{feed}.example:{port}/feed/{feed}"
            values: dict[str, Any] = {
                "url": url,
                "url_hash": url_hash(url),
                "host": f"news{feed}.example",
                "public": True,
                "every_seconds": 600,
                "created_at": tx.now,
                "next_fetch_at": tx.now,
            }
            await add_source(tx, values)


async def all_due(storage: Storage) -> None:
    """As if the last round was long ago: their hosts have rested too."""
    async with storage.writing() as tx:
        everything = update(Source).where(col(Source.id) > 0)
        await tx.session.exec(everything.values(next_fetch_at=tx.now, lease_until=None))


async def spread(storage: Storage, over: timedelta) -> None:
    """Let the sources fall due one after the other."""
    async with storage.writing() as tx:
        ids = list(await tx.session.exec(select(Source.id)))
        for at, source_id in enumerate(ids):
            due = tx.now + over * at / len(ids)
            await change_source(tx, source_id or 0, {"next_fetch_at": due, "lease_until": None})


async def pass_over(storage: Storage, *, but: int) -> None:
    """Let no step see the articles that are there, *but* the newest."""
    async with storage.writing() as tx:
        newest = (await tx.session.exec(select(func.max(Article.id)))).one() or 0
        older = update(Article).where(col(Article.id) <= newest - but)
        await tx.session.exec(older.values(stage=ArticleStage.PUBLISHED))


async def drained(step: Callable[[], Awaitable[int]]) -> None:
    while await step():
        pass
