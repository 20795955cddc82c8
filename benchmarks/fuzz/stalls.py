"""For how long the event loop stalls while hostile documents are read and stored."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final

from sqlmodel import col, update

from benchmarks import rows
from benchmarks.fuzz.bombs import FEEDS, LISTS, MAILS, Make, changing_word
from benchmarks.fuzz.trials import NOW
from benchmarks.processes import loop_lag
from bot.app.mail import report_reader
from bot.app.memory import start_collection
from bot.sources.discovery.add import SourceAdder
from bot.sources.discovery.opml import Outline, write_opml
from bot.sources.drafts import url_hash
from bot.sources.feeds.model import Unreadable
from bot.sources.parser_pool import QUICK, DocumentReader, Workers
from bot.sources.poll import SourcePoller
from storage.db.engine import Storage
from storage.sources import Source, add_source, source_of
from tests.conftest import TurnedClock
from tests.fake_fetcher import FakeFetcher

LIMIT_MS: Final = 100
# The largest that is read in the loop without and with ASCII alone, and a common bomb.
SIZES: Final = (QUICK // 2 - 1_000, QUICK - 1_000, 1_000_000)
_MAIL_SIZE: Final = 256_000
_ADDED: Final = ("tiny entries", "long entries")  # of these the most are stored
_WORKER_SECONDS: Final = 10.0  # as in service

Act = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Stall:
    """The longest: `ms` in CPU time of the loop's thread, `wall_ms` by the clock."""

    family: str
    bytes: int
    ms: float
    wall_ms: float
    outcome: str


@dataclass
class Documents:
    """Reads and stores documents as the bot does, each an hour after the one before."""

    storage: Storage
    reader: DocumentReader
    clock: TurnedClock
    web: FakeFetcher = field(
        default_factory=lambda: FakeFetcher(headers={"content-type": "text/xml"})
    )

    async def poll(self, url: str, body: bytes) -> str:
        self.web.otherwise = body
        self.clock.turn(timedelta(hours=1))
        async with self.storage.writing() as tx:
            await add_source(tx, rows.source(url, tx.now, first_read_at=tx.now))
            others = update(Source).where(col(Source.url) != url)
            await tx.change(others.values(next_fetch_at=tx.now + timedelta(days=1)))
            this = update(Source).where(col(Source.url) == url)
            await tx.change(this.values(next_fetch_at=tx.now, lease_until=None))
        await SourcePoller(self.storage, self.web, self.reader, owner="fuzz").poll_due()
        async with self.storage.reading() as tx:
            source = await source_of(tx, url_hash(url))
        return (source and source.error) or "read"

    async def add(self, url: str, body: bytes) -> str:
        self.web.otherwise = body
        adder = SourceAdder(self.storage, self.web, self.reader, public=True)
        return (await adder.add(url)).outcome

    async def find_links(self, body: bytes) -> str:
        return await _read(self.reader.links(body, url="http://e.org/"))

    async def read_outlines(self, body: bytes) -> str:
        return await _read(self.reader.outlines(body))

    async def read_report(self, mail: bytes) -> str:
        return await _read(report_reader(self.reader.workers)(mail))


async def measure_stalls(database: str, is_chosen: Callable[[str], bool]) -> list[Stall]:
    """Read each chosen family of documents; feeds are stored in the migrated, empty *database*."""
    storage = Storage.open(database, clock=(clock := TurnedClock(NOW)))
    async with DocumentReader(Workers(seconds=_WORKER_SECONDS)) as reader:
        documents = Documents(storage, reader, clock)
        # The first of each kind loads modules.
        await documents.poll("https://first.example/", b"Title\n\nA text.")
        await documents.read_outlines(write_opml([Outline("https://first.example/")], "Feeds"))
        start_collection()  # as in service
        stalls = [
            await _measure(family, size, act)
            for family, size, act in _acts(documents)
            if is_chosen(family)
        ]
    await storage.close()
    return stalls


def _acts(documents: Documents) -> Iterator[tuple[str, int, Act]]:
    for at, (family, make, size) in enumerate(_sized(FEEDS, *SIZES)):
        yield family, size, partial(documents.poll, f"https://host{at}.example/", make(size))
        if "page" in family:
            yield f"{family}, for its links", size, partial(documents.find_links, make(size))
    for at, name in enumerate(_ADDED):
        feed = FEEDS[name](SIZES[1])
        url = f"https://added{at}.example/"
        yield f"{name}, added", len(feed), partial(documents.add, url, feed)
    for version in range(3):
        word = changing_word(version)
        yield "a word that changes", len(word), partial(documents.poll, "https://w.example/", word)
    for family, make, size in _sized(LISTS, *SIZES):
        yield family, size, partial(documents.read_outlines, make(size))
    for family, make, size in _sized(MAILS, _MAIL_SIZE):
        yield family, size, partial(documents.read_report, make(size))


def _sized(families: dict[str, Make], *sizes: int) -> Iterator[tuple[str, Make, int]]:
    return ((family, make, size) for family, make in families.items() for size in sizes)


async def _read(reading: Awaitable[Any]) -> str:
    try:
        await reading
    except Unreadable as refusal:
        return refusal.reason
    return "read"


async def _measure(family: str, size: int, act: Act) -> Stall:
    async with loop_lag() as lag:
        try:
            outcome = await act()
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            outcome = f"crashed: {type(error).__name__}"
    return Stall(family, size, lag.max_cpu_ms, lag.max_ms, outcome)
