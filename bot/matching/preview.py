"""What a query would have found: the card before subscribing, and the start of a new topic.

The index of folded texts gives candidates, the exact matcher decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.matching.candidates import FTS5, TSQUERY
from bot.matching.evaluation import fold_article, holds
from bot.matching.match import matches_found
from bot.matching.query import Query
from bot.matching.sentences import Place
from bot.matching.slices import in_slices
from bot.matching.snippets import Snippet, bold_ranges, snippet
from bot.matching.spans import spans
from storage.articles import Article
from storage.articles_found import Wanted, articles_found, source_names
from storage.engine import POSTGRESQL, Storage
from storage.matches import MatchFound, store_matches

MOST_LOOKED_AT = 1000  # articles; a query with more candidates is told as "more than"


@dataclass(frozen=True, slots=True)
class Hit:
    """One article; the ranges of its title and of the snippet are the words that matched."""

    article_id: int
    title: str
    url: str
    source: str
    published: datetime | date
    title_spans: tuple[Place, ...]
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """*count* articles of the last *days*, at least so many if *is_more*; the newest of them."""

    count: int
    is_more: bool
    days: int
    newest: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    storage: Storage

    async def hits(
        self, query: Query, *, chat_id: int | None = None, days: int = 7, limit: int = 3
    ) -> PreviewResult:
        """What *query* found in public sources and in those that the chat *chat_id* follows."""
        async with self.storage.reading() as unit:
            since = unit.now - timedelta(days=days)
            wanted = Wanted(self._words(query), since, chat_id)
            articles = await articles_found(unit, wanted, limit=MOST_LOOKED_AT + 1)
        matched = await _matching(query, articles[:MOST_LOOKED_AT])
        newest = matched[:limit]
        async with self.storage.reading() as unit:
            names = await source_names(unit, [article.id or 0 for article in newest])

        def shown(article: Article) -> Hit:
            return _hit(query, article, names.get(article.id or 0, ""))

        hits = [hit async for _, hit in in_slices(newest, shown)]
        return PreviewResult(len(matched), len(articles) > MOST_LOOKED_AT, days, tuple(hits))

    async def backfill(self, query_id: int, query: Query, since: datetime) -> int:
        """Store what a new query matches among the articles since then; return how many."""
        async with self.storage.reading() as unit:
            wanted = Wanted(self._words(query), since, whatever_source=True)
            articles = await articles_found(unit, wanted, limit=10 * MOST_LOOKED_AT)

        def explained(article: Article) -> list[MatchFound]:
            return matches_found(article, {query_id: query})

        found = [match async for _, some in in_slices(articles, explained) for match in some]
        async with self.storage.writing() as unit:
            return await store_matches(unit, found)

    def _words(self, query: Query) -> str | None:
        dialect = TSQUERY if self.storage.dialect == POSTGRESQL else FTS5
        return dialect.expression(query.tree)


async def _matching(query: Query, articles: Sequence[Article]) -> list[Article]:
    def is_match(article: Article) -> bool:
        return holds(query.tree, fold_article(article.title, article.text).has)

    return [article async for article, yes in in_slices(articles, is_match) if yes]


def _hit(query: Query, article: Article, source: str) -> Hit:
    found = spans(query, article.title, article.text)
    return Hit(
        article_id=article.id or 0,
        title=article.title,
        url=article.url,
        source=source,
        published=article.published_at or article.published_on or article.news_at,
        title_spans=bold_ranges(span for span in found if span.field == "title"),
        snippet=snippet(article.text, found),
    )
