"""The bot, wired as `bot.app` wires it; what wakes its stages, and what is outside, are ours."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from unittest.mock import patch

from pydantic import SecretStr
from sqlmodel import col, select

from benchmarks.soak.clock import Clock
from benchmarks.soak.numbers import DAY, HOUR, Numbers
from benchmarks.soak.people import People, front_door
from benchmarks.soak.telegram import Telegram
from benchmarks.soak.town import Town
from bot.app.deployment import Deployment
from bot.app.memory import ALL_EVERY, RECENT_EVERY, collect_all, collect_recent
from bot.app.peers import Wakeups
from bot.app.resources import ProcessContext, SourceResources, make_links
from bot.app.roles import (
    CALLS_PATIENCE,
    FEW_CALLS,
    match_stages,
    poll_stages,
    publish_stages,
)
from bot.budgets import USUAL
from bot.delivery.pace import bot_key
from bot.delivery.sender import Calls, SendStage
from bot.settings import AccessMode, Settings
from bot.sources.feeds.model import Document
from bot.sources.fetch.client import Fetcher
from bot.sources.parser_pool import DocumentReader, Workers
from bot.stages import SEND, StageRunner, connect
from bot.subscribers import catalogue, deletion
from storage import retention
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.enums import ChatState
from storage.stats import Backlog, backlog

TOKEN: Final = "1:playground"
# Seconds between the ticks of steps whose work the backlog tells of, and of the others.
KNOWN, UNKNOWN = 300.0, 120.0
HOT: Final = 5.0  # while messages wait


class RealStorage(Storage):
    """While a transaction is open, time is not skipped."""

    clock: Clock

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        with self.clock.working():
            async with super().reading() as tx:
                yield tx

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        with self.clock.working():
            async with super().writing() as tx:
                yield tx


@dataclass(frozen=True, slots=True)
class RealReader(DocumentReader):
    clock: Clock = field(kw_only=True)

    async def read(
        self,
        data: bytes,
        *,
        url: str,
        public: bool,
        content_type: str = "",
        known: Collection[int] = frozenset(),
    ) -> Document:
        with self.clock.working():
            return await DocumentReader.read(
                self, data, url=url, public=public, content_type=content_type, known=known
            )


async def _digests_late(tx: Transaction) -> float:
    """How many seconds the oldest waits; what was owed while its chat was away, since then."""
    late = (col(Chat.next_digest_at) <= tx.now, col(Chat.state) == ChatState.ACTIVE)
    rows = await tx.session.exec(select(Chat.next_digest_at, Chat.state_since).where(*late))
    return max(((tx.now - max(due, back)).total_seconds() for due, back in rows if due), default=0)


def _reader(clock: Clock) -> RealReader:
    # Its minute of idleness passes in no time, and to start a worker takes a second of ours.
    patient = Workers(idle_seconds=HOUR.total_seconds())
    return RealReader(patient, replace(patient), clock=clock)


def open_storage(url: str, clock: Clock) -> RealStorage:
    storage = RealStorage.open(url, clock=clock)
    assert isinstance(storage, RealStorage)
    storage.clock = clock
    return storage


@dataclass(eq=False)
class House:
    process: ProcessContext
    runners: list[StageRunner]
    people: People
    clock: Clock
    tick: float
    _next: dict[str, float] = field(default_factory=dict)

    async def tick_on(self, seen: Callable[[Backlog], None]) -> None:
        """Wake what is due, until cancelled; *seen* is told of each look at the backlog."""
        while True:
            async with self.process.storage.reading() as tx:
                found = await backlog(tx, USUAL.limits)
                since_back = await _digests_late(tx)
            seen(found._replace(lags={**found.lags, "digest": since_back}))
            self._wake(found.lags)
            await asyncio.sleep(HOT if found.lags["send"] > 0 else self.tick)

    def _wake(self, lags: Mapping[str, float]) -> None:
        """Wake one runner of each stage that has work, all of them where that does not suffice."""
        regular, first = self._regular(lags), set[str]()
        for runner in self.runners:
            lag = lags.get(runner.name, 0)
            is_first = lag > 0 and runner.name not in first
            if is_first or lag > 2 * self.tick or runner.name in regular:
                runner.wake()
            first.add(runner.name)

    def _regular(self, lags: Mapping[str, float]) -> set[str]:
        """Return those whose turn it is, whether anything is known to be due or not."""
        now, every = self.clock.seconds, {each.name: each.stage.every for each in self.runners}
        turns = {name for name in every if self._next.get(name, 0) <= now}
        for name in turns:
            least = KNOWN if name in lags else UNKNOWN
            self._next[name] = now + max(every[name].total_seconds(), least)
        return turns

    async def keep_tidy(self) -> None:
        """Do as the scheduler does in service."""
        rounds = ALL_EVERY // RECENT_EVERY
        while True:
            for _ in range(rounds):
                await collect_recent()
                await asyncio.sleep(RECENT_EVERY.total_seconds())
            await collect_all()


@asynccontextmanager
async def house(
    numbers: Numbers,
    clock: Clock,
    storage: RealStorage,
    url: str,
    fetcher: Fetcher,
    telegram: Telegram,
    town: Town,
) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        stack.enter_context(short_retention(numbers))
        stack.enter_context(_real_threads(clock))
        process = ProcessContext(
            settings=_settings(url, numbers),
            deployment=Deployment(TOKEN, "http://127.0.0.1:9", AccessMode.OPEN),
            sources=SourceResources(
                storage, fetcher, await stack.enter_async_context(_reader(clock))
            ),
            links=await make_links(storage, "https://soak.example"),
            announce=lambda _said: None,
        )
        await catalogue.load_catalogue(storage)
        people, answering = await stack.enter_async_context(
            front_door(process, numbers, clock, telegram, town)
        )
        sending = await stack.enter_async_context(_sending(process, telegram))
        runners = [sending, *publish_stages(process), *match_stages(process)]
        runners += [*await poll_stages(process, stack), *answering]
        for runner in runners:
            runner.timeout_seconds = None  # `House` wakes them
        connect(runners, process.instrumentation)
        stack.enter_context(storage.notifying(Wakeups(runners)))
        yield House(process, runners, people, clock, numbers.tick)


@contextmanager
def _real_threads(clock: Clock) -> Iterator[None]:
    """What a thread does takes its real time."""
    in_thread = asyncio.to_thread

    async def to_thread(work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with clock.working():
            return await in_thread(work, *args, **named)

    with patch("asyncio.to_thread", to_thread):
        yield


@asynccontextmanager
async def _sending(process: ProcessContext, telegram: Telegram) -> AsyncIterator[StageRunner]:
    """Do as `send_stages`, but for the channel."""
    key, pace = bot_key(process.deployment.token), process.settings.send_per_second
    async with Calls(FEW_CALLS, CALLS_PATIENCE) as calls:
        stage = SendStage(
            process.storage, telegram, process.owner, calls, key, pace, process.instrumentation
        )
        send = StageRunner(SEND, stage.run_once)
        calls.on_done = send.wake
        yield send


def _settings(url: str, numbers: Numbers) -> Settings:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        bot_token=SecretStr(TOKEN),
        database_url=SecretStr(url),
        access=AccessMode.OPEN,
    )
    # Shorter than the settings allow, so that a few days show what is forgotten.
    kept = {"keep_articles_days": numbers.kept_days, "keep_deliveries_days": numbers.kept_days}
    return settings.model_copy(update=kept)


@contextmanager
def short_retention(numbers: Numbers) -> Iterator[None]:
    """For the block also what no setting shortens goes soon."""
    with (
        patch.object(retention, "SHOWN_BY_A_SOURCE", numbers.shown),
        patch.object(retention, "NEWEST_OF_A_QUERY", numbers.shown),
        patch.object(deletion, "EDITIONS", numbers.kept_days * DAY),
    ):
        yield
