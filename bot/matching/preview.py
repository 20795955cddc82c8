"""What a query would have found: the card before subscribing, and the start of a new topic.

The index of folded texts gives candidates, the exact matcher decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.matching.candidates import FTS5, TSQUERY
from bot.matching.evaluation import fold_article, holds
from bot.matching.explaining import Explanation, explain, loosened
from bot.matching.match import matches_found
from bot.matching.query import Query
from bot.matching.slices import in_slices
from bot.matching.snippets import Snippet, bold_ranges, snippet
from bot.matching.spans import spans
from bot.matching.surroundings import asked_of, source_keys
from bot.matching.tracing import Place
from bot.matching.tree import Node, Source, leaves
from storage.articles import Article
from storage.articles_found import Wanted, articles_found, source_names
from storage.engine import POSTGRESQL, Storage
from storage.matches import MatchFound, store_matches
from storage.sources_carrying import carriers_of, sources_called

MOST_LOOKED_AT = 1000  # articles; a query with more candidates is told as "more than"
SILENT_DAYS = 30
MOST_NEARLY = 200  # articles that are asked what they are missing


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
class NearMiss:
    """An article that has a part of the query, and what it is missing."""

    title: str
    url: str
    explained: Explanation


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """*count* articles of the last *days*, at least so many if *is_more*; the newest of them."""

    count: int
    is_more: bool
    days: int
    newest: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """Articles, and who carried each."""

    articles: Sequence[Article]
    carriers: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def sources(self, article: Article) -> tuple[str, ...]:
        return self.carriers.get(article.id or 0, ())


@dataclass(frozen=True, slots=True)
class Preview:
    storage: Storage

    async def hits(
        self, query: Query, *, chat_id: int | None = None, days: int = 7, limit: int = 3
    ) -> PreviewResult:
        """What *query* found in public sources and in those that the chat *chat_id* follows."""
        looked = await self._look(query.tree, timedelta(days=days), MOST_LOOKED_AT + 1, chat_id)
        matched = await _matching(query, looked, MOST_LOOKED_AT)
        newest = matched[:limit]
        async with self.storage.reading() as unit:
            names = await source_names(unit, [article.id or 0 for article in newest])

        def shown(article: Article) -> Hit:
            return _hit(query, article, names.get(article.id or 0, ""))

        hits = [hit async for _, hit in in_slices(newest, shown)]
        is_more = len(looked.articles) > MOST_LOOKED_AT
        return PreviewResult(len(matched), is_more, days, tuple(hits))

    async def silent_days(self, query: Query, *, chat_id: int | None = None) -> int:
        """For how many days *query* has found nothing; 0 where it has found something."""
        found = await self.hits(query, chat_id=chat_id, days=SILENT_DAYS, limit=0)
        return 0 if found.count else SILENT_DAYS

    async def near_miss(
        self, query: Query, *, chat_id: int | None = None, days: int = 7
    ) -> NearMiss | None:
        """The article that is missing least of *query*, of several the newest."""
        tree = loosened(query)
        if tree is None:
            return None
        looked = await self._look(tree, timedelta(days=days), MOST_NEARLY, chat_id)

        def explained(article: Article) -> Explanation:
            sources, language = looked.sources(article), article.language
            return explain(query, article.title, article.text, sources=sources, language=language)

        told = [pair async for pair in in_slices(looked.articles, explained)]
        nearly = [(article, why) for article, why in told if why.is_near_miss]
        nearest = min(nearly, key=lambda pair: len(pair[1].missing), default=None)
        return NearMiss(nearest[0].title, nearest[0].url, nearest[1]) if nearest else None

    async def backfill(self, query_id: int, query: Query, since: datetime) -> int:
        """Store what a new query matches among the articles since then; return how many."""
        async with self.storage.reading() as unit:
            wanted = Wanted(self._words(query.tree), since, whatever_source=True)
            articles = await articles_found(unit, wanted, limit=10 * MOST_LOOKED_AT)
            looked = Looked(articles, await carriers_of(unit, [one.id or 0 for one in articles]))

        def explained(article: Article) -> list[MatchFound]:
            return matches_found(article, {query_id: query}, looked.sources(article))

        found = [match async for _, some in in_slices(articles, explained) for match in some]
        async with self.storage.writing() as unit:
            return await store_matches(unit, found)

    async def _look(self, tree: Node, ago: timedelta, most: int, chat_id: int | None) -> Looked:
        asked = asked_of(tree)

        def is_meant(*source: str) -> bool:
            return asked.source in source_keys(source)

        async with self.storage.reading() as unit:
            carried = await sources_called(unit, is_meant) if asked.source else None
            wanted = Wanted(
                self._words(tree),
                unit.now - ago,
                chat_id,
                source_ids=carried,
                language=asked.language,
            )
            articles = await articles_found(unit, wanted, limit=most)
            if not any(isinstance(leaf, Source) for leaf in leaves(tree)):
                return Looked(articles)
            ids = [article.id or 0 for article in articles]
            return Looked(articles, await carriers_of(unit, ids))

    def _words(self, tree: Node) -> str | None:
        dialect = TSQUERY if self.storage.dialect == POSTGRESQL else FTS5
        return dialect.expression(tree)


async def _matching(query: Query, looked: Looked, most: int) -> list[Article]:
    def is_match(article: Article) -> bool:
        folded = fold_article(
            article.title,
            article.text,
            sources=looked.sources(article),
            language=article.language,
        )
        return holds(query.tree, folded.has)

    return [article async for article, yes in in_slices(looked.articles[:most], is_match) if yes]


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
