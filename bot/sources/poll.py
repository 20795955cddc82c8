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
from bot.sources.identity import Identified, identified
from bot.sources.intake import Draft, Identity, content_hash, draft, url_hash
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
        news, known = await self._news(source, visited)
        await self._store(source, visited, news, known)

    async def _news(
        self, source: Source, visited: Visit
    ) -> tuple[list[Identified], dict[str, Seen]]:
        """Return what the source shows for the first time or in other words, and what it showed."""
        if visited.document is None:
            return [], {}
        shown = identified(visited.document, source.url)
        async with self.storage.reading() as unit:
            guids = [identity.guid_hash for _, identity in shown]
            known = await known_entries(unit, source.id or 0, guids)
        return [each for each in shown if not _is_known(*each, known)], known

    async def _store(
        self, source: Source, visited: Visit, news: Sequence[Identified], known: Mapping[str, Seen]
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
            drafts = _drafts(source, news, unit.now)
            articles = await store_drafts(
                unit, source.id or 0, drafts, known, inside=visited.own_network
            )
        _report(source, visited, articles)


def _is_known(item: Item, identity: Identity, known: Mapping[str, Seen]) -> bool:
    seen = known.get(identity.guid_hash)
    return seen is not None and seen.content_hash == content_hash(item)


def _drafts(source: Source, news: Iterable[Identified], now: datetime) -> list[Draft]:
    backlog = source.first_read_at is None
    drafts = [draft(*each, source_url=source.url, now=now, backlog=backlog) for each in news]
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
