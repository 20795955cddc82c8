"""The bot's own stages on a database of their own, with sources on the farm."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, redirect_stderr
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update
from sqlmodel import col, func, select

from benchmarks import rows
from benchmarks.ingest.feeds import PLANTED
from benchmarks.match.workload import Workload
from bot.app.peers import Wakeups
from bot.matching.query import parse
from bot.matching.stage import MatchStage
from bot.ops.logs import configure_logs
from bot.publishing.alerts import Alerts
from bot.rendering.renderer import Renderer
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.connection import CheckedSockets
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fulltext import PageStage
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from bot.stages import ALERT, MATCH, PAGE, POLL, Stage, StageRunner, connect
from storage.articles import Article
from storage.db.clock import DatabaseClock, database_clock
from storage.db.engine import Storage
from storage.enums import ArticleStage
from storage.queries import query_for
from storage.sources import AwaitedPage, Source, add_source, change_source
from tests.fake_web import FakeNames, RedirectedSockets

OWNER = "benchmark"
QUERIES = 1_000
RunOnce = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Stages:
    storage: Storage
    polling: SourcePoller
    completing: PageStage
    grouping: MatchStage
    alerting: Alerts

    @property
    def in_order(self) -> dict[str, RunOnce]:
        return {
            "poll": self.polling.poll_due,
            "pages": self.complete_all,
            "match": self.grouping.run_once,
            "alert": self.alerting.run_once,
        }

    async def complete_all(self) -> int:
        """Read pages until none is awaited, even if their hosts have to rest."""
        done = await self.completing.complete_due()
        async with self.storage.reading() as tx:
            left = await tx.one(select(func.count(col(AwaitedPage.article_id))))
        if left and not done:
            await asyncio.sleep(0.1)
        return left


@asynccontextmanager
async def stages_on(
    url: str, port: int, clock: DatabaseClock = database_clock
) -> AsyncIterator[Stages]:
    """Yield the stages on the empty database at *url*; every host name leads to *port* here."""
    storage = Storage.open(url, clock=clock, pool_size=20)
    fetcher = Fetcher(
        policy=AddressPolicy(),
        user_agent="Dateline benchmark",
        resolver=FakeNames(),
        sockets=lambda policy: RedirectedSockets(CheckedSockets(policy), port),
    )
    try:
        with _discarded_logs():
            async with fetcher, DocumentReader() as reader:
                yield Stages(
                    storage,
                    SourcePoller(storage, fetcher, reader, OWNER),
                    PageStage(storage, fetcher, reader, OWNER),
                    MatchStage(storage, OWNER),
                    Alerts(storage, Renderer(), OWNER),
                )
    finally:
        await storage.close()


@contextmanager
def _discarded_logs() -> Iterator[None]:
    """Write log lines as in service, to nowhere."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        configure_logs("json", "INFO")
        yield


@dataclass(slots=True)
class RunningStages:
    """Runners of all stages, and the names of those that are working now.

    *has_ended* is set whenever a stage has ended a round.
    """

    poll: StageRunner
    runners: Sequence[StageRunner]
    working: set[str] = field(default_factory=set)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def are_idle(self) -> bool:
        return not self.working and not any(runner.is_woken for runner in self.runners)


@asynccontextmanager
async def running(stages: Stages) -> AsyncIterator[RunningStages]:
    """Run the stages as the bot does: woken by each other, by commits and by their time-outs."""
    working: set[str] = set()
    has_ended = asyncio.Event()

    def runner(stage: Stage, run_once: RunOnce) -> StageRunner:
        async def noted() -> int:
            working.add(stage.name)
            try:
                return await run_once()
            finally:
                working.discard(stage.name)
                has_ended.set()

        return StageRunner(stage, noted)

    poll = runner(POLL, stages.polling.run_once)
    pages = runner(PAGE, stages.completing.run_once)
    match = runner(MATCH, stages.grouping.run_once)
    runners = [pages, poll, match, runner(ALERT, stages.alerting.run_once)]
    connect(runners)
    stages.polling.on_ended = poll.wake
    stages.completing.call_on_done(pages.wake)
    stopping = asyncio.Event()
    async with stages.polling, stages.completing, asyncio.TaskGroup() as group:
        with stages.storage.notifying(Wakeups(runners)):
            for each in runners:
                group.create_task(each.run(stopping))
            try:
                yield RunningStages(poll, runners, working, has_ended)
            finally:
                stopping.set()


async def add_queries(storage: Storage, count: int) -> None:
    queries = [str(query) for query in Workload().queries(count - 1)]
    async with storage.writing() as tx:
        for canonical in (*queries, str(parse(PLANTED))):
            await query_for(tx, canonical)


async def add_sources(storage: Storage, count: int) -> None:
    """Add sources, each on a host of its own, that are due now and then every ten minutes."""
    async with storage.writing() as tx:
        for feed in range(count):
            url = f"http://news{feed}.example/feed/{feed}"
            await add_source(tx, rows.source(url, tx.now, every_seconds=600))


async def make_all_due(storage: Storage) -> None:
    async with storage.writing() as tx:
        await tx.change(update(Source).values(next_fetch_at=tx.now, lease_until=None))


async def spread(storage: Storage, period: timedelta) -> None:
    """Make the sources due one after the other within *period*."""
    async with storage.writing() as tx:
        ids = await tx.rows(select(Source.id))
        for number, source_id in enumerate(ids):
            due = tx.now + period * number / len(ids)
            await change_source(tx, source_id, {"next_fetch_at": due, "lease_until": None})


async def mark_published(storage: Storage, *, besides: int) -> None:
    """Hide all articles from the stages, *besides* the newest."""
    async with storage.writing() as tx:
        newest = await tx.one(select(func.max(Article.id))) or 0
        older = update(Article).where(col(Article.id) <= newest - besides)
        await tx.change(older.values(stage=ArticleStage.PUBLISHED))


async def run_until_idle(run_once: RunOnce) -> None:
    while await run_once():
        pass
