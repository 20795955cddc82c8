"""The stage from stored articles to matches: each finds its story, then the queries that match it.

One process does it at a time, since to which story an article belongs rests on all that were placed
before it: the one that holds the lease of the role. What it decides is final. A process that takes
the role over reads the stored queries and the articles of the last days first, and then remembers
them.

An article that fails alone, in grouping, matching or storing, is put aside and holds up no other.
All of these are tried once more when a process has the role for the first time.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

import structlog

from bot.batches import in_batches, put_article_aside
from bot.budgets import USUAL, Budgets, Cost
from bot.matching.index_sync import IndexSync
from bot.matching.match import Wanted, matches_of_new
from bot.sources.payment import charge_sources, rooms
from bot.sources.stories.clustering import MOST_MEMORY, TYPICAL_STORY, WINDOW, NewsArticle, Stories
from bot.text.slices import Slices, in_turns
from storage.articles import (
    LONGEST_COMPARED,
    PUBLIC,
    GroupedArticle,
    NewArticle,
    claim_new_articles,
    finish_matching,
    group_articles,
    grouped_articles,
    has_new_articles,
    newest_window_start,
    release_articles,
    retry_put_aside,
)
from storage.db.engine import Storage, Transaction
from storage.db.leases import GROUPING, acquire_lease, lease_of, renew_lease
from storage.enums import UsageKind
from storage.feeds_followed import followers_of, queries_of_followers
from storage.matches import MatchFound, store_matches
from storage.publishers import Publisher, names_for_queries, publishers_of

log = structlog.get_logger(__name__)

# A process that was killed delays the news by so much.
LEASE: Final = timedelta(seconds=30)
_RENEWED: Final = LEASE * 2 / 3  # when so little of it is left
_REMEMBERED: Final = timedelta(seconds=WINDOW)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_READ: Final = 200  # articles remembered at once
_STORED: Final = 200  # matches stored at once, in about 3 ms


class Placed(NamedTuple):
    """The chapter of each article, by its id, and the first of its story by each new chapter.

    *joined*: private articles in stories that do not grow by them. *failed*: why an article has
    no place, by its id.
    """

    found: dict[int, int]
    chapters: dict[int, int]
    joined: set[int]
    failed: dict[int, Exception]


_NOWHERE: Final = Placed({}, {}, set(), {})


class Carried(NamedTuple):
    """Who carries each article, by its id, and the chats that follow each private source."""

    publishers: Mapping[int, Sequence[Publisher]]
    followers: Mapping[int, frozenset[int]]


class Grouping:
    """*stories* is what the holder of the role knows; None: they have to be read first.

    *held_until* is how long nobody else can have the role. *unfinished* are articles that are still
    claimed, because what was found could not be stored.
    """

    def __init__(
        self,
        storage: Storage,
        owner: str,
        most_memory: int = MOST_MEMORY,
        budgets: Budgets = USUAL,
    ) -> None:
        self.storage = storage
        self.owner = owner
        self.budgets = budgets  # of the accounts that follow private sources
        self.most_memory = most_memory  # bytes
        self.sync = IndexSync(storage)
        self.stories: Stories | None = None
        self.held_until = _LONG_AGO
        self.unfinished: list[int] = []
        self.after_scope = PUBLIC  # the private source whose turn it was last
        self._has_retried = False

    async def run_once(self, limit: int = 400) -> int:
        """Group and match the oldest articles that are ready; return how many.

        0 if another process has the role.
        """
        async with self.storage.reading() as tx:
            is_waiting = await has_new_articles(tx)
            is_held = self.held_until - tx.now >= _RENEWED
            is_ours = is_held or await self._may_hold(tx, is_waiting=is_waiting)
        if not is_ours or not (is_held or await self._hold()):
            return 0
        await self.sync.prepare()
        if is_waiting:
            return await self._group_and_match(limit)
        await self.sync.catch_up()
        return 0

    async def _may_hold(self, tx: Transaction, *, is_waiting: bool) -> bool:
        """Keep the role, also without anything to do; take it for work that nobody does."""
        holder, until = await lease_of(tx, GROUPING)
        if holder == self.owner:
            return True
        self.stories = None
        return is_waiting and until <= tx.now

    async def _hold(self) -> bool:
        async with self.storage.writing() as tx:
            is_held = await acquire_lease(tx, GROUPING, self.owner, LEASE)
            if is_held:
                self.held_until = tx.now + LEASE
            if is_held and not self._has_retried:
                # This may be another version, which can do what the last one failed at.
                retried = await retry_put_aside(tx)
                self._has_retried = True
                if retried:
                    log.info("articles put aside are tried again", articles=retried)
            return is_held

    async def _group_and_match(self, limit: int) -> int:
        async with self.storage.writing() as tx:
            await release_articles(tx, self.unfinished, owner=self.owner)
            articles = await claim_new_articles(
                tx, owner=self.owner, limit=limit, after_scope=self.after_scope
            )
            self.after_scope = max(_private(articles), default=self.after_scope)
            carried = await _carried(tx, articles)
            # Of the same transaction: no query misses an article that was stored after it.
            changed = await self.sync.changes(tx)
            wanted = await queries_of_followers(tx, _private(articles))
            now = tx.now
        await self.sync.follow(changed)
        if not articles:
            return 0
        self.unfinished = [article.id for article in articles]
        new = [article for article in articles if not article.is_grouped]
        stories = self.stories
        if new and stories is None:
            stories = await self._remembered()
        # A decision takes effect once it is stored; if that fails, all is read again.
        self.stories = None
        placed = _NOWHERE
        if stories is not None:
            await in_turns(stories.forget((now - _REMEMBERED).timestamp()))
            placed = await in_turns(_placed(stories, new, carried))
        for article_id, error in placed.failed.items():
            await put_article_aside(self.storage, self.owner, article_id, error)
        left = [article for article in articles if article.id not in placed.failed]
        if not await self._match(left, placed, carried, wanted):
            return 0
        self.stories = stories if stories is None or stories.is_whole else None
        self.unfinished = []
        return len(articles)

    async def _match(
        self, articles: Sequence[NewArticle], placed: Placed, carried: Carried, wanted: Wanted
    ) -> bool:
        """Match the articles and store what was found; return whether the role was still ours."""
        names = {
            article_id: names_for_queries(each) for article_id, each in carried.publishers.items()
        }
        is_ours = True

        async def match(some: Sequence[NewArticle]) -> None:
            nonlocal is_ours
            found = await matches_of_new(self.sync, some, names, wanted)
            is_ours = is_ours and await self._write_down(some, placed, found)

        async def give_up(article: NewArticle, error: Exception) -> None:
            await put_article_aside(self.storage, self.owner, article.id, error)

        await in_batches(articles, match, give_up, together=max(len(articles), 1))
        return is_ours

    async def _write_down(
        self, articles: Sequence[NewArticle], placed: Placed, found: Sequence[MatchFound]
    ) -> bool:
        """Return whether the role was still ours, and so everything is stored."""
        new = [article for article in articles if not article.is_grouped]
        async with self.storage.writing() as tx:
            # Held until this transaction ends, however long that takes: nobody decides beside us.
            if not await renew_lease(tx, GROUPING, self.owner, LEASE):
                return False
            if new:
                chapters = {
                    each.story_id: placed.chapters[each.story_id]
                    for each in new
                    if each.story_id in placed.chapters
                }
                await group_articles(tx, new, placed.found, chapters=chapters, joined=placed.joined)
            ours = await finish_matching(tx, [each.id for each in articles], owner=self.owner)
            kept = iter(
                await self._paid(tx, articles, [one for one in found if one.article_id in ours])
            )
            while some := list(islice(kept, _STORED)):
                await store_matches(tx, some)
        return True

    async def _paid(
        self, tx: Transaction, articles: Sequence[NewArticle], found: Sequence[MatchFound]
    ) -> Sequence[MatchFound]:
        """Leave out matches of private articles that no follower can pay for; charge the others."""
        scopes = {each.id: each.scope_id for each in articles if each.scope_id != PUBLIC}
        private = {scopes[each.article_id] for each in found if each.article_id in scopes}
        left = await rooms(tx, private, UsageKind.MATCHES, self.budgets)
        counts: Counter[int] = Counter()
        kept = []
        for match in found:
            scope_id = scopes.get(match.article_id)
            if scope_id is not None:
                if counts[scope_id] >= left[scope_id]:
                    continue
                counts[scope_id] += 1
            kept.append(match)
        costs = {scope_id: Cost(matches=count) for scope_id, count in counts.items()}
        await charge_sources(tx, costs, self.budgets)
        return kept

    async def _remembered(self) -> Stories:
        """Read what was grouped in the last days, as much as there is room for."""
        stories = Stories(self.most_memory)
        async with self.storage.reading() as tx:
            since = tx.now - _REMEMBERED
            after = await newest_window_start(tx, since, self.most_memory // TYPICAL_STORY)
        while True:
            async with self.storage.reading() as tx:
                articles = await grouped_articles(tx, since, after=after, limit=_READ)
                carried = await _carried(tx, articles)
            if not articles:
                break
            await in_turns(_remembering(stories, articles, carried))
            after = articles[-1].id
            await self._hold()
        log.info("stories remembered", stories=len(stories), mb=stories.memory // 1_000_000)
        return stories


async def _carried(
    tx: Transaction, articles: Sequence[NewArticle] | Sequence[GroupedArticle]
) -> Carried:
    publishers = await publishers_of(tx, [article.id for article in articles])
    return Carried(publishers, await followers_of(tx, _private(articles)))


def _private(articles: Sequence[NewArticle] | Sequence[GroupedArticle]) -> set[int]:
    """Return the private sources that carry any of the articles."""
    return {article.scope_id for article in articles if article.scope_id != PUBLIC}


def _placed(stories: Stories, articles: Sequence[NewArticle], carried: Carried) -> Slices[Placed]:
    placed = Placed({}, {}, set(), {})
    for article in articles:
        folded = article.folded_text[:LONGEST_COMPARED]
        try:
            place = stories.place(_news_article(article, carried, folded, article.story_id))
        except Exception as error:  # noqa: BLE001 - the article is put aside, with its error
            placed.failed[article.id] = error
            continue
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
        try:
            stories.remember(_news_article(article, carried, article.folded, article.chain_id))
        except Exception:  # it was published before, and nobody else may miss an alert for it
            log.exception("an article could not be remembered", article=article.id)
        yield


def _news_article(
    article: NewArticle | GroupedArticle, carried: Carried, folded: str, chain_id: int
) -> NewsArticle:
    """Only those that made the article are its publishers; see `Publisher.is_canonical`."""
    is_public = article.scope_id == PUBLIC
    publishers = [each for each in carried.publishers.get(article.id, ()) if each.is_canonical]
    # A private feed may call itself as it likes, and is no other publisher by it.
    scope = "" if is_public else f"private {article.scope_id} "
    keys = [
        scope + (each.publisher.casefold() or f"source {each.source_id}") for each in publishers
    ]
    return NewsArticle(
        story_id=article.story_id,
        at=article.news_at.timestamp(),
        publishers=frozenset(keys),
        title=article.title,
        lead=article.lead,
        text=folded,
        names=tuple(
            [name for each in publishers for name in (each.publisher, each.host, each.title)]
        ),
        readers=None if is_public else carried.followers.get(article.scope_id, frozenset()),
        chain_id=chain_id,
    )
