"""For how long the event loop stands still while hostile documents are read, and stored."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.fuzz.bombs import FEEDS, LISTS, MAILS, Make, of_words
from benchmarks.fuzz.trials import NOW
from bot.app.mail import report_reader
from bot.app.memory import collect_recent
from bot.sources.discovery.add import SourceAdder
from bot.sources.discovery.opml import Outline, write_opml
from bot.sources.drafts import url_hash
from bot.sources.feeds.model import Unreadable
from bot.sources.fetch.response import Response
from bot.sources.parser_pool import QUICK, DocumentReader, Workers
from bot.sources.poll import SourcePoller
from storage.db.engine import Storage
from storage.sources import Source, add_source, source_of

LONGEST_MS: Final = 100  # that the loop may stand still
SIZES: Final = (QUICK - 1_000, 1_000_000)  # the largest that is read at once, and a usual bomb
_MAIL: Final = 256_000
_ADDED: Final = ("tiny entries", "long entries")  # most are stored of these
_BEAT_SECONDS: Final = 0.002
_WORKER_SECONDS: Final = 10.0  # as in service

Act = Callable[[], Awaitable[str]]


class TurnedClock:
    now: datetime = NOW

    async def __call__(self, _session: AsyncSession) -> datetime:
        return self.now


@dataclass(frozen=True, slots=True)
class Stood:
    """`ms`: what the loop's thread worked between two turns; `wall_ms`: with what others took."""

    family: str
    bytes: int
    ms: float
    wall_ms: float
    outcome: str


@dataclass(slots=True)
class Beat:
    longest: float = 0.0
    longest_wall: float = 0.0

    async def run(self) -> None:
        while True:
            wall, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(_BEAT_SECONDS)
            self.longest = max(self.longest, time.thread_time() - cpu)
            self.longest_wall = max(self.longest_wall, time.perf_counter() - wall - _BEAT_SECONDS)


@dataclass
class Web:
    """Gives *body*, whatever is asked for."""

    body: bytes = b""

    async def fetch(self, url: str, **_facts: Any) -> Response:
        return Response(200, url, {"content-type": "text/xml"}, self.body)


@dataclass
class Newsroom:
    """Reads and stores what is put on the web, an hour after the last time."""

    storage: Storage
    reader: DocumentReader
    clock: TurnedClock
    web: Web = field(default_factory=Web)

    async def poll(self, url: str, body: bytes) -> str:
        self.web.body, self.clock.now = body, self.clock.now + timedelta(hours=1)
        await add_sources(self.storage, [url])
        async with self.storage.writing() as tx:
            others = update(Source).where(col(Source.url) != url)
            await tx.session.exec(others.values(next_fetch_at=tx.now + timedelta(days=1)))
            ours = update(Source).where(col(Source.url) == url)
            await tx.session.exec(ours.values(next_fetch_at=tx.now, lease_until=None))
        await SourcePoller(self.storage, self.web, self.reader, owner="fuzz").poll_due()
        async with self.storage.reading() as tx:
            source = await source_of(tx, url_hash(url))
        return (source and source.error) or "read"

    async def links(self, body: bytes) -> str:
        return await _read(self.reader.links(body, url="http://e.org/"))

    async def outlines(self, body: bytes) -> str:
        return await _read(self.reader.outlines(body))

    async def report(self, mail: bytes) -> str:
        return await _read(report_reader(self.reader.workers)(mail))

    async def add(self, url: str, body: bytes) -> str:
        self.web.body = body
        return (
            await SourceAdder(self.storage, self.web, self.reader, public=True).add(url)
        ).outcome


async def stood_under(database: str, asked: Callable[[str], bool]) -> list[Stood]:
    """Let each family that is *asked* for be read as the bot does it.

    Feeds go into the migrated, empty *database*.
    """
    pauses = []
    storage = Storage.open(database, clock=(clock := TurnedClock()))
    async with DocumentReader(Workers(seconds=_WORKER_SECONDS)) as reader:
        newsroom = Newsroom(storage, reader, clock)
        await newsroom.poll("https://first.example/", b"Title\n\nA text.")  # all is loaded then
        await newsroom.outlines(write_opml([Outline("https://first.example/")], "Feeds"))
        await collect_recent()  # as in service
        for family, size, act in _acts(newsroom):
            if asked(family):
                pauses.append(await _stood(family, size, act))
    await storage.close()
    return pauses


def _acts(newsroom: Newsroom) -> Iterator[tuple[str, int, Act]]:
    for at, (family, make, size) in enumerate(_sized(FEEDS, *SIZES)):
        yield family, size, partial(newsroom.poll, f"https://host{at}.example/", make(size))
        if "page" in family:
            yield f"{family}, for its links", size, partial(newsroom.links, make(size))
    for at, name in enumerate(_ADDED):
        feed = FEEDS[name](SIZES[1])
        url = f"https://added{at}.example/"
        yield f"{name}, added", len(feed), partial(newsroom.add, url, feed)
    for version in range(3):
        word = of_words(version)
        yield "a word that changes", len(word), partial(newsroom.poll, "https://w.example/", word)
    for family, make, size in _sized(LISTS, *SIZES):
        yield family, size, partial(newsroom.outlines, make(size))
    for family, make, size in _sized(MAILS, _MAIL):
        yield family, size, partial(newsroom.report, make(size))


def _sized(families: dict[str, Make], *sizes: int) -> Iterator[tuple[str, Make, int]]:
    return ((family, make, size) for family, make in families.items() for size in sizes)


async def _read(reading: Awaitable[Any]) -> str:
    try:
        await reading
    except Unreadable as refusal:
        return refusal.reason
    return "read"


async def _stood(family: str, size: int, act: Act) -> Stood:
    beat = Beat()
    async with asyncio.TaskGroup() as group:
        beating = group.create_task(beat.run())
        await asyncio.sleep(_BEAT_SECONDS)
        outcome = await _outcome(act)
        await asyncio.sleep(2 * _BEAT_SECONDS)  # the last stretch counts too
        beating.cancel()
    ms, wall_ms = (round(seconds * 1e3, 1) for seconds in (beat.longest, beat.longest_wall))
    return Stood(family, size, ms, wall_ms, outcome)


async def _outcome(act: Act) -> str:
    try:
        return await act()
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"crashed: {type(error).__name__}"


async def add_sources(storage: Storage, urls: Sequence[str]) -> None:
    async with storage.writing() as tx:
        for url in urls:
            row = {"url": url, "url_hash": url_hash(url), "host": url.split("/")[2]}
            dates = {"created_at": tx.now, "next_fetch_at": tx.now, "first_read_at": tx.now}
            await add_source(tx, row | dates | {"public": True})
