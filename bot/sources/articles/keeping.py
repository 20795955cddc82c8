"""Keeping what visits to sources brought: many sources in one unit of work.

A unit costs more than most visits bring, so those that end about the same time share one. Where
one of them cannot be stored, each gets a unit of its own; what cannot be stored even then is told
in the source's health.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot.sources.articles.completion import awaiting_pages
from bot.sources.articles.identity import Identified, identified
from bot.sources.articles.intake import Identity, content_hash, draft, url_hash
from bot.sources.articles.storing import Shown, store_shown
from bot.sources.bookkeeping import changes_after, host_to_pause, new_address
from bot.sources.formats.records import Item
from bot.sources.getting.spacing import APART_SECONDS
from bot.sources.getting.troubles import OUR_FAULT
from bot.sources.getting.visiting import Visit
from bot.sources.urls import host_of
from storage.engine import Storage, Unit, is_away
from storage.entries import Seen, entries_seen
from storage.sources import Source, source_of
from storage.sources_due import finish_fetches, wait_for_host

log = structlog.get_logger(__name__)

_MOST: Final = 200  # articles in one unit, stored in about 20 ms: others wait for it


@dataclass(frozen=True, slots=True)
class Brought:
    """*jitter*, in [-1, 1], spreads the next visit."""

    source: Source
    visited: Visit
    jitter: float = 0.0

    @property
    def source_id(self) -> int:
        return self.source.id or 0


@dataclass(frozen=True, slots=True)
class Keeping:
    storage: Storage
    owner: str

    async def keep(self, visits: Sequence[Brought]) -> set[int]:
        """Store what they brought; return the sources for which the database was away."""
        try:
            shown = await self._shown(visits)
            for some in _portions(visits, shown):
                await self._store(some, shown)
        except Exception as error:  # a bad source must not stop the others
            if len(visits) > 1:
                left = [await self.keep([each]) for each in visits]
                return set().union(*left)
            url = visits[0].source.url
            if is_away(error):
                reason = str(error).partition("\n")[0]
                log.warning("what a source brought could not be stored", source=url, reason=reason)
                return {visits[0].source_id}
            log.exception("a source could not be read", source=url)
            if visits[0].visited.problem != OUR_FAULT:
                return await self.keep([replace(visits[0], visited=Visit(problem=OUR_FAULT))])
        return set()

    async def _shown(self, visits: Sequence[Brought]) -> dict[int, Shown]:
        """What each source shows for the first time or in other words, by the source's id."""
        entries = {
            each.source_id: identified(each.visited.document, each.source.url)
            for each in visits
            if each.visited.document
        }
        if not entries:
            return {}
        asked = {at: [identity.guid_hash for _, identity in all_] for at, all_ in entries.items()}
        async with self.storage.reading() as unit:
            seen = await entries_seen(unit, asked)
            now = unit.now
        shown = {}
        for each in visits:
            if found := entries.get(each.source_id):
                shown[each.source_id] = _news(each, found, seen.get(each.source_id, {}), now)
                await asyncio.sleep(0)  # a millisecond of work for each
        return shown

    async def _store(self, visits: Sequence[Brought], shown: Mapping[int, Shown]) -> None:
        async with self.storage.writing() as unit:
            changes = {each.source_id: await _changes(unit, each) for each in visits}
            # The others' leases were over: somebody else reads them now.
            ours = await finish_fetches(unit, self.owner, changes)
            mine = [each.source_id for each in visits if each.source_id in ours]
            for answer in (each.visited.answer for each in visits if each.source_id in ours):
                if pause := host_to_pause(answer, unit.now):
                    await wait_for_host(unit, *pause)
            articles = await store_shown(unit, [shown[at] for at in mine if at in shown])
        for each in visits:
            if each.source_id in ours:
                _report(each, articles.get(each.source_id, 0))


def _news(
    brought: Brought, entries: Sequence[Identified], seen: Mapping[str, Seen], now: datetime
) -> Shown:
    source = brought.source
    backlog = source.first_read_at is None
    drafts = [
        draft(*each, source_url=source.url, now=now, backlog=backlog)
        for each in entries
        if not _is_known(*each, seen)
    ]
    marked = awaiting_pages(drafts, source.full_text, source.kind)
    return Shown(brought.source_id, marked, seen, inside=brought.visited.own_network)


def _is_known(item: Item, identity: Identity, seen: Mapping[str, Seen]) -> bool:
    known = seen.get(identity.guid_hash)
    return known is not None and known.content_hash == content_hash(item)


def _portions(visits: Iterable[Brought], shown: Mapping[int, Shown]) -> Iterator[Sequence[Brought]]:
    """As few as have no more articles than a unit should; one visit is never parted."""
    portion: list[Brought] = []
    articles = 0
    for each in visits:
        more = len(shown[each.source_id].drafts) if each.source_id in shown else 0
        if portion and articles + more > _MOST:
            yield portion
            portion, articles = [], 0
        portion.append(each)
        articles += more
    if portion:
        yield portion


async def _changes(unit: Unit, brought: Brought) -> dict[str, Any]:
    changes = changes_after(brought.source, brought.visited, unit.now, brought.jitter)
    if (target := new_address(changes)) and not await source_of(unit, url_hash(target)):
        changes |= {"url": target, "url_hash": url_hash(target), "host": host_of(target)}
        changes |= {"moved_to": None, "moved_seen": 0}
    if not changes.get("own_network", brought.source.own_network):
        changes["lease_until"] = unit.now + timedelta(seconds=APART_SECONDS)
    return changes


def _report(brought: Brought, articles: int) -> None:
    url, problem = brought.source.url, brought.visited.problem
    if problem:
        log.warning("source in trouble", source=url, trouble=problem.sentence)
    elif articles:
        log.info("new articles", source=url, articles=articles)
