"""The bot itself, wired as `bot.app` wires it; only its ticks, and what is outside, are ours."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from pydantic import SecretStr
from sqlmodel import col, select

from benchmarks.soak.numbers import DAY, HOUR
from benchmarks.soak.people import People, front_door
from bot.app.places import Place
from bot.app.steps.matching import matching_loops
from bot.app.steps.publishing import publishing_loops
from bot.app.steps.reading import reading_loops
from bot.app.steps.sending import CALLS_PATIENCE, FEW_CALLS
from bot.app.surroundings import Surroundings
from bot.app.ticking import KEEP_SECONDS, LOOK_THROUGH_SECONDS, keep_what_is_there, look_through_all
from bot.app.tools import SourceTools, make_links
from bot.app.wiring import TICK_SECONDS, Wakeups, wire
from bot.delivery.pace import bot_key
from bot.delivery.sender import Calls, SendStage
from bot.loops import Loop
from bot.settings import Access, Settings
from bot.sources.parser_pool import DocumentReader, Workers
from bot.subscribers import catalogue, deletion
from storage import retention
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatState
from storage.stats import backlog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping

    from benchmarks.soak.clock import Clock
    from benchmarks.soak.numbers import Numbers
    from benchmarks.soak.telegram import Telegram
    from benchmarks.soak.town import Town
    from bot.sources.feeds.model import Document
    from bot.sources.fetch.client import Fetcher
    from storage.db.engine import Transaction
    from storage.stats import Backlog

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
        content_type: str = "",
        known: Collection[int] = frozenset(),
    ) -> Document:
        with self.clock.working():
            return await DocumentReader.read(
                self, data, url=url, content_type=content_type, known=known
            )


async def _digests_late(tx: Transaction) -> float:
    """How many seconds the oldest waits; what was owed while its chat was away, since then."""
    late = (col(Chat.next_digest_at) <= tx.now, col(Chat.state) == ChatState.ACTIVE)
    rows = await tx.session.exec(select(Chat.next_digest_at, Chat.state_since).where(*late))
    return max(((tx.now - max(due, back)).total_seconds() for due, back in rows if due), default=0)


def _reader(clock: Clock) -> RealReader:
    # Its minute of idleness passes in no time, and to start a worker takes a second of ours.
    return RealReader(Workers(idle_seconds=HOUR.total_seconds()), clock=clock)


def open_storage(url: str, clock: Clock) -> RealStorage:
    storage = RealStorage.open(url, clock=clock)
    assert isinstance(storage, RealStorage)
    storage.clock = clock
    return storage


@dataclass(eq=False)
class House:
    around: Surroundings
    loops: list[Loop]
    people: People
    clock: Clock
    tick: float
    _next: dict[str, float] = field(default_factory=dict)

    async def tick_on(self, seen: Callable[[Backlog], None]) -> None:
        """Wake what is due, until cancelled; *seen* is told of each look at the backlog."""
        while True:
            async with self.around.storage.reading() as tx:
                found = await backlog(tx)
                since_back = await _digests_late(tx)
            seen(found._replace(lags={**found.lags, "digest": since_back}))
            self._wake(found.lags)
            await asyncio.sleep(HOT if found.lags["send"] > 0 else self.tick)

    def _wake(self, lags: Mapping[str, float]) -> None:
        """Wake one loop of each step that has work, all of them where that does not suffice."""
        regular, first = self._regular(lags), set[str]()
        for loop in self.loops:
            lag = lags.get(loop.name, 0)
            is_first = lag > 0 and loop.name not in first
            if is_first or lag > 2 * self.tick or loop.name in regular:
                loop.wake()
            first.add(loop.name)

    def _regular(self, lags: Mapping[str, float]) -> set[str]:
        """Return those whose turn it is, whether anything is known to be due or not."""
        now, names = self.clock.seconds, {loop.name for loop in self.loops}
        turns = {name for name in names if self._next.get(name, 0) <= now}
        for name in turns:
            least = KNOWN if name in lags else UNKNOWN
            self._next[name] = now + max(TICK_SECONDS[name], least)
        return turns

    async def keep_tidy(self) -> None:
        """Do as the scheduler does in service."""
        rounds = LOOK_THROUGH_SECONDS // KEEP_SECONDS
        while True:
            for _ in range(rounds):
                await keep_what_is_there()
                await asyncio.sleep(KEEP_SECONDS)
            await look_through_all()


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
        around = Surroundings(
            settings=_settings(url, numbers),
            place=Place(token=TOKEN, api="http://127.0.0.1:9", database=url, access=Access.OPEN),
            tools=SourceTools(storage, fetcher, await stack.enter_async_context(_reader(clock))),
            links=await make_links(storage, "https://soak.example"),
            announce=lambda _said: None,
        )
        await catalogue.load_catalogue(storage)
        people, answering = await stack.enter_async_context(
            front_door(around, numbers, clock, telegram, town)
        )
        sending = await stack.enter_async_context(_sending(around, telegram))
        loops = [sending, *publishing_loops(around), *matching_loops(around)]
        loops += [*reading_loops(around), *answering]
        wire(loops, around.watch)
        stack.enter_context(storage.notifying(Wakeups(loops)))
        yield House(around, loops, people, clock, numbers.tick)


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
async def _sending(around: Surroundings, telegram: Telegram) -> AsyncIterator[Loop]:
    """Do as `sending_loops`, but for the channel."""
    key, pace = bot_key(around.place.token), around.settings.send_per_second
    async with Calls(FEW_CALLS, CALLS_PATIENCE) as calls:
        stage = SendStage(around.storage, telegram, around.owner, calls, key, pace, around.watch)
        send = Loop("send", stage.run_once)
        calls.on_done = send.wake
        yield send


def _settings(url: str, numbers: Numbers) -> Settings:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        bot_token=SecretStr(TOKEN),
        database_url=SecretStr(url),
        access=Access.OPEN,
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
