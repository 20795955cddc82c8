from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from bot.sources.finding.adding import Adding
from bot.sources.fulltext import Completing
from bot.sources.getting.guard import Guard
from bot.sources.getting.http import Fetcher
from bot.sources.poll import Polling
from bot.sources.reading import Reader
from bot.sources.workers import Workers
from tests.sources.feedfarm import FeedFarm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.db.engine import Storage


@pytest.fixture
async def farm() -> AsyncIterator[FeedFarm]:
    async with FeedFarm() as farm:
        yield farm


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """Yield a fetcher that may reach this machine, where the farm is."""
    guard = Guard(networks=(ip_network("127.0.0.1/32"),))
    async with Fetcher(guard=guard, user_agent="Dateline/test (+https://example.org)") as fetcher:
        yield fetcher


@pytest.fixture
async def farm_fetcher(farm: FeedFarm) -> AsyncIterator[Fetcher]:
    """Yield a fetcher that may reach nothing on this machine but the farm."""
    guard = Guard(endpoints=frozenset({(ip_address("127.0.0.1"), farm.port)}))
    async with Fetcher(guard=guard, user_agent="Dateline/test (+https://example.org)") as fetcher:
        yield fetcher


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    """Yield a reader that waits for its workers, however busy this machine is."""
    async with Reader(Workers(seconds=600)) as reader:
        yield reader


@pytest.fixture
def adding(storage: Storage, fetcher: Fetcher, reader: Reader) -> Adding:
    return Adding(storage, fetcher, reader)


@pytest.fixture
def polling(storage: Storage, fetcher: Fetcher, reader: Reader) -> Polling:
    return Polling(storage, fetcher, reader, owner="me", jitter=lambda: 0)


@pytest.fixture
def completing(storage: Storage, fetcher: Fetcher, reader: Reader) -> Completing:
    return Completing(storage, fetcher, reader, owner="me")
