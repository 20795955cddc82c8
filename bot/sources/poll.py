"""The step that reads the sources that are due. One bad source never stops another."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, TypeAlias

import structlog

from bot.sources.articles.keeping import Brought, Keeping
from bot.sources.bookkeeping import not_a_feed
from bot.sources.finding.outlets import as_shown
from bot.sources.getting.troubles import OUR_FAULT
from bot.sources.getting.visiting import Asked, Fetches, Reads, Visit, visit
from bot.sources.leftovers import handed_back
from storage.db.engine import DatabaseError, Storage
from storage.db.leases import release, renew
from storage.sources import Source, claim_due_sources

log = structlog.get_logger(__name__)

# For so long a process that was killed keeps others from its sources, and from their hosts.
LEASE = timedelta(minutes=1)
# A host's sources take turns, two seconds apart, so a round may take longer than its lease.
RENEWED_SECONDS: Final = 20.0
_TOGETHER: Final = 0.3  # seconds: visits that end so close to each other are stored together

Ended: TypeAlias = asyncio.Queue[Brought]


def _any_jitter() -> float:
    return random.uniform(-1, 1)  # noqa: S311 - it spreads polls, it hides nothing


@dataclass(frozen=True, slots=True)
class Polling:
    """Several may run side by side, in one process and in many; each claims its own sources."""

    storage: Storage
    fetcher: Fetches
    reader: Reads
    owner: str
    jitter: Callable[[], float] = _any_jitter
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _left: set[int] = field(default_factory=set)
    """Sources that are still leased, though what they brought could not be stored."""

    async def poll_due(self, limit: int = 32) -> int:
        """Read up to *limit* sources that are due; return how many were claimed."""
        sources = await self._claim(limit)
        ended: Ended = asyncio.Queue()
        keeping, left = Keeping(self.storage, self.owner), len(sources)
        async with asyncio.TaskGroup() as group:
            for one_host in _by_host(sources):
                group.create_task(self._visit_in_turn(one_host, ended))
            renewing = group.create_task(self._renew([source.id for source in sources]))
            while left:
                some = await _several(ended, left)
                left -= len(some)
                self._left.update(await keeping.keep(some))
            renewing.cancel()
        return len(sources)

    async def _claim(self, limit: int) -> list[Source]:
        with handed_back(self._left) as left:
            async with self.storage.writing() as tx:
                if left:
                    await release(tx, Source, left, self.owner)
                return await claim_due_sources(tx, owner=self.owner, limit=limit, lease=LEASE)

    async def _renew(self, source_ids: Sequence[int]) -> None:
        """Keep what is left of the round, until cancelled."""
        while True:
            await self.pause(RENEWED_SECONDS)
            with suppress(DatabaseError, OSError):  # what is lost is not stored twice
                async with self.storage.writing() as tx:
                    await renew(tx, Source, source_ids, self.owner, LEASE)

    async def _visit_in_turn(self, sources: Sequence[Source], ended: Ended) -> None:
        for source in sources:
            structlog.contextvars.bind_contextvars(source_id=source.id)
            try:
                brought = await self._visit(source)
            except Exception:  # a bad source must not stop the others
                log.exception("a source could not be read", source=source.url)
                brought = Brought(source, Visit(problem=OUR_FAULT), self.jitter())
            ended.put_nowait(brought)

    async def _visit(self, source: Source) -> Brought:
        asked = Asked(
            source.url, source.etag, source.last_modified, source.body_hash, inside=source.public
        )
        visited = await visit(self.fetcher, self.reader, asked)
        if problem := not_a_feed(source, visited):
            visited = replace(visited, document=None, problem=problem)
        if visited.document:
            shown = as_shown(visited.document, source.kind, source.host)
            visited = replace(visited, document=shown)
        return Brought(source, visited, self.jitter())


def _by_host(sources: Iterable[Source]) -> Iterable[list[Source]]:
    hosts: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        hosts[source.host].append(source)
    return hosts.values()


async def _several(ended: Ended, most: int) -> list[Brought]:
    """Wait for one; return it with those that end about the same time."""
    some = [await ended.get()]
    with suppress(TimeoutError):
        async with asyncio.timeout(_TOGETHER):
            while len(some) < most:
                some.append(await ended.get())
    return some
