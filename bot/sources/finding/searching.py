"""The step that keeps a search feed for each topic that somebody watches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.sources.articles.intake import url_hash
from bot.sources.finding.searchplan import Plan, plan
from bot.sources.urls import host_of
from storage.db.engine import Storage
from storage.enums import SourceKind
from storage.search_feeds import (
    add_search_feeds,
    delete_search_feeds,
    retire_search_feeds,
    revive_search_feeds,
    search_feeds,
    subscribed_queries,
)
from storage.sources import Source

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)  # after it was retired
_APART = timedelta(seconds=6)  # they have one host, and must not hold up its line
_QUERIES_FOR_EACH = 3  # some of those watched have no search


@dataclass(frozen=True, slots=True)
class Searching:
    """It looks at what is there and makes it so: any process may do it at any time.

    *templates*: addresses of search feeds, with `{query}` for the words. *budget*: how many
    searches there may be. A search is public, because the operator wants it, but nobody is told
    what is searched for.
    """

    storage: Storage
    templates: Sequence[str]
    budget: int

    async def follow_watched(self) -> int:
        """Make, revive and retire searches as chats watch; return how many."""
        async with self.storage.reading() as tx:
            existing = await search_feeds(tx)
            limit = self.budget * _QUERIES_FOR_EACH
            watched = await subscribed_queries(tx, limit) if self.templates and limit else []
        wanted = plan(watched, existing, self.templates, self.budget)
        if not wanted and not any(one.is_retired for one in existing):
            return 0
        return await self._make_so(wanted)

    async def _make_so(self, wanted: Plan) -> int:
        """Return how many changed; what the operator reads already is no search."""
        async with self.storage.writing() as tx:
            await retire_search_feeds(tx, wanted.retire)
            await revive_search_feeds(tx, wanted.revive)
            started = await add_search_feeds(tx, _rows(wanted.start, tx.now))
            forgotten = await delete_search_feeds(tx, tx.now - KEPT)
        revived, retired = len(wanted.revive), len(wanted.retire)
        if changed := started + revived + retired + forgotten:
            log.info(
                "searches follow what is watched",
                started=started,
                revived=revived,
                retired=retired,
                forgotten=forgotten,
            )
        return changed


def _rows(urls: Sequence[str], now: datetime) -> list[Source]:
    return [
        Source(
            url=url,
            url_hash=url_hash(url),
            host=host_of(url),
            title=host_of(url),  # never the words: other chats may see who told them something
            kind=SourceKind.SEARCH,
            public=True,
            created_at=now,
            next_fetch_at=now + at * _APART,
        )
        for at, url in enumerate(urls)
    ]
