"""The step that finds each article its story, in stored order, before it is matched.

One process does it at a time, since a decision rests on all that were made before it: who holds
the role. What it decides is final, but for a guest that leaves its story to the report of its
outlet: matching and alerting see grouped articles only. Who takes the role over reads the articles
of the last days first, and then remembers them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import structlog

from bot.matching.slices import Slices, in_turns
from bot.sources.stories.articles import Told
from bot.sources.stories.audiences import Audiences
from bot.sources.stories.centre import Guest
from bot.sources.stories.memory import MOST_STORIES, WINDOW
from storage.articles import (
    PUBLIC,
    GroupedArticle,
    group_articles,
    grouped,
    newest_window_start,
    regroup_articles,
    ungrouped,
)
from storage.db.engine import Storage, Transaction
from storage.db.leases import acquire_lease, lease_of, renew_lease
from storage.feeds_followed import followers_of
from storage.publishers import Publisher, publishers_of

log = structlog.get_logger(__name__)

ROLE: Final = "group"
# A process that was killed holds up the news for so long.
LEASE: Final = timedelta(seconds=30)
_RENEWED: Final = LEASE * 2 / 3  # when so little of it is left
_REMEMBERED: Final = timedelta(seconds=WINDOW)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_READ: Final = 200  # articles remembered at once


@dataclass(slots=True)
class Memory:
    """What the holder of the role knows, and until when nobody else can have it.

    None: the stories have to be read first.
    """

    stories: Audiences | None = None
    until: datetime = _LONG_AGO


class Placed(NamedTuple):
    """The story of each article, and the guests who left one for a story yet to be begun.

    *chapters*: the story before it, by each story that continues one. *joined*: articles that
    joined a story of others, which does not grow by them.
    """

    found: dict[int, int]
    left: list[Guest]
    chapters: dict[int, int]
    joined: set[int]


@dataclass(frozen=True, slots=True)
class Grouping:
    storage: Storage
    owner: str
    memory: Memory = field(default_factory=Memory)

    async def group_new(self, limit: int = 400) -> int:
        """Group the oldest articles that are ready; return how many, 0 if another has the role."""
        async with self.storage.reading() as tx:
            articles = await ungrouped(tx, limit)
            carried = await _carried(tx, articles)
            now = tx.now
            role = self.owner, self.memory.until
            if self.memory.until - now < _RENEWED:
                role = await lease_of(tx, ROLE)
        if not await self._has_role(*role, now, to_do=bool(articles)) or not articles:
            return 0
        stories = self.memory.stories or await self._remembered()
        # What is decided counts only once it is written down; if that fails, all is read again.
        self.memory.stories = None
        stories.forget((now - _REMEMBERED).timestamp())
        placed = await in_turns(_placed(stories, articles, carried))
        return await self._write_down(stories, articles, placed)

    async def _has_role(self, holder: str, until: datetime, now: datetime, *, to_do: bool) -> bool:
        """Keep the role, also without anything to do; take it for work that nobody does."""
        if holder == self.owner:
            return until - now >= _RENEWED or await self._hold()
        self.memory.stories = None
        return to_do and until <= now and await self._hold()

    async def _hold(self) -> bool:
        async with self.storage.writing() as tx:
            is_held = await acquire_lease(tx, ROLE, self.owner, LEASE)
            if is_held:
                self.memory.until = tx.now + LEASE
            return is_held

    async def _write_down(
        self, stories: Audiences, articles: Sequence[GroupedArticle], placed: Placed
    ) -> int:
        async with self.storage.writing() as tx:
            # Held until this transaction ends, however long that takes: nobody decides beside us.
            if not await renew_lease(tx, ROLE, self.owner, LEASE):
                return 0
            await group_articles(
                tx, articles, placed.found, chapters=placed.chapters, joined=placed.joined
            )
            begun = await regroup_articles(tx, [guest.article.number for guest in placed.left])
        for guest in placed.left:
            stories.begin(guest, begun[guest.article.number])
        self.memory.stories = stories
        return len(articles)

    async def _remembered(self) -> Audiences:
        """Read what was grouped in the last days, as much as there is room for."""
        stories = Audiences()
        async with self.storage.reading() as tx:
            since = tx.now - _REMEMBERED
            after = await newest_window_start(tx, since, MOST_STORIES)
        while True:
            async with self.storage.reading() as tx:
                articles = await grouped(tx, since, after=after, limit=_READ)
                carried = await _carried(tx, articles)
            if not articles:
                break
            await in_turns(_remembering(stories, articles, carried))
            after = articles[-1].id
            await self._hold()
        log.info("stories remembered", stories=len(stories))
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
    stories: Audiences, articles: Sequence[GroupedArticle], carried: Carried
) -> Slices[Placed]:
    placed = Placed({}, [], {}, set())
    for article in articles:
        place = stories.place(_told(article, carried))
        placed.found[article.id] = place.story_id
        if not place.is_part:
            placed.joined.add(article.id)
        for guest in place.left:
            if guest.article.number in placed.found:  # its own story is not dropped yet
                placed.found[guest.article.number] = guest.article.story_id
                stories.begin(guest, guest.article.story_id)
            else:
                placed.left.append(guest)
        placed.chapters.update(place.continued)
        yield
    return placed


def _remembering(
    stories: Audiences, articles: Sequence[GroupedArticle], carried: Carried
) -> Slices[None]:
    for article in articles:
        stories.remember(_told(article, carried))
        yield


def _told(article: GroupedArticle, carried: Carried) -> Told:
    """Only who made the article has a seat in its story; see `Publisher.is_canonical`."""
    is_public = article.scope_id == PUBLIC
    publishers = [each for each in carried.publishers.get(article.id, ()) if each.is_canonical]
    # A private feed may call itself as it likes, and takes nobody else's seat by it.
    scope = "" if is_public else f"private {article.scope_id} "
    outlets = [scope + (t.outlet.casefold() or f"source {t.source_id}") for t in publishers]
    return Told(
        story_id=article.story_id,
        at=article.news_at.timestamp(),
        outlets=frozenset(outlets),
        title=article.title,
        lead=article.lead,
        text=article.folded,
        names=tuple([name for t in publishers for name in (t.outlet, t.host, t.title)]),
        readers=None if is_public else carried.followers.get(article.scope_id, frozenset()),
        number=article.id,
    )
