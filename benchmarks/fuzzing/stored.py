"""Mutated documents as the answers of sources that are polled and stored: who has no reason?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import SQLModel, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.fuzzing.seeds import Seeds
from benchmarks.fuzzing.trials import NOW, made
from bot.sources.drafts import url_hash
from bot.sources.fetch.problems import ProblemCode
from bot.sources.fetch.response import Response
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from storage.articles import Article
from storage.db.engine import Storage
from storage.entries import Entry
from storage.sources import Source, add_source

SOURCES = 40
_APART = timedelta(days=2)  # whatever a source asks for, it is due again then


@dataclass
class Polled:
    """What the sources said of themselves; `wrong`: (number, what), none of which may be."""

    errors: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    articles: int = 0
    entries: int = 0

    @property
    def done(self) -> int:
        return self.errors.total()


class TurnedClock:
    now: datetime = NOW

    async def __call__(self, _session: AsyncSession) -> datetime:
        return self.now


@dataclass
class Web:
    """Gives each address the document whose number stands there."""

    seeds: Seeds
    numbers: dict[str, int] = field(default_factory=dict)

    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,  # noqa: ARG002 - as a fetcher is called
        last_modified: str | None = None,  # noqa: ARG002 - see above
        inside: bool = False,  # noqa: ARG002 - see above
    ) -> Response:
        if url not in self.numbers:
            return Response(404, url)
        body, content_type = made(self.numbers[url], self.seeds, "http://127.0.0.1:9")
        return Response(200, url, {"content-type": content_type}, body)


async def poll_all(numbers: Iterable[int], seeds: Seeds, database: str) -> Polled:
    """Poll the documents of *numbers* into the migrated, empty *database*."""
    polled, clock, web = Polled(), TurnedClock(), Web(seeds)
    storage = Storage.open(database, clock=clock)
    urls = [f"https://host{number}.example/feed" for number in range(SOURCES)]
    await add_sources(storage, urls)
    async with DocumentReader() as reader:
        polling = SourcePoller(storage, web, reader, owner="fuzz", jitter=lambda: 0)
        for some in _portions(numbers):
            web.numbers = dict(zip(urls, some, strict=False))
            clock.now += _APART
            while await polling.poll_due():
                pass
            await _look(storage, web.numbers, polled)
    polled.articles, polled.entries = await _count(storage, Article), await _count(storage, Entry)
    await storage.close()
    return polled


async def add_sources(storage: Storage, urls: Sequence[str]) -> None:
    async with storage.writing() as tx:
        for url in urls:
            row = {"url": url, "url_hash": url_hash(url), "host": url.split("/")[2]}
            dates = {"created_at": tx.now, "next_fetch_at": tx.now, "first_read_at": tx.now}
            await add_source(tx, row | dates | {"public": True})


async def _look(storage: Storage, numbers: dict[str, int], polled: Polled) -> None:
    async with storage.writing() as tx:
        for source in await tx.session.exec(select(Source)):
            if source.url not in numbers:
                continue
            polled.errors[source.error or "read"] += 1
            if fault := _fault(source, tx.now):
                polled.wrong.append((numbers[source.url], fault))
        free = {"owner": None, "lease_until": None, "next_fetch_at": tx.now, "failures": 0}
        await tx.session.exec(update(Source).values(**free))


def _fault(source: Source, now: datetime) -> str:
    if source.owner is not None:
        return "was left in the middle"
    if source.error == ProblemCode.INTERNAL_ERROR:
        return "broke the reading or the storing"
    return "" if source.next_fetch_at > now else "is due again at once"


async def _count(storage: Storage, table: type[SQLModel]) -> int:
    async with storage.reading() as tx:
        return (await tx.session.exec(select(func.count()).select_from(table))).one()


def _portions(numbers: Iterable[int]) -> Iterable[list[int]]:
    portion: list[int] = []
    for number in numbers:
        portion.append(number)
        if len(portion) == SOURCES:
            yield portion
            portion = []
    if portion:
        yield portion
