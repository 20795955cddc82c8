"""The step from stored articles to matches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.matching.evaluation import fold_article, reasons
from bot.matching.following import Following
from bot.matching.query import Query, parse
from bot.matching.slices import in_slices
from storage.articles import Article
from storage.articles_staged import advance_articles, claim_articles
from storage.engine import Storage
from storage.matches import MatchFound, store_matches
from storage.queries import queries_by_id
from storage.sources_carrying import carriers_of
from storage.words import Stage


@dataclass(frozen=True, slots=True)
class Matching:
    storage: Storage
    following: Following
    owner: str

    async def match_new(self, limit: int = 200) -> int:
        """Match the oldest stored articles; return how many were done.

        The unit that claims them also reads what changed among the queries, so that no query
        misses an article stored after it.
        """
        await self.following.catch_up()
        async with self.storage.writing() as unit:
            articles = await claim_articles(unit, Stage.STORED, owner=self.owner, limit=limit)
            changed = await self.following.changes(unit)
        await self.following.follow(changed)
        return await self._hand_on(articles) if articles else 0

    async def _hand_on(self, articles: Sequence[Article]) -> int:
        found = await self._matches(articles)
        ids = [article.id for article in articles if article.id is not None]
        async with self.storage.writing() as unit:
            ours = await advance_articles(unit, ids, owner=self.owner, stage=Stage.MATCHED)
            await store_matches(unit, [match for match in found if match.article_id in ours])
        return len(ours)

    async def _matches(self, articles: Sequence[Article]) -> list[MatchFound]:
        async with self.storage.reading() as unit:
            carriers = await carriers_of(unit, [article.id or 0 for article in articles])

        def query_ids(article: Article) -> set[int]:
            sources = carriers.get(article.id or 0, ())
            return self.following.live.index.match(
                article.title, article.text, sources=sources, language=article.language or None
            )

        matched = [pair async for pair in in_slices(articles, query_ids) if pair[1]]
        async with self.storage.reading() as unit:
            canonical = await queries_by_id(unit, set[int]().union(*(ids for _, ids in matched)))
        queries = {query_id: parse(text) for query_id, text in canonical.items()}
        wanted = {
            article.id: {number: queries[number] for number in ids} for article, ids in matched
        }

        def explained(article: Article) -> list[MatchFound]:
            sources = carriers.get(article.id or 0, ())
            return matches_found(article, wanted[article.id], sources)

        again = in_slices([article for article, _ in matched], explained)
        return [match async for _, matches in again for match in matches]


def matches_found(
    article: Article, queries: Mapping[int, Query], sources: Sequence[str] = ()
) -> list[MatchFound]:
    """One for each of the queries, by id, that matches *article*, with the reason."""
    folded = fold_article(
        article.title, article.text, sources=sources, language=article.language or None
    )
    return [
        MatchFound(article.id, query_id, list(why.words), why.in_title, article.news_at)
        for query_id, query in sorted(queries.items(), key=lambda item: item[0])
        if article.id is not None and (why := reasons(query.tree, folded))
    ]
