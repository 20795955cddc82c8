"""The bot, wired as in `bot.app`, but for Telegram, the web and the waking of its stages."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from unittest.mock import patch

from pydantic import SecretStr
from sqlmodel import col, select

from benchmarks.processes import TOKEN
from benchmarks.skipping_clock import Clock, WorkingStorage
from benchmarks.soak.audience import Audience
from benchmarks.soak.numbers import DAY, HOUR, Numbers
from benchmarks.soak.telegram import Telegram
from benchmarks.soak.users import Users, users_of
from bot.app.deployment import Deployment
from bot.app.memory import (
    ALL_EVERY,
    RECENT_EVERY,
    collect_all,
    collect_recent,
    start_collection,
)
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
from bot.ops.instrumentation import GaugeName
from bot.settings import AccessMode, Settings
from bot.sources.feeds.model import AS_USUAL, Document, ReadingRules
from bot.sources.fetch.client import Fetcher
from bot.sources.parser_pool import DocumentReader, Workers
from bot.stages import SEND, StageRunner, connect
from bot.subscribers import catalogue, deletion
from storage import retention
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.enums import ChatState
from storage.stats import Backlog, backlog

# Seconds between two turns of stages whose work the backlog shows, and of the others.
KNOWN, UNKNOWN = 300.0, 120.0
SENDING_TICK: Final = 5.0  # while messages wait


@dataclass(frozen=True, slots=True)
class WorkingReader(DocumentReader):
    clock: Clock = field(kw_only=True)

    async def read(
        self,
        data: bytes,
        *,
        url: str,
        public: bool,
        content_type: str = "",
        known: bytes = b"",
        rules: ReadingRules = AS_USUAL,
    ) -> Document:
        with self.clock.working():
            return await DocumentReader.read(
                self,
                data,
                url=url,
                public=public,
                content_type=content_type,
                known=known,
                rules=rules,
            )


async def _digest_lag(tx: Transaction) -> float:
    """Return the seconds for which the oldest digest waits, at most since its chat is active."""
    late = (col(Chat.next_digest_at) <= tx.now, col(Chat.state) == ChatState.ACTIVE)
    rows = await tx.rows(select(Chat.next_digest_at, Chat.state_since).where(*late))
    return max(((tx.now - max(due, back)).total_seconds() for due, back in rows if due), default=0)


def _reader(clock: Clock) -> WorkingReader:
    # Skipped time must not end idle workers, because to start one takes a real second.
    patient = Workers(idle_seconds=HOUR.total_seconds())
    return WorkingReader(patient, replace(patient), clock=clock)


@dataclass(eq=False)
class SoakedBot:
    process: ProcessContext
    runners: list[StageRunner]
    users: Users
    clock: Clock
    tick: float
    _next: dict[str, float] = field(default_factory=dict)

    @property
    def story_mb(self) -> float:
        return self.process.instrumentation.gauges[GaugeName.STORY_MEMORY]() / 1e6

    async def wake_stages(self, seen: Callable[[Backlog], None]) -> None:
        """Wake the stages with due work, until cancelled; pass each backlog to *seen*."""
        while True:
            async with self.process.storage.reading() as tx:
                found = await backlog(tx, USUAL.limits)
                digest_lag = await _digest_lag(tx)
            seen(found._replace(lags={**found.lags, "digest": digest_lag}))
            self._wake(found.lags)
            await asyncio.sleep(SENDING_TICK if found.lags["send"] > 0 else self.tick)

    def _wake(self, lags: Mapping[str, float]) -> None:
        """Wake one runner of each stage with work, or all of them if it lags."""
        in_turn, first = self._in_turn(lags), set[str]()
        for runner in self.runners:
            lag = lags.get(runner.name, 0)
            is_first = lag > 0 and runner.name not in first
            if is_first or lag > 2 * self.tick or runner.name in in_turn:
                runner.wake()
            first.add(runner.name)

    def _in_turn(self, lags: Mapping[str, float]) -> set[str]:
        """Return the stages whose turn it is, with or without due work."""
        now, every = self.clock.seconds, {each.name: each.stage.every for each in self.runners}
        turns = {name for name in every if self._next.get(name, 0) <= now}
        for name in turns:
            least = KNOWN if name in lags else UNKNOWN
            self._next[name] = now + max(every[name].total_seconds(), least)
        return turns

    async def collect_garbage(self) -> None:
        """Collect garbage as the scheduler does in service."""
        start_collection()
        while True:
            await asyncio.sleep(RECENT_EVERY.total_seconds())
            await collect_all()
            for _ in range(ALL_EVERY // RECENT_EVERY - 1):
                await asyncio.sleep(RECENT_EVERY.total_seconds())
                await collect_recent()


@asynccontextmanager
async def soaked_bot(
    numbers: Numbers,
    storage: WorkingStorage,
    url: str,
    fetcher: Fetcher,
    telegram: Telegram,
    audience: Audience,
) -> AsyncIterator[SoakedBot]:
    clock = storage.clock
    async with AsyncExitStack() as stack:
        stack.enter_context(_short_retention(numbers))
        stack.enter_context(_real_threads(clock))
        process = ProcessContext(
            settings=_settings(url, numbers),
            deployment=Deployment(TOKEN, "http://127.0.0.1:9", AccessMode.OPEN),
            sources=SourceResources(
                storage, fetcher, await stack.enter_async_context(_reader(clock))
            ),
            links=await make_links(storage, "https://soak.example"),
            announce=lambda _line: None,
        )
        await catalogue.load_catalogue(storage)
        users, chat_runners = await stack.enter_async_context(
            users_of(process, numbers, clock, telegram, audience)
        )
        sending = await stack.enter_async_context(_sending(process, telegram))
        runners = [sending, *publish_stages(process), *match_stages(process)]
        runners += [*await poll_stages(process, stack), *chat_runners]
        for runner in runners:
            runner.timeout_seconds = None  # `SoakedBot` wakes them
        connect(runners, process.instrumentation)
        stack.enter_context(storage.notifying(Wakeups(runners)))
        yield SoakedBot(process, runners, users, clock, numbers.tick)


@contextmanager
def _real_threads(clock: Clock) -> Iterator[None]:
    """Skip no time while a thread works."""
    in_thread = asyncio.to_thread

    async def to_thread(work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with clock.working():
            return await in_thread(work, *args, **named)

    with patch("asyncio.to_thread", to_thread):
        yield


@asynccontextmanager
async def _sending(process: ProcessContext, telegram: Telegram) -> AsyncIterator[StageRunner]:
    """Run the stage of `send_stages` with the simulated channel."""
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
    # Shorter than the settings allow, so that a few days show the deletion of old rows.
    kept = {"keep_articles_days": numbers.kept_days, "keep_deliveries_days": numbers.kept_days}
    return settings.model_copy(update=kept)


@contextmanager
def _short_retention(numbers: Numbers) -> Iterator[None]:
    """Shorten the retention for which there is no setting."""
    with (
        patch.object(retention, "SHOWN_BY_A_SOURCE", numbers.listed),
        patch.object(retention, "NEWEST_OF_A_QUERY", numbers.listed),
        patch.object(deletion, "EDITIONS", numbers.kept_days * DAY),
    ):
        yield
