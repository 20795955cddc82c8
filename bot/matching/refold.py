"""Folds the stored texts again after a change of the folding rules, in batches, while the bot runs.

The database stores the version of the rules by which its texts were folded. If this differs from
`FOLDING_VERSION`, one process refolds the articles, then the queries, from what users typed. Until
then, search may miss an old article. Matching misses nothing, because it folds by the rules of its
own process. A crash costs one batch, because folding a text twice does no harm.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.matching.query import QueryError, parse
from bot.text.folding import FOLDING_VERSION, folded_labels, folded_text
from storage.articles import FoldedText, UnfoldedText, articles_after, replace_folded
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

log = structlog.get_logger(__name__)

LEASE_NAME: Final = "refold"
_LEASE: Final = timedelta(minutes=1)
# Rows in a batch. Other writers wait while a batch is stored.
_ARTICLES: Final = 50
_QUERIES: Final = 50


@dataclass(frozen=True, slots=True)
class Refolding:
    storage: Storage
    owner: str

    async def refold(self) -> int:
        """Refold a batch; return its number of rows, 0 if nothing is left for this process."""
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
        async with self.storage.reading() as tx:
            articles = await articles_after(tx, progress.article_id, _ARTICLES)
        if not articles:
            return 0
        folded = await asyncio.to_thread(_folded, articles)
        async with self.storage.writing() as tx:
            # An article that was revised in between has been folded by the new rules already.
            rows = await articles_after(tx, progress.article_id, _ARTICLES)
            current = {article.article_id: article for article in rows}
            unchanged = [
                new
                for old, new in zip(articles, folded, strict=True)
                if current.get(old.article_id) == old
            ]
            await replace_folded(tx, unchanged)
            await set_folding_progress(tx, progress._replace(article_id=articles[-1].article_id))
        return len(articles)

    async def _queries(self, progress: FoldingProgress) -> int:
        """Give each topic the query that its typed text now means."""
        async with self.storage.reading() as tx:
            queries = await topics_of_queries_after(tx, progress.query_id, _QUERIES)
        if not queries:
            return 0
        typed = {topic.typed for _, topics in queries.values() for topic in topics}
        new = await asyncio.to_thread(_canonical_forms, typed)
        async with self.storage.writing() as tx:
            queries = await topics_of_queries_after(tx, progress.query_id, _QUERIES)
            for query_id, (canonical, topics) in queries.items():
                forms = [new.get(topic.typed, canonical) for topic in topics]
                if set(forms) <= {canonical}:
                    continue
                await rewrite_query(tx, query_id, forms[0])
                for topic, form in zip(topics, forms, strict=True):
                    topic.query_id = (await query_for(tx, form)).id
                await tx.flush()
                await retire_query(tx, query_id)
            await set_folding_progress(tx, progress._replace(query_id=max(queries)))
        return len(queries)


def _folded(articles: Sequence[UnfoldedText]) -> list[FoldedText]:
    return [
        FoldedText(
            article.article_id,
            folded_text(article.title),
            folded_text(article.text),
            article.language,
            folded_labels(article.author, article.categories.splitlines()),
        )
        for article in articles
    ]


def _canonical_forms(typed: Iterable[str]) -> dict[str, str]:
    """Return the canonical form of each text that is still a valid query.

    Topics with other texts keep their query until a user edits them.
    """
    forms = {}
    for text in typed:
        with suppress(QueryError):
            forms[text] = parse(text).canonical
    return forms
