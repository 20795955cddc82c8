"""After a change of the folding rules: what is stored is folded anew, in batches, in service.

The version of the rules that the tables were folded by is stored. Where it is not
`FOLDING_VERSION`, one process refolds the articles, then the queries, by what users typed. Until it
is done, search may miss an old article; matching folds by its own process's rules and misses
nothing. A crash costs the batch: what is folded already is folded to the same again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.matching.query import QueryError, parse
from bot.slices import Slices, in_turns
from bot.text.folding import FOLDING_VERSION, text_in_slices
from storage.articles import FoldedText, articles_after, replace_folded
from storage.db.engine import Storage
from storage.db.leases import acquire_lease
from storage.queries import (
    FoldingProgress,
    folding_progress,
    query_for,
    retire_query,
    rewrite_query,
    set_folding_progress,
    topics_of_queries_after,
)
from storage.topics import Topic

log = structlog.get_logger(__name__)

LEASE_NAME: Final = "refold"
_LEASE: Final = timedelta(minutes=1)
_ARTICLES: Final = 50  # a batch: other writers wait for it
_QUERIES: Final = 50


@dataclass(frozen=True, slots=True)
class Refolding:
    storage: Storage
    owner: str

    async def refold(self) -> int:
        """Refold a batch; return how many rows it had, 0 if there is nothing to do for us."""
        async with self.storage.reading() as tx:
            progress = await folding_progress(tx)
        if progress.version == FOLDING_VERSION:
            return 0
        if progress.target != FOLDING_VERSION:
            progress = FoldingProgress(progress.version, FOLDING_VERSION)
        async with self.storage.writing() as tx:
            if not await acquire_lease(tx, LEASE_NAME, self.owner, _LEASE):
                return 0
        if done := await self._articles(progress) or await self._queries(progress):
            return done
        async with self.storage.writing() as tx:
            await set_folding_progress(tx, FoldingProgress(FOLDING_VERSION, FOLDING_VERSION))
        log.info("stored texts follow the folding rules", version=FOLDING_VERSION)
        return 0

    async def _articles(self, progress: FoldingProgress) -> int:
        async with self.storage.writing() as tx:
            articles = await articles_after(tx, progress.article_id, _ARTICLES)
            if not articles:
                return 0
            await replace_folded(tx, await in_turns(_folded(articles)))
            await set_folding_progress(tx, progress._replace(article_id=articles[-1].article_id))
        return len(articles)

    async def _queries(self, progress: FoldingProgress) -> int:
        """Give each topic the query that its typed text stands for now."""
        async with self.storage.writing() as tx:
            queries = await topics_of_queries_after(tx, progress.query_id, _QUERIES)
            for query_id, (canonical, topics) in queries.items():
                wanted_of = [_canonical(topic, canonical) for topic in topics]
                if set(wanted_of) <= {canonical}:
                    continue
                await rewrite_query(tx, query_id, wanted_of[0])
                for topic, wanted in zip(topics, wanted_of, strict=True):
                    topic.query_id = (await query_for(tx, wanted)).id
                    tx.session.add(topic)
                await tx.session.flush()
                await retire_query(tx, query_id)
            if not queries:
                return 0
            await set_folding_progress(tx, progress._replace(query_id=max(queries)))
        return len(queries)


def _folded(articles: Sequence[FoldedText]) -> Slices[list[FoldedText]]:
    found = []
    for article in articles:
        title = yield from text_in_slices(article.title)
        text = yield from text_in_slices(article.text)
        found.append(article._replace(title=title, text=text))
        yield
    return found


def _canonical(topic: Topic, canonical: str) -> str:
    """What cannot be read any more stays: its topic is edited, or finds nothing."""
    try:
        return parse(topic.typed).canonical
    except QueryError:
        return canonical
