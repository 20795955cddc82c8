"""The stage from grouped articles to matches: which stored queries match, and because of what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from bot.matching.evaluate import FoldedArticle, article_folded, learned, reasons
from bot.matching.index import QueryIndex
from bot.matching.index_sync import IndexSync
from bot.matching.query import Query
from bot.matching.slices import Slices, finished, in_turns
from storage.articles import Article, UnmatchedArticle, advance_articles, claim_articles
from storage.db.engine import Storage
from storage.enums import Stage
from storage.publishers import searchable_names
from storage.queries import MatchFound, store_matches

_STORED: Final = 200  # matches stored at once, in about 3 ms


@dataclass(frozen=True, slots=True)
class Matching:
    storage: Storage
    sync: IndexSync
    owner: str

    async def match_new(self, limit: int = 400) -> int:
        """Match the oldest grouped articles; return how many were done.

        The transaction that claims them also reads what changed among the queries, so that no query
        misses an article stored after it.
        """
        await self.sync.prepare()
        async with self.storage.writing() as tx:
            articles = await claim_articles(tx, Stage.GROUPED, owner=self.owner, limit=limit)
            changed = await self.sync.changes(tx)
        await self.sync.follow(changed)
        if not articles:
            return 0
        found = await self._matches(articles)
        async with self.storage.writing() as tx:
            ids = [article.id for article in articles]
            ours = await advance_articles(tx, ids, owner=self.owner, stage=Stage.MATCHED)
            kept = (match for match in found if match.article_id in ours)
            while some := list(islice(kept, _STORED)):
                await store_matches(tx, some)
        return len(ours)

    async def _matches(self, articles: Sequence[UnmatchedArticle]) -> list[MatchFound]:
        async with self.storage.reading() as tx:
            names = await searchable_names(tx, [article.id for article in articles])
        hits = await in_turns(_hits(self.sync.index, articles, names))
        queries = await self.sync.queries(set[int]().union(*(hit.query_ids for hit in hits)))
        return await in_turns(_matches_of(hits, queries))


class _Hit(NamedTuple):
    article: UnmatchedArticle
    query_ids: set[int]
    folded: FoldedArticle


def _hits(
    index: QueryIndex, articles: Iterable[UnmatchedArticle], names: Mapping[int, Sequence[str]]
) -> Slices[list[_Hit]]:
    """Find the articles that some query matches."""
    hits = []
    for article in articles:
        folded = yield from _folded(article, names.get(article.id, ()))
        if query_ids := (yield from index.matching_folded(folded)):
            hits.append(_Hit(article, query_ids, folded))
    return hits


def _matches_of(hits: Iterable[_Hit], queries: Mapping[int, Query]) -> Slices[list[MatchFound]]:
    found: list[MatchFound] = []
    for hit in hits:
        wanted = {number: queries[number] for number in hit.query_ids if number in queries}
        found += yield from _matches_in(hit.article, wanted, hit.folded)
    return found


def matches_found(
    article: Article, queries: Mapping[int, Query], sources: Sequence[str] = ()
) -> list[MatchFound]:
    """Return one for each of the queries, by id, that matches *article*, with the reason.

    *sources* are the hosts and names of the article's publishers.
    """
    folded = finished(_folded(article, sources))
    return finished(_matches_in(article, queries, folded))


def _matches_in(
    article: Article | UnmatchedArticle, queries: Mapping[int, Query], folded: FoldedArticle
) -> Slices[list[MatchFound]]:
    yield from learned(folded, (query.tree for query in queries.values()))
    found = []
    for query_id in sorted(queries):
        if why := reasons(queries[query_id].tree, folded):
            words = list(why.words)
            found.append(MatchFound(article.id, query_id, words, why.in_title, article.news_at))
        yield
    return found


def _folded(article: Article | UnmatchedArticle, sources: Sequence[str]) -> Slices[FoldedArticle]:
    language = article.language or None
    return article_folded(article.title, article.text, sources=sources, language=language)
