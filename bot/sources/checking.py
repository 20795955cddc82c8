"""Looking at a source closely: what it answers, what is read, when it would be asked again."""

from dataclasses import dataclass
from datetime import datetime

from bot.sources.bookkeeping import changes_after, first_row
from bot.sources.intake import url_hash
from bot.sources.visiting import Asked, Fetches, Reads, Visit, visit
from storage.engine import Storage
from storage.sources import Source, source_of


@dataclass(frozen=True, slots=True)
class Checkup:
    """`source`: its row as it stands, None if it is not ours."""

    visited: Visit
    source: Source | None
    next_fetch_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Checking:
    """One GET without validators, so that there is something to read; it changes nothing."""

    storage: Storage
    fetcher: Fetches
    reader: Reads

    async def check(self, url: str) -> Checkup:
        visited = await visit(self.fetcher, self.reader, Asked(url.strip(), inside=True))
        async with self.storage.reading() as unit:
            source = await source_of(unit, url_hash(url.strip()))
            now = unit.now
        if source is not None:
            changes = changes_after(source, visited, now, 0)
        else:
            changes = first_row(url, visited, None, now)
        return Checkup(visited, source, changes["next_fetch_at"], now)
