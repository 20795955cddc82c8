from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network

import pytest

from bot.sources.discovery.add import Addition, SourceAdder
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fulltext import PageStage
from bot.sources.parser_pool import DocumentReader, Workers
from bot.sources.poll import SourcePoller
from storage.db.engine import Storage
from tests.conftest import TurnedClock
from tests.fake_web import FakeWeb
from tests.sources.feeds_made import item, rss


@pytest.fixture
async def farm() -> AsyncIterator[FakeWeb]:
    async with FakeWeb() as farm:
        yield farm


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """Yield a fetcher that may reach this machine, on which the feed farm runs."""
    policy = AddressPolicy(networks=(ip_network("127.0.0.1/32"),))
    async with Fetcher(policy=policy, user_agent="Dateline/test (+https://example.org)") as fetcher:
        yield fetcher


@pytest.fixture
async def farm_fetcher(farm: FakeWeb) -> AsyncIterator[Fetcher]:
    """Yield a fetcher that may reach only the feed farm on this machine."""
    policy = AddressPolicy(endpoints=frozenset({(ip_address("127.0.0.1"), farm.port)}))
    async with Fetcher(policy=policy, user_agent="Dateline/test (+https://example.org)") as fetcher:
        yield fetcher


@pytest.fixture
async def reader() -> AsyncIterator[DocumentReader]:
    """Yield a reader that waits for its workers, however busy this machine is."""
    async with DocumentReader(Workers(seconds=600)) as reader:
        yield reader


@pytest.fixture
def adding(storage: Storage, fetcher: Fetcher, reader: DocumentReader) -> SourceAdder:
    return SourceAdder(storage, fetcher, reader, public=True)


@pytest.fixture
async def added(adding: SourceAdder, farm: FakeWeb, clock: TurnedClock) -> Addition:
    """Add the feed at /feed.xml, which has one entry; return the result."""
    farm.serve("/feed.xml", rss([item(1)]))
    return await adding.add(farm.url())


@pytest.fixture
def polling(storage: Storage, fetcher: Fetcher, reader: DocumentReader) -> SourcePoller:
    return SourcePoller(storage, fetcher, reader, owner="me", jitter=lambda: 0)


@pytest.fixture
def completing(storage: Storage, fetcher: Fetcher, reader: DocumentReader) -> PageStage:
    return PageStage(storage, fetcher, reader, owner="me")
