"""Storage behind PgBouncer, which gives each transaction another session."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlmodel import func, select

from bot.app.resources import Database
from storage.db.engine import Storage
from storage.sources import Source
from tests.pgbouncer import pooled
from tests.storage.stored import add_sources, claim_sources

SOURCES = 300


@pytest.fixture
async def two_processes(database_url: str) -> AsyncIterator[tuple[Storage, Storage]]:
    """Yield the storages of two processes, which together want more connections than there are."""
    async with pooled(database_url) as url:
        database = Database(url=url, server=database_url, connections=8)
        storages = database.open(), database.open()
        yield storages
        for storage in storages:
            await storage.close()


async def claim_all(storage: Storage, owner: str) -> list[int]:
    claimed: list[int] = []
    while some := await claim_sources(storage, owner, limit=5):
        claimed += some
    return claimed


async def count(storage: Storage) -> int:
    async with storage.reading() as tx:
        return await tx.one(select(func.count()).select_from(Source))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_processes_behind_a_pooler_claim_each_row_once(two_processes):
    one, two = two_processes
    await add_sources(one, SOURCES)

    owners = [(storage, f"{n} {m}") for n, storage in enumerate((one, two)) for m in range(8)]
    claims = await asyncio.gather(*(claim_all(storage, owner) for storage, owner in owners))

    claimed = [row for rows in claims for row in rows]
    assert len(claimed) == len(set(claimed)) == SOURCES


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_many_transactions_share_the_few_connections_of_a_pooler(two_processes):
    one, two = two_processes
    await add_sources(one, 7)

    counts = await asyncio.gather(*(count(storage) for storage in 50 * [one, two]))

    assert set(counts) == {7}
