"""What a query would have found: the card before subscribing, and the start of a new topic.

The index of folded texts gives candidates, the exact matcher decides.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeAlias, TypeVar

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
from storage.articles_found import (
    Wanted,
    articles_of,
    ids_ever_found,
    ids_found,
    source_names,
)
from storage.engine import POSTGRESQL, Storage
from storage.matches import MatchFound, store_matches
from storage.sources_carrying import carriers_of, sources_called

# A query with more candidates, or with slower ones, is told as "more than".
MOST_LOOKED_AT = 1000  # articles
LONGEST_LOOK = timedelta(milliseconds=120)  # twice on a card, where nothing is found
MOST_FILLED = 10_000  # articles that a new query is filled from
SILENT_DAYS = 30
PAGE = 50  # articles read at a time
LENGTH = 240  # characters of a snippet

Told = TypeVar("Told")
Carriers: TypeAlias = tuple[str, ...]  # the hosts and titles of those that carried an article
Tell: TypeAlias = Callable[[Article, Carriers], Told]


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
    """*count* stories of the last *days*, at least so many if *is_more*; the newest of them.

    They were counted back to *covered* ago, which is less than *days* if *is_more*.
    """

    count: int
    is_more: bool
    days: int
    newest: tuple[Hit, ...]
    covered: timedelta


@dataclass(frozen=True, slots=True)
class StoriesFound:
    """The newest article of each, the newest first; *is_more* and *covered* as of a preview.

    *since* is the moment back to which they were looked for.
    """

    articles: list[Article]
    is_more: bool
    covered: timedelta
    since: datetime


@dataclass(frozen=True, slots=True)
class Looked(Generic[Told]):
    """Articles, the newest first, each with what was told of it; *is_more*: not all there are."""

    told: list[tuple[Article, Told]]
    is_more: bool
    covered: timedelta
    since: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    storage: Storage

    async def hits(
        self,
        query: Query,
        *,
        chat_id: int | None = None,
        days: int = 7,
        limit: int = 3,
        most: int = MOST_LOOKED_AT,
    ) -> PreviewResult:
        """What *query* found in public sources and in those that the chat *chat_id* follows.

        *most*: the articles that are looked at, where nobody asks how many there are.
        """
        found = await self.stories(query, chat_id=chat_id, days=days, most=most)
        hits = await self.shown(query, found.articles[:limit], chat_id=chat_id)
        return PreviewResult(len(found.articles), found.is_more, days, hits, found.covered)

    async def stories(
        self,
        query: Query,
        *,
        chat_id: int | None = None,
        days: int = 7,
        most: int = MOST_LOOKED_AT,
    ) -> StoriesFound:
        """The same stories, by their newest articles alone."""
        ago = timedelta(days=days)
        return _stories(await self._look(query, query.tree, ago, chat_id, _matcher(query), most))

    async def stories_ever(self, query: Query, *, chat_id: int) -> StoriesFound:
        """Those among all stored articles, as many as there is time for."""
        async with self.storage.reading() as unit:
            now, words = unit.now, self._words(query.tree)
            language = asked_of(query.tree).language
            ids = await ids_ever_found(
                unit, words, chat_id, limit=MOST_LOOKED_AT + 1, language=language
            )
        told = await self._tell_in_time(query, ids, _matcher(query))
        since = told[-1][0].news_at if told else now
        return _stories(Looked(told, len(told) < len(ids), now - since, since))

    async def shown(
        self,
        query: Query,
        articles: Sequence[Article],
        length: int = LENGTH,
        *,
        chat_id: int | None = None,
    ) -> tuple[Hit, ...]:
        """How *articles* are shown to whoever asked for the *query*; snippets of that *length*."""
        async with self.storage.reading() as unit:
            names = await source_names(unit, [one.id or 0 for one in articles], chat_id)

        def shown(article: Article) -> Hit:
            return _hit(query, article, names.get(article.id or 0, ""), length)

        return tuple([hit async for _, hit in in_slices(articles, shown)])

    async def silent_days(self, query: Query, *, chat_id: int | None = None) -> int:
        """For how many days *query* has found nothing; 0 where it has found something."""
        found = await self.hits(query, chat_id=chat_id, days=SILENT_DAYS, limit=0)
        return 0 if found.count or found.is_more else SILENT_DAYS

    async def near_miss(
        self, query: Query, *, chat_id: int | None = None, days: int = 7
    ) -> NearMiss | None:
        """The article that is missing least of *query*, of several the newest."""
        tree = loosened(query)
        if tree is None:
            return None

        def explained(article: Article, sources: Carriers) -> Explanation:
            language = article.language
            return explain(query, article.title, article.text, sources=sources, language=language)

        looked = await self._look(query, tree, timedelta(days=days), chat_id, explained)
        nearly = [(article, why) for article, why in looked.told if why.is_near_miss]
        nearest = min(nearly, key=lambda pair: pair[1].distance, default=None)
        return NearMiss(nearest[0].title, nearest[0].url, nearest[1]) if nearest else None

    async def backfill(self, query_id: int, query: Query, since: datetime) -> int:
        """Store what a new query matches among the articles since then; return how many it is."""

        def explained(article: Article, sources: Carriers) -> list[MatchFound]:
            return matches_found(article, {query_id: query}, sources)

        wanted = Wanted(self._words(query.tree), since, whatever_source=True)
        async with self.storage.reading() as unit:
            ids = await ids_found(unit, wanted, limit=MOST_FILLED)
        found = [match for _, some in await self._tell(ids, explained) for match in some]
        async with self.storage.writing() as unit:
            await store_matches(unit, found)
        return len(found)

    async def _look(
        self,
        query: Query,
        tree: Node,
        ago: timedelta,
        chat_id: int | None,
        tell: Tell[Told],
        most: int = MOST_LOOKED_AT,
    ) -> Looked[Told]:
        """Tell of the newest articles that *tree* may match, as many as there is time for."""
        asked = asked_of(tree)

        def is_meant(*source: str) -> bool:
            return asked.source in source_keys(source)

        async with self.storage.reading() as unit:
            carried = await sources_called(unit, is_meant, chat_id) if asked.source else None
            now, words = unit.now, self._words(tree)
            wanted = Wanted(words, now - ago, chat_id, source_ids=carried, language=asked.language)
            ids = await ids_found(unit, wanted, limit=most + 1)
        told = await self._tell_in_time(query, ids, tell)
        is_more = len(told) < len(ids)
        since = told[-1][0].news_at if is_more and told else now - ago
        return Looked(told, is_more, now - since, since)

    async def _tell_in_time(
        self, query: Query, ids: Sequence[int], tell: Tell[Told]
    ) -> list[tuple[Article, Told]]:
        """Tell of as many as there is time for, the newest first."""
        told = await self._tell(
            ids[:MOST_LOOKED_AT],
            tell,
            at_most=LONGEST_LOOK,
            with_carriers=any(isinstance(leaf, Source) for leaf in leaves(query.tree)),
        )
        return sorted(told, key=lambda pair: (pair[0].news_at, pair[0].id), reverse=True)

    async def _tell(
        self,
        ids: Sequence[int],
        tell: Tell[Told],
        *,
        at_most: timedelta = timedelta.max,
        with_carriers: bool = True,
    ) -> list[tuple[Article, Told]]:
        """Read the articles a page at a time, so that the event loop has its turns.

        Of what is to take *at_most* so long the first page is told of in any case.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + at_most.total_seconds()
        told: list[tuple[Article, Told]] = []
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            async with self.storage.reading() as unit:
                articles = await articles_of(unit, page)
                carriers = await carriers_of(unit, page) if with_carriers else {}

            def tell_one(article: Article, carriers: dict[int, Carriers] = carriers) -> Told:
                return tell(article, carriers.get(article.id or 0, ()))

            told += [pair async for pair in in_slices(articles, tell_one)]
            if clock() >= until:
                break
        return told

    def _words(self, tree: Node) -> str | None:
        dialect = TSQUERY if self.storage.dialect == POSTGRESQL else FTS5
        return dialect.expression(tree)


def _matcher(query: Query) -> Tell[bool]:
    def is_match(article: Article, sources: Carriers) -> bool:
        folded = fold_article(
            article.title, article.text, sources=sources, language=article.language
        )
        return holds(query.tree, folded.has)

    return is_match


def _stories(looked: Looked[bool]) -> StoriesFound:
    stories = _newest_of_each(article for article, yes in looked.told if yes)
    return StoriesFound(stories, looked.is_more, looked.covered, looked.since)


def _newest_of_each(articles: Iterable[Article]) -> list[Article]:
    """Return one article of each story, the first that comes."""
    stories: dict[int, Article] = {}
    for article in articles:
        stories.setdefault(article.story_id, article)
    return list(stories.values())


def _hit(query: Query, article: Article, source: str, length: int) -> Hit:
    found = spans(query, article.title, article.text)
    return Hit(
        article_id=article.id or 0,
        title=article.title,
        url=article.url,
        source=source,
        published=article.published_at or article.published_on or article.news_at,
        title_spans=bold_ranges(span for span in found if span.field == "title"),
        snippet=snippet(article.text, found, length),
    )
