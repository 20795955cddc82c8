"""Runs the command line on the test's database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from io import StringIO
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

import pytest
from rich.console import Console, RenderableType
from sqlalchemy import text
from typer.testing import CliRunner, Result

from bot.cli.main import app
from bot.sources.administration import Checkup, check_source
from bot.sources.discovery.add import SourceAdder
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from storage.db.engine import Storage
from tests.conftest import TurnedClock
from tests.fake_web import FakeWeb

Returned = TypeVar("Returned")


def with_storage_at(url: str, act: Callable[[Storage], Awaitable[Returned]]) -> Returned:
    """Do *act* with the storage at *url*, in an event loop of its own."""

    async def work() -> Returned:
        storage = Storage.open(url)
        try:
            return await act(storage)
        finally:
            await storage.close()

    return asyncio.run(work())


def execute_at(url: str, statement: str, **values: str) -> None:
    async def work(storage: Storage) -> None:
        async with storage.writing() as tx:
            await tx.change(text(statement).bindparams(**values))

    with_storage_at(url, work)


@pytest.fixture
def dateline_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], Callable[..., Result]]:
    """Return a function from a database URL to a runner of commands, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    monkeypatch.setenv("COLUMNS", "160")

    def on(url: str) -> Callable[..., Result]:
        monkeypatch.setenv("DATABASE_URL", url)

        def run(*arguments: object, stdin: str | None = None) -> Result:
            return CliRunner().invoke(app, list(map(str, arguments)), input=stdin)

        return run

    return on


@pytest.fixture
def dateline(
    dateline_on: Callable[[str], Callable[..., Result]], sqlite_url: str
) -> Callable[..., Result]:
    """Return a function that runs a command: `dateline("access", "ban", "12345")`."""
    return dateline_on(sqlite_url)


@dataclass
class Operator:
    """Adds, polls and checks sources."""

    storage: Storage
    fetcher: Fetcher
    reader: DocumentReader

    def __post_init__(self) -> None:
        self.adding = SourceAdder(self.storage, self.fetcher, self.reader, public=True)
        self.polling = SourcePoller(
            self.storage, self.fetcher, self.reader, owner="us", jitter=lambda: 0
        )

    async def check(self, url: str) -> Checkup:
        return await check_source(self.storage, self.fetcher, self.reader, url)


@pytest.fixture
async def operator(sqlite_url: str, clock: TurnedClock) -> AsyncIterator[Operator]:
    storage = Storage.open(sqlite_url, clock=clock)
    policy = AddressPolicy(networks=(ip_network("127.0.0.1/32"),))
    async with Fetcher(policy=policy, user_agent="test") as fetcher, DocumentReader() as reader:
        yield Operator(storage, fetcher, reader)
    await storage.close()


@pytest.fixture
async def farm() -> AsyncIterator[FakeWeb]:
    async with FakeWeb() as farm:
        yield farm


def printed(*shown: RenderableType) -> str:
    out = StringIO()
    Console(file=out, width=200).print(*shown)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
