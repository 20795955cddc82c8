"""Looking at a source closely: what it answers, what is read, when it would be asked again, why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.sources.articles.intake import url_hash
from bot.sources.bookkeeping import changes_after, circumstances_after, newborn_of, not_a_feed
from bot.sources.finding.feedlinks import robots_of
from bot.sources.formats.charsets import decoded
from bot.sources.formats.documents import unpacked
from bot.sources.formats.records import Unreadable
from bot.sources.getting.cadence import interval
from bot.sources.getting.failures import FetchError
from bot.sources.getting.robots import verdict
from bot.sources.getting.visiting import Asked, Fetches, Reads, Visit, visit
from bot.sources.known import Known
from bot.sources.reasons import why
from storage.db.engine import Storage
from storage.sources import Source, source_of


@dataclass(frozen=True, slots=True)
class Plan:
    """When it would be asked next if this answer counted, how often, and what decides that."""

    next_fetch_at: datetime
    interval: timedelta
    why: str


@dataclass(frozen=True, slots=True)
class Checkup:
    """`source`: its row as it stands, None if it is not ours. `hub`: that tells of its news."""

    url: str
    visited: Visit
    source: Source | None
    plan: Plan
    now: datetime
    charset: str = ""
    robots: str = ""
    hub: str = ""


@dataclass(frozen=True, slots=True)
class Checking:
    """One GET without validators, so that there is something to read; it changes nothing."""

    storage: Storage
    fetcher: Fetches
    reader: Reads

    async def check(self, url: str) -> Checkup:
        url = url.strip()
        visited = await visit(self.fetcher, self.reader, Asked(url, inside=True))
        robots = await self._robots(visited)
        async with self.storage.reading() as tx:
            source = await source_of(tx, url_hash(url))
            now = tx.now
        if source is not None and (problem := not_a_feed(source, visited)):
            visited = replace(visited, problem=problem)
        known = source or newborn_of(visited)
        changes = changes_after(known, visited, now, 0)
        return Checkup(
            url=url,
            visited=visited,
            source=source,
            plan=_plan(known, changes, visited, now),
            now=now,
            charset=_charset(visited),
            robots=robots,
            hub=changes.get("hub") or "",
        )

    async def _robots(self, visited: Visit) -> str:
        """What robots.txt says, where the host answers; one that asks for time is asked no more."""
        answer = visited.answer
        if answer is None or (visited.problem and not visited.problem.is_failure):
            return ""
        try:
            rules = await self.fetcher.fetch(robots_of(answer.url), inside=answer.own_network)
        except FetchError:
            return verdict(None, answer.url)
        return verdict(rules, answer.url)


def _plan(known: Known, changes: Mapping[str, Any], visited: Visit, now: datetime) -> Plan:
    circumstances = circumstances_after(known, changes, visited, now)
    planned = interval(now, circumstances)
    return Plan(changes["next_fetch_at"], planned, why(now, circumstances))


def _charset(visited: Visit) -> str:
    answer = visited.answer
    if answer is None or not answer.body:
        return ""
    try:
        found = decoded(unpacked(answer.body), answer.content_type)
    except Unreadable:
        return ""
    return f"{found.charset}, {found.why}"
