"""What a query would have found: the card before subscribing, and the start of a new topic.

The index of folded texts gives candidates, the exact matcher decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.matching.evaluation import fold_article, holds
from bot.matching.explaining import Explanation, explain, loosened
from bot.matching.finding import matches_found
from bot.matching.looking import MOST_LOOKED_AT, Carriers, Looked, Looking, Tell
from bot.matching.query import Query
from bot.matching.slices import in_slices
from bot.matching.snippets import Snippet, bold_ranges, snippet
from bot.matching.spans import spans
from bot.matching.tracing import Place
from storage.articles import Article
from storage.db.engine import Storage
from storage.publishers import first_publisher_names
from storage.queries import MatchFound, store_matches
from storage.search import ArticleSearch, search_articles

MOST_FILLED = 10_000  # articles that a new query is filled from
SILENT_DAYS = 30
LENGTH = 240  # characters of a snippet


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
        looking = self._looking.look(query, _matcher(query), ago=ago, chat_id=chat_id, most=most)
        return _stories(await looking)

    async def stories_ever(self, query: Query, *, chat_id: int) -> StoriesFound:
        """Those among all stored articles, as many as there is time for."""
        looking = self._looking.look(query, _matcher(query), ago=None, chat_id=chat_id)
        return _stories(await looking)

    async def shown(
        self,
        query: Query,
        articles: Sequence[Article],
        length: int = LENGTH,
        *,
        chat_id: int | None = None,
    ) -> tuple[Hit, ...]:
        """How *articles* are shown to whoever asked for the *query*; snippets of that *length*."""
        async with self.storage.reading() as tx:
            names = await first_publisher_names(tx, [one.id for one in articles], chat_id)

        def shown(article: Article) -> Hit:
            return _hit(query, article, names.get(article.id, ""), length)

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

        ago = timedelta(days=days)
        looked = await self._looking.look(query, explained, tree=tree, ago=ago, chat_id=chat_id)
        nearly = [(article, why) for article, why in looked.told if why.is_near_miss]
        nearest = min(nearly, key=lambda pair: pair[1].distance, default=None)
        return NearMiss(nearest[0].title, nearest[0].url, nearest[1]) if nearest else None

    async def backfill(self, query_id: int, query: Query, since: datetime) -> int:
        """Store what a new query matches among the articles since then; return how many it is."""

        def explained(article: Article, sources: Carriers) -> list[MatchFound]:
            return matches_found(article, {query_id: query}, sources)

        wanted = ArticleSearch(self._looking.words(query.tree), since, whatever_source=True)
        async with self.storage.reading() as tx:
            ids = await search_articles(tx, wanted, limit=MOST_FILLED)
        found = [match for _, some in await self._looking.tell(ids, explained) for match in some]
        async with self.storage.writing() as tx:
            await store_matches(tx, found)
        return len(found)

    @property
    def _looking(self) -> Looking:
        return Looking(self.storage)


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
        article_id=article.id,
        title=article.title,
        url=article.url,
        source=source,
        published=article.published_at or article.published_on or article.news_at,
        title_spans=bold_ranges(span for span in found if span.field == "title"),
        snippet=snippet(article.text, found, length),
    )
