"""The step that reads the sources that are due. One bad source never stops another."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.sources.bookkeeping import changes_after, host_to_pause, new_address, not_a_feed
from bot.sources.completion import awaiting_pages
from bot.sources.intake import Draft, content_hash, draft, guid_hash, url_hash
from bot.sources.outlets import as_found
from bot.sources.records import Item
from bot.sources.storing import store_drafts
from bot.sources.urls import host_of
from bot.sources.visiting import Asked, Fetches, Reads, Visit, visit
from storage.engine import Storage
from storage.entries import Seen, known_entries
from storage.sources import (
    Source,
    claim_due_sources,
    finish_fetch,
    source_of,
    wait_for_host,
)
from storage.words import SourceKind

log = structlog.get_logger(__name__)

# A host's sources take turns, two seconds apart.
LEASE = timedelta(minutes=10)


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

    async def poll_due(self, limit: int = 16) -> int:
        """Read up to *limit* sources that are due; return how many were claimed."""
        async with self.storage.writing() as unit:
            sources = await claim_due_sources(unit, owner=self.owner, limit=limit, lease=LEASE)
        async with asyncio.TaskGroup() as group:
            for one_host in _by_host(sources):
                group.create_task(self._poll_in_turn(one_host))
        return len(sources)

    async def _poll_in_turn(self, sources: Sequence[Source]) -> None:
        for source in sources:
            try:
                await self._poll(source)
            except Exception:  # a bad source must not stop the others; its lease brings it back
                log.exception("a source could not be read", source=source.url)

    async def _poll(self, source: Source) -> None:
        asked = Asked(
            source.url, source.etag, source.last_modified, source.body_hash, inside=source.public
        )
        visited = await visit(self.fetcher, self.reader, asked)
        if problem := not_a_feed(source, visited):
            visited = replace(visited, document=None, problem=problem)
        if visited.document and source.kind is SourceKind.SEARCH:
            visited = replace(visited, document=as_found(visited.document, source.host))
        items, known = await self._news(source, visited)
        await self._store(source, visited, items, known)

    async def _news(self, source: Source, visited: Visit) -> tuple[list[Item], dict[str, Seen]]:
        """Return what the source shows for the first time or in other words, and what it showed."""
        if visited.document is None:
            return [], {}
        by_hash = {guid_hash(item): item for item in reversed(visited.document.items)}
        async with self.storage.reading() as unit:
            known = await known_entries(unit, source.id or 0, by_hash)
        news = [
            item
            for hashed, item in reversed(by_hash.items())
            if hashed not in known or known[hashed].content_hash != content_hash(item)
        ]
        return news, known

    async def _store(
        self, source: Source, visited: Visit, items: Sequence[Item], known: Mapping[str, Seen]
    ) -> None:
        async with self.storage.writing() as unit:
            changes = changes_after(source, visited, unit.now, self.jitter())
            if (target := new_address(changes)) and not await source_of(unit, url_hash(target)):
                changes |= {"url": target, "url_hash": url_hash(target), "host": host_of(target)}
                changes |= {"moved_to": None, "moved_seen": 0}
            if not await finish_fetch(unit, source.id or 0, self.owner, changes):
                return  # our lease was over and another reads it now
            if pause := host_to_pause(visited, unit.now):
                await wait_for_host(unit, *pause)
            drafts = _drafts(source, items, unit.now)
            articles = await store_drafts(
                unit, source.id or 0, drafts, known, inside=visited.own_network
            )
        _report(source, visited, articles)


def _drafts(source: Source, items: Iterable[Item], now: datetime) -> list[Draft]:
    backlog = source.first_read_at is None
    drafts = [draft(item, source_url=source.url, now=now, backlog=backlog) for item in items]
    return awaiting_pages(drafts, source.full_text, source.kind)


def _by_host(sources: Iterable[Source]) -> Iterable[list[Source]]:
    hosts: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        hosts[source.host].append(source)
    return hosts.values()


def _report(source: Source, visited: Visit, articles: int) -> None:
    if visited.problem:
        log.warning("source in trouble", source=source.url, trouble=visited.problem.sentence)
    elif articles:
        log.info("new articles", source=source.url, articles=articles)
