"""The stage that finds each article its story, in stored order, before it is matched.

One process does it at a time, since a decision rests on all that were made before it: the one that
holds the lease of the role. What it decides is final: matching and alerting see grouped articles
only. A process that takes the role over reads the articles of the last days first, and then
remembers them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import structlog

from bot.matching.slices import Slices, in_turns
from bot.sources.stories.clustering import BYTES_A_STORY, MOST_MEMORY, WINDOW, NewsArticle, Stories
from storage.articles import (
    PUBLIC,
    GroupedArticle,
    group_articles,
    grouped,
    newest_window_start,
    ungrouped,
)
from storage.db.engine import Storage, Transaction
from storage.db.leases import acquire_lease, lease_of, renew_lease
from storage.feeds_followed import followers_of
from storage.publishers import Publisher, publishers_of

log = structlog.get_logger(__name__)

ROLE: Final = "group"
# A process that was killed delays the news by so much.
LEASE: Final = timedelta(seconds=30)
_RENEWED: Final = LEASE * 2 / 3  # when so little of it is left
_REMEMBERED: Final = timedelta(seconds=WINDOW)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_READ: Final = 200  # articles remembered at once


class Placed(NamedTuple):
    """The chapter of each article, by its id, and the first of its story by each new chapter.

    *joined*: private articles in stories that do not grow by them.
    """

    found: dict[int, int]
    chapters: dict[int, int]
    joined: set[int]


class Grouping:
    """*stories* is what the holder of the role knows; None: they have to be read first.

    *held_until* is how long nobody else can have the role.
    """

    def __init__(self, storage: Storage, owner: str, most_memory: int = MOST_MEMORY) -> None:
        self.storage = storage
        self.owner = owner
        self.most_memory = most_memory  # bytes
        self.stories: Stories | None = None
        self.held_until = _LONG_AGO

    async def group_new(self, limit: int = 400) -> int:
        """Group the oldest articles that are ready; return how many, 0 if another has the role."""
        async with self.storage.reading() as tx:
            articles = await ungrouped(tx, limit)
            carried = await _carried(tx, articles)
            now = tx.now
            role = self.owner, self.held_until
            if self.held_until - now < _RENEWED:
                role = await lease_of(tx, ROLE)
        if not await self._has_role(*role, now, to_do=bool(articles)) or not articles:
            return 0
        stories = self.stories or await self._remembered()
        # What is decided counts only once it is written down; if that fails, all is read again.
        self.stories = None
        stories.forget((now - _REMEMBERED).timestamp())
        placed = await in_turns(_placed(stories, articles, carried))
        return await self._write_down(stories, articles, placed)

    async def _has_role(self, holder: str, until: datetime, now: datetime, *, to_do: bool) -> bool:
        """Keep the role, also without anything to do; take it for work that nobody does."""
        if holder == self.owner:
            return until - now >= _RENEWED or await self._hold()
        self.stories = None
        return to_do and until <= now and await self._hold()

    async def _hold(self) -> bool:
        async with self.storage.writing() as tx:
            is_held = await acquire_lease(tx, ROLE, self.owner, LEASE)
            if is_held:
                self.held_until = tx.now + LEASE
            return is_held

    async def _write_down(
        self, stories: Stories, articles: Sequence[GroupedArticle], placed: Placed
    ) -> int:
        async with self.storage.writing() as tx:
            # Held until this transaction ends, however long that takes: nobody decides beside us.
            if not await renew_lease(tx, ROLE, self.owner, LEASE):
                return 0
            await group_articles(
                tx, articles, placed.found, chapters=placed.chapters, joined=placed.joined
            )
        self.stories = stories
        return len(articles)

    async def _remembered(self) -> Stories:
        """Read what was grouped in the last days, as much as there is room for."""
        stories = Stories(self.most_memory)
        async with self.storage.reading() as tx:
            since = tx.now - _REMEMBERED
            after = await newest_window_start(tx, since, self.most_memory // BYTES_A_STORY)
        while True:
            async with self.storage.reading() as tx:
                articles = await grouped(tx, since, after=after, limit=_READ)
                carried = await _carried(tx, articles)
            if not articles:
                break
            await in_turns(_remembering(stories, articles, carried))
            after = articles[-1].id
            await self._hold()
        log.info("stories remembered", stories=len(stories), mb=stories.memory // 1_000_000)
        return stories


class Carried(NamedTuple):
    """Who carries each article, by its id, and the chats that follow each private source."""

    publishers: Mapping[int, Sequence[Publisher]]
    followers: Mapping[int, frozenset[int]]


async def _carried(tx: Transaction, articles: Sequence[GroupedArticle]) -> Carried:
    publishers = await publishers_of(tx, [article.id for article in articles])
    private = {article.scope_id for article in articles if article.scope_id != PUBLIC}
    return Carried(publishers, await followers_of(tx, private))


def _placed(
    stories: Stories, articles: Sequence[GroupedArticle], carried: Carried
) -> Slices[Placed]:
    placed = Placed({}, {}, set())
    for article in articles:
        place = stories.place(_news_article(article, carried))
        placed.found[article.id] = place.story_id
        if not place.is_part:
            placed.joined.add(article.id)
        if place.story_id == article.story_id != place.chain_id:
            placed.chapters[place.story_id] = place.chain_id
        yield
    return placed


def _remembering(
    stories: Stories, articles: Sequence[GroupedArticle], carried: Carried
) -> Slices[None]:
    for article in articles:
        stories.remember(_news_article(article, carried))
        yield


def _news_article(article: GroupedArticle, carried: Carried) -> NewsArticle:
    """Only those that made the article are its publishers; see `Publisher.is_canonical`."""
    is_public = article.scope_id == PUBLIC
    publishers = [each for each in carried.publishers.get(article.id, ()) if each.is_canonical]
    # A private feed may call itself as it likes, and is no other publisher by it.
    scope = "" if is_public else f"private {article.scope_id} "
    keys = [scope + (each.outlet.casefold() or f"source {each.source_id}") for each in publishers]
    return NewsArticle(
        story_id=article.story_id,
        at=article.news_at.timestamp(),
        publishers=frozenset(keys),
        title=article.title,
        lead=article.lead,
        text=article.folded,
        names=tuple([name for each in publishers for name in (each.outlet, each.host, each.title)]),
        readers=None if is_public else carried.followers.get(article.scope_id, frozenset()),
        chain_id=article.chain_id,
    )
