"""The stage that polls the sources that are due. One bad source never stops another."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, TypeAlias

import structlog

from bot.budgets import USUAL, Budgets
from bot.sources.discovery.publishers import is_search, with_publishers
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.source import (
    Fetches,
    FetchRequest,
    FetchResult,
    ReadsDocuments,
    fetch_source,
)
from bot.sources.health import not_a_feed
from bot.sources.store import Fetched, store_fetched
from storage.db.engine import DatabaseError, Storage
from storage.db.leases import release, renew
from storage.sources import Source, claim_due_sources

log = structlog.get_logger(__name__)

# For so long a process that was killed keeps others from its sources, and from their hosts.
LEASE = timedelta(minutes=1)
# The sources of a host wait for each other, two seconds apart: a round may outlast its lease.
RENEWED_SECONDS: Final = 20.0
OWN_HOST_CONCURRENCY: Final = 4  # sources of one host in the operator's own network, in one round
_GATHER_SECONDS: Final = 0.3  # fetches that end so close to each other are stored together

Ended: TypeAlias = asyncio.Queue[Fetched]


def _random_jitter() -> float:
    return random.uniform(-1, 1)  # noqa: S311 - it spreads polls, it hides nothing


@dataclass(frozen=True, slots=True)
class SourcePoller:
    """Several may run side by side, in one process and in many; each claims its own sources."""

    storage: Storage
    fetcher: Fetches
    reader: ReadsDocuments
    owner: str
    budgets: Budgets = USUAL
    jitter: Callable[[], float] = _random_jitter
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _unstored: set[int] = field(default_factory=set)
    """Sources that are still leased, though their results could not be stored."""

    async def poll_due(self, limit: int = 32) -> int:
        """Poll up to *limit* sources that are due; return how many were claimed."""
        sources = await self._claim(limit)
        ended: Ended = asyncio.Queue()
        left = len(sources)
        async with asyncio.TaskGroup() as group:
            for lane in _lanes(sources):
                group.create_task(self._poll_in_turn(lane, ended))
            renewing = group.create_task(self._renew([source.id for source in sources]))
            while left:
                some = await _several(ended, left)
                left -= len(some)
                self._unstored.update(
                    await store_fetched(self.storage, self.owner, some, self.budgets)
                )
            renewing.cancel()
        return len(sources)

    async def _claim(self, limit: int) -> list[Source]:
        with handed_back(self._unstored) as left:
            async with self.storage.writing() as tx:
                if left:
                    await release(tx, Source, left, self.owner)
                return await claim_due_sources(tx, owner=self.owner, limit=limit, lease=LEASE)

    async def _renew(self, source_ids: Sequence[int]) -> None:
        """Renew the leases of the round until cancelled."""
        while True:
            await self.pause(RENEWED_SECONDS)
            with suppress(DatabaseError, OSError):  # what is lost is not stored twice
                async with self.storage.writing() as tx:
                    await renew(tx, Source, source_ids, self.owner, LEASE)

    async def _poll_in_turn(self, sources: Sequence[Source], ended: Ended) -> None:
        for source in sources:
            structlog.contextvars.bind_contextvars(source_id=source.id)
            try:
                fetched = await self._poll(source)
            except Exception:  # a bad source must not stop the others
                log.exception("a source could not be read", source=source.url)
                fetched = Fetched(
                    source, FetchResult(problem=Problem(ProblemCode.INTERNAL_ERROR)), self.jitter()
                )
            ended.put_nowait(fetched)

    async def _poll(self, source: Source) -> Fetched:
        request = FetchRequest(
            source.url,
            source.etag,
            source.last_modified,
            source.body_hash,
            inside=source.public,
            known=_known_entries(source),
        )
        result = await fetch_source(self.fetcher, self.reader, request)
        if problem := not_a_feed(source, result):
            result = replace(result, document=None, problem=problem)
        if result.document:
            document = with_publishers(result.document, source.kind, source.host)
            result = replace(result, document=document)
        return Fetched(source, result, self.jitter())


def _known_entries(source: Source) -> bytes:
    """Return the fingerprints of what was read last; what a search found is read as a whole."""
    return b"" if is_search(source.kind, source.host) else source.fingerprints


@contextmanager
def handed_back(ids: set[int]) -> Iterator[frozenset[int]]:
    """Empty *ids* into a set whose leases the block releases; undo that if the block fails.

    The loops of one process share *ids*: what one of them releases, another may claim next.
    """
    taken = frozenset(ids)
    ids.clear()
    try:
        yield taken
    except BaseException:
        ids.update(taken)
        raise


def _lanes(sources: Iterable[Source]) -> list[list[Source]]:
    """Group the sources that are polled one after another.

    A host is asked for one source at a time; one in the operator's own network for a few.
    """
    lanes: dict[tuple[str, int], list[Source]] = defaultdict(list)
    own: dict[str, int] = defaultdict(int)
    for source in sources:
        lane = own[source.host] % OWN_HOST_CONCURRENCY if source.own_network else 0
        own[source.host] += source.own_network
        lanes[source.host, lane].append(source)
    return list(lanes.values())


async def _several(ended: Ended, limit: int) -> list[Fetched]:
    """Wait for one; return it with those that end about the same time."""
    some = [await ended.get()]
    with suppress(TimeoutError):
        async with asyncio.timeout(_GATHER_SECONDS):
            while len(some) < limit:
                some.append(await ended.get())
    return some
