"""The match stage: finds the story of each stored article, then the queries that match it.

Only the process that holds the lease of the role does this, because the story of an article depends
on all articles that were placed before. A placement is final. A process that takes over the role
first reads the stored queries and the articles of the last days.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

import structlog

from bot.batches import in_batches, put_article_aside
from bot.budgets import USUAL, Budgets, Cost
from bot.matching.index_sync import IndexSync
from bot.matching.match import Wanted, matches_of_new
from bot.slices import Slices, in_turns
from bot.sources.payment import charge_sources, rooms
from bot.sources.stories.clustering import MOST_MEMORY, TYPICAL_STORY, WINDOW, NewsArticle, Stories
from bot.stages import LastRound
from storage.alerts import queries_alerting
from storage.article_merges import move_reports
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
from storage.queries import QueryChange

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=30)  # the delay of the news after a process was killed
_RENEWED: Final = LEASE * 2 / 3  # the lease is renewed when less than this is left
_REMEMBERED: Final = timedelta(seconds=WINDOW)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_READ: Final = 200  # articles remembered at once
_STORED: Final = 200  # matches stored at once, in about 3 ms


class Placed(NamedTuple):
    """The stories of articles.

    *stories*: the story's id, by the article's id. *chapters*: the id of a story's first chapter,
    by the id of each new chapter. *joined*: private articles, which are shown in a story without
    becoming part of it. *failed*: why an article could not be placed, by its id.
    """

    stories: dict[int, int]
    chapters: dict[int, int]
    joined: set[int]
    failed: dict[int, Exception]


class Origins(NamedTuple):
    """The publishers of each article, by its id, and the chats that follow each private source."""

    publishers: Mapping[int, Sequence[Publisher]]
    followers: Mapping[int, frozenset[int]]


class ClaimedBatch(NamedTuple):
    """Articles that were claimed, and what the same transaction read for them.

    *changed*: the queries that changed since the last round. *held_until*: see `MatchStage`.
    """

    articles: Sequence[NewArticle]
    origins: Origins
    changed: Sequence[QueryChange]
    wanted: Wanted
    now: datetime
    held_until: datetime


class StoredBatch(NamedTuple):
    """A batch that was stored. *is_last*: no other article was ready then."""

    is_last: bool
    held_until: datetime


class MatchStage:
    """Finds the story of each new article, and the queries that match it.

    A round of the process that holds the role:

    1. Claim the oldest articles that are ready, public ones first. The same transaction then reads
       which queries have changed, so that no query misses an article that was stored after it.
    2. Bring the index of queries up to date, even if no article is ready.
    3. Place each article that has no story yet.
    4. Ask the index which queries match, and the evaluator why.
    5. Store stories and matches in one transaction, unless the role was lost meanwhile.

    An article that fails alone in step 3, 4 or 5 is put aside and holds up no other. It is tried
    once more when a process gets the role for the first time.

    *stories*: the stories that the holder of the role remembers; None if they must be read first.
    *story_memory*: their estimated bytes after the last round.
    *held_until*: until when no other process can take the role; `_LONG_AGO` without the role.
    *unfinished*: articles that are still claimed, because their results could not be stored.
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
        self.story_memory = 0
        self.held_until = _LONG_AGO
        self.unfinished: list[int] = []
        self.after_scope = PUBLIC  # the private source that had the last turn
        self._has_retried = False

    async def run_once(self, limit: int = 400) -> int:
        """Do a round; return how many articles were claimed, 0 if another process has the role."""
        claimed = await self._claim(limit) if self.held_until > _LONG_AGO else None
        if claimed is None:
            if not await self._may_take_role() or not await self._take_role():
                return 0
            claimed = await self._claim(limit)
        return await self._match_new(claimed) if claimed else 0

    async def _may_take_role(self) -> bool:
        """Return whether this process may take the role.

        The holder keeps it. Others take it only if articles wait and the lease has expired.
        """
        async with self.storage.reading() as tx:
            holder, until = await lease_of(tx, GROUPING)
            return holder == self.owner or (until <= tx.now and await has_new_articles(tx))

    async def _take_role(self) -> bool:
        async with self.storage.writing() as tx:
            is_held = await acquire_lease(tx, GROUPING, self.owner, LEASE)
            if is_held:
                self.held_until = tx.now + LEASE
            if is_held and not self._has_retried:
                # This may be a newer version that can process what the last one could not.
                retried = await retry_put_aside(tx)
                self._has_retried = True
                if retried:
                    log.info("articles put aside are tried again", articles=retried)
            return is_held

    async def _claim(self, limit: int) -> ClaimedBatch | None:
        """Claim articles in one short transaction; return None if the role was lost."""
        await self.sync.prepare()
        claimed = await self.storage.write_at_once(partial(self._claim_in, limit))
        if claimed:
            self.held_until = claimed.held_until
        else:
            self._note_loss()
        return claimed

    def _note_loss(self) -> None:
        self.held_until = _LONG_AGO
        self.stories = None
        self.story_memory = 0

    async def _claim_in(self, limit: int, tx: Transaction) -> ClaimedBatch | None:
        held_until = self.held_until
        if held_until - tx.now < _RENEWED:
            # Until this transaction ends, no process can take the role.
            if not await renew_lease(tx, GROUPING, self.owner, LEASE):
                return None
            held_until = tx.now + LEASE
        await release_articles(tx, self.unfinished, owner=self.owner)
        articles = await claim_new_articles(
            tx, owner=self.owner, limit=limit, after_scope=self.after_scope
        )
        origins = await _origins(tx, articles)
        changed = await self.sync.changes(tx)
        wanted = await queries_of_followers(tx, _private_scopes(articles))
        return ClaimedBatch(articles, origins, changed, wanted, tx.now, held_until)

    async def _match_new(self, claimed: ClaimedBatch) -> int:
        articles, origins = claimed.articles, claimed.origins
        await self.sync.follow(claimed.changed)
        if not articles:
            return 0
        self.unfinished = [article.id for article in articles]
        self.after_scope = max(_private_scopes(articles), default=self.after_scope)
        stories, placed = await self._place(articles, origins, claimed.now)
        for article_id, error in placed.failed.items():
            await put_article_aside(self.storage, self.owner, article_id, error)
        left = [article for article in articles if article.id not in placed.failed]
        stored = await self._match(left, placed, origins, claimed.wanted)
        if stored is None:
            return 0
        self.stories = stories if stories is None or stories.is_whole else None
        self.story_memory = self.stories.memory if self.stories else 0
        self.unfinished = []
        return LastRound(len(articles)) if stored.is_last else len(articles)

    async def _place(
        self, articles: Sequence[NewArticle], origins: Origins, now: datetime
    ) -> tuple[Stories | None, Placed]:
        """Return the stories with the new articles in them, and the place of each new article.

        `stories` is None until the places are stored. If that fails, the stories are read again.
        """
        new = [article for article in articles if not article.is_grouped]
        stories, self.stories = self.stories, None
        if new and stories is None:
            stories = await self._recall()
        if stories is None:
            return None, Placed({}, {}, set(), {})
        await in_turns(stories.forget((now - _REMEMBERED).timestamp()))
        return stories, await in_turns(_placed(stories, new, origins))

    async def _match(
        self, articles: Sequence[NewArticle], placed: Placed, origins: Origins, wanted: Wanted
    ) -> StoredBatch | None:
        """Match the articles and store the matches; return None if the role was lost."""
        names = {
            article_id: names_for_queries(each) for article_id, each in origins.publishers.items()
        }
        stored: StoredBatch | None = StoredBatch(is_last=False, held_until=self.held_until)

        async def match(batch: Sequence[NewArticle]) -> None:
            nonlocal stored
            matches = await matches_of_new(self.sync, batch, names, wanted)
            stored = stored and await self._store(batch, placed, matches)

        async def give_up(article: NewArticle, error: Exception) -> None:
            await put_article_aside(self.storage, self.owner, article.id, error)

        await in_batches(articles, match, give_up, together=max(len(articles), 1))
        return stored

    async def _store(
        self, articles: Sequence[NewArticle], placed: Placed, matches: Sequence[MatchFound]
    ) -> StoredBatch | None:
        """Store stories and matches; return None, with nothing stored, if the role was lost."""
        batch = partial(self._store_in, articles, placed, matches)
        stored = await self.storage.write_at_once(batch)
        if stored:
            self.held_until = stored.held_until
        else:
            self._note_loss()
        return stored

    async def _store_in(
        self,
        articles: Sequence[NewArticle],
        placed: Placed,
        matches: Sequence[MatchFound],
        tx: Transaction,
    ) -> StoredBatch | None:
        # Locks the lease until the transaction ends, so that no process takes the role before.
        if not await renew_lease(tx, GROUPING, self.owner, LEASE):
            return None
        new = [article for article in articles if not article.is_grouped]
        if new:
            chapters = {
                article.story_id: placed.chapters[article.story_id]
                for article in new
                if article.story_id in placed.chapters
            }
            public = {each.id: placed.stories[each.id] for each in new if each.scope_id == PUBLIC}
            await move_reports(tx, public)
            await group_articles(tx, new, placed.stories, chapters=chapters, joined=placed.joined)
        alerting = await queries_alerting(tx, {match.query_id for match in matches})
        ours = await finish_matching(
            tx,
            [article.id for article in articles],
            wanted={match.article_id for match in matches if match.query_id in alerting},
            owner=self.owner,
        )
        paid = await self._charge(
            tx, articles, [match for match in matches if match.article_id in ours]
        )
        for start in range(0, len(paid), _STORED):
            await store_matches(tx, paid[start : start + _STORED])
        return StoredBatch(not await has_new_articles(tx), tx.now + LEASE)

    async def _charge(
        self, tx: Transaction, articles: Sequence[NewArticle], matches: Sequence[MatchFound]
    ) -> Sequence[MatchFound]:
        """Charge the matches of private articles; leave out those that no follower can pay for."""
        scopes = {each.id: each.scope_id for each in articles if each.scope_id != PUBLIC}
        private = {scopes[each.article_id] for each in matches if each.article_id in scopes}
        left = await rooms(tx, private, UsageKind.MATCHES, self.budgets)
        counts: Counter[int] = Counter()
        paid = []
        for match in matches:
            scope_id = scopes.get(match.article_id)
            if scope_id is not None:
                if counts[scope_id] >= left[scope_id]:
                    continue
                counts[scope_id] += 1
            paid.append(match)
        costs = {scope_id: Cost(matches=count) for scope_id, count in counts.items()}
        await charge_sources(tx, costs, self.budgets)
        return paid

    async def _recall(self) -> Stories:
        """Read the stories of the last days, as many as fit in memory."""
        stories = Stories(self.most_memory)
        async with self.storage.reading() as tx:
            since = tx.now - _REMEMBERED
            after = await newest_window_start(tx, since, self.most_memory // TYPICAL_STORY)
        while True:
            async with self.storage.reading() as tx:
                articles = await grouped_articles(tx, since, after=after, limit=_READ)
                origins = await _origins(tx, articles)
            if not articles:
                break
            await in_turns(_remembering(stories, articles, origins))
            after = articles[-1].id
            await self._take_role()
        log.info("stories remembered", stories=len(stories), mb=stories.memory // 1_000_000)
        return stories


async def _origins(
    tx: Transaction, articles: Sequence[NewArticle] | Sequence[GroupedArticle]
) -> Origins:
    publishers = await publishers_of(tx, [article.id for article in articles])
    return Origins(publishers, await followers_of(tx, _private_scopes(articles)))


def _private_scopes(articles: Sequence[NewArticle] | Sequence[GroupedArticle]) -> set[int]:
    """Return the private sources to which the articles belong."""
    return {article.scope_id for article in articles if article.scope_id != PUBLIC}


def _placed(stories: Stories, articles: Sequence[NewArticle], origins: Origins) -> Slices[Placed]:
    placed = Placed({}, {}, set(), {})
    for article in articles:
        folded = article.folded_text[:LONGEST_COMPARED]
        try:
            place = stories.place(_news_article(article, origins, folded, article.story_id))
        except Exception as error:  # noqa: BLE001 - the article is put aside, with its error
            placed.failed[article.id] = error
            continue
        placed.stories[article.id] = place.story_id
        if not place.is_part:
            placed.joined.add(article.id)
        if place.story_id == article.story_id != place.chain_id:
            placed.chapters[place.story_id] = place.chain_id
        yield
    return placed


def _remembering(
    stories: Stories, articles: Sequence[GroupedArticle], origins: Origins
) -> Slices[None]:
    for article in articles:
        try:
            stories.remember(_news_article(article, origins, article.folded, article.chain_id))
        except Exception:  # it was published before, and nobody else may miss an alert for it
            log.exception("an article could not be remembered", article=article.id)
        yield


def _news_article(
    article: NewArticle | GroupedArticle, origins: Origins, folded: str, chain_id: int
) -> NewsArticle:
    """Return the article in the form that `Stories` compares.

    Only the publishers that made the article count; see `Publisher.is_canonical`.
    """
    is_public = article.scope_id == PUBLIC
    publishers = [each for each in origins.publishers.get(article.id, ()) if each.is_canonical]
    # A private feed may take the name of a publisher, and is not that publisher.
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
        readers=None if is_public else origins.followers.get(article.scope_id, frozenset()),
        chain_id=chain_id,
    )
