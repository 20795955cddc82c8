"""A week in a minute: Dateline's reader with a simulated clock, against the server here.

Everything else is real, but names have public addresses, whose sockets are redirected here.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from benchmarks.politeness.rulebook import RULES
from benchmarks.politeness.rules import Verdict
from benchmarks.politeness.server import Recorder, Server
from bot.sources.discovery.add import SourceAdder, SourceOptions
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.connection import CheckedSockets
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fetch.throttle import Throttle
from bot.sources.fulltext import PageStage
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from storage.db.engine import Storage
from storage.enums import SourceState
from storage.sources import Source
from tests.conftest import TurnedClock
from tests.fake_web import FakeNames, RedirectedSockets, serving

WEEK = timedelta(days=7)
TICK = timedelta(seconds=1)
RESTARTS = tuple(timedelta(days=3, minutes=7 * number) for number in range(5))
USER_AGENT = "Dateline/test (reads news feeds for subscribers; +https://example.org)"


@dataclass
class Week:
    storage: Storage
    clock: TurnedClock
    port: int
    recorder: Recorder
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    async def run(self, length: timedelta = WEEK) -> None:
        """Add every feed, then read what is due, with a few restarts."""
        started = self.clock.now
        async with self._started() as (adding, *_steps):
            for url, _rule, feed in self.recorder.listed():
                every = feed.every_minutes and timedelta(minutes=feed.every_minutes)
                await adding.add(url, SourceOptions(every=every or None))
        for moment in (*(started + each for each in RESTARTS if each < length), started + length):
            async with self._started() as (_adding, polling, completing):
                await self._work_until(polling, completing, moment)

    async def _work_until(
        self, polling: SourcePoller, completing: PageStage, end: datetime
    ) -> None:
        while self.clock.now < end:
            if await polling.poll_due():
                while await completing.complete_due():
                    pass
                continue
            due = await self._next_due()
            self.clock.now = min(max(due or end, self.clock.now + TICK), end)

    async def _next_due(self) -> datetime | None:
        async with self.storage.reading() as tx:
            soonest = select(func.min(col(Source.next_fetch_at)))
            due: datetime | None = await tx.one(
                soonest.where(col(Source.state) == SourceState.ACTIVE)
            )
            return due

    @asynccontextmanager
    async def _started(self) -> AsyncIterator[tuple[SourceAdder, SourcePoller, PageStage]]:
        """Yield the stages of a new process."""
        throttle = Throttle(clock=self._seconds, sleep=self._sleep)
        async with AsyncExitStack() as stack:
            fetcher = await stack.enter_async_context(
                Fetcher(
                    policy=AddressPolicy(),
                    user_agent=USER_AGENT,
                    resolver=FakeNames(),
                    throttle=throttle,
                    sockets=lambda policy: RedirectedSockets(CheckedSockets(policy), self.port),
                )
            )
            reader = await stack.enter_async_context(DocumentReader())
            yield (
                SourceAdder(self.storage, fetcher, reader, public=True),
                SourcePoller(self.storage, fetcher, reader, owner="me", jitter=self._jitter),
                PageStage(self.storage, fetcher, reader, owner="me"),
            )

    def _seconds(self) -> float:
        return self.clock.now.timestamp()

    def _jitter(self) -> float:
        return self.chance.uniform(-1, 1)

    async def _sleep(self, seconds: float) -> None:
        """Turn the clock; tasks that sleep together wake together."""
        until = self.clock.now + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.clock.now = max(self.clock.now, until)


async def simulate_week(database_url: str, length: timedelta = WEEK) -> list[Verdict]:
    """Judge Dateline's reader on the empty, migrated database at *database_url*."""
    clock = TurnedClock()
    recorder = Recorder({f"http://{rule.name}.example": rule for rule in RULES}, lambda: clock.now)
    storage = Storage.open(database_url, clock=clock)
    try:
        async with serving(Server(recorder).respond, ["127.0.0.1"], 0) as port:
            await Week(storage, clock, port, recorder).run(length)
    finally:
        await storage.close()
    return recorder.verdicts()
