"""The resources of a bot in tests: services on the test's database, and a fake web."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from bot.ops.logs import Failure
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderer
from bot.resources import Resources
from bot.sources.discovery.add import Addition, AddOutcome, SourceOptions
from bot.sources.discovery.discover import LookupResult
from bot.sources.discovery.opml import Outline, read_opml
from bot.sources.fetch.problems import Problem
from bot.sources.sealing import Keyring
from bot.subscribers.access import Access
from bot.subscribers.export_document import ExportDocument, read_document
from bot.subscribers.limits import Limits
from storage.db.engine import Storage
from storage.sources import add_source
from tests.conftest import MONDAY_NOON
from tests.rows import source_row

ADMIN = 900
MOST_TOPICS = 100
USUAL_LIMITS = Limits(topics=MOST_TOPICS, feeds=50, alerts=0)
KEYRING = Keyring(lambda: (bytes(32),))
LINKS = Links("https://bot.example", Signer(bytes(32)))


def errors() -> list[Failure]:
    return [Failure(MONDAY_NOON, "a stage failed · match · OSError: no room")]


class FakeAdding:
    """Adds nothing; returns *told*, or an outcome that depends on *problem* and earlier calls."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.problem: Problem | None = None
        self.told: Addition | None = None
        self.options = SourceOptions()

    async def add(self, url: str, _options: SourceOptions | None = None) -> Addition:
        self.asked.append(url)
        if self.told:
            return self.told
        is_there = url in self.asked[:-1]
        outcome = AddOutcome.REFUSED if self.problem else AddOutcome.ADDED
        outcome = AddOutcome.THERE if is_there else outcome
        return Addition(url, outcome, "Sample Times", 12, self.problem)


class FakeLooking:
    """Finds *told*, whatever the address."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.told = LookupResult("")

    async def look(self, url: str) -> LookupResult:
        self.asked.append(url)
        return replace(self.told, url=url)

    async def feeds_of(self, url: str) -> LookupResult:
        self.asked.append(url)
        return replace(self.told, url=url, title="", text="")


@dataclass(frozen=True)
class OneFeed:
    """Reads the same feed at each address, or has a *problem*."""

    storage: Storage
    problem: Problem | None = None

    async def for_account(self, url: str, /, *, room: int) -> Addition:
        assert room >= 0
        if self.problem:
            return Addition(url, AddOutcome.REFUSED, problem=self.problem)
        async with self.storage.writing() as tx:
            times = {"created_at": tx.now, "next_fetch_at": tx.now}
            row = source_row(url, host="feeds.example.org", title="Own Times", **times)
            source_id = await add_source(tx, row)
        return Addition(url, AddOutcome.ADDED, "Own Times", source_id=source_id)


class ReadsHere:
    """Reads uploads in this process instead of a worker."""

    async def outlines(self, data: bytes) -> tuple[Outline, ...]:
        return read_opml(data)

    async def export(self, data: bytes) -> ExportDocument:
        return read_document(data)


def make_resources(storage: Storage, **others: Any) -> Resources:
    """Return resources without access to the network; *others* replace some of them."""
    resources = Resources(
        storage=storage,
        renderer=others.get("renderer") or Renderer(),
        access=Access(is_open=True),
        limits=replace(USUAL_LIMITS, feeds=3),
        links=LINKS,
        mailer=None,
        source_adder=cast("Any", FakeAdding()),
        own_source_adder=cast("Any", OneFeed(storage)),
        link_lookup=cast("Any", FakeLooking()),
        upload_reader=cast("Any", ReadsHere()),
        started_at=MONDAY_NOON - timedelta(days=12),
        errors=errors,
        keyring=KEYRING,
    )
    return replace(resources, **others)
