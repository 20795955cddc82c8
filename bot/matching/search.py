"""Searches the stored articles: previews of a query, near misses, and comparisons of two queries.

The results are stories, each shown by its newest article.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.matching.candidates import Results, SearchLimits, evaluate, evaluate_newest
from bot.matching.evaluate import FoldedArticle, holds
from bot.matching.explain import Explanation, explain_folded, loosened
from bot.matching.hits import SearchHit, hits_of
from bot.matching.query import ParsedQuery
from storage.articles import articles_by_id, news_since
from storage.db.engine import Storage, Transaction
from storage.search import Candidate, SearchedArticle

SILENT_DAYS: Final = 30
COMPARED_DAYS: Final = 7
FLOOD: Final = 30  # stories a day
_DAY: Final = timedelta(days=1)
_HEADLINES: Final = 3  # of each kind, in a comparison


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An article that matches a part of the query, and an explanation of what it lacks."""

    title: str
    url: str
    explained: Explanation


@dataclass(frozen=True, slots=True)
class ExplainedArticle:
    """A stored article, with the text that queries see, and an explanation of a query's result."""

    title: str
    url: str
    text: str
    explained: Explanation


@dataclass(frozen=True, slots=True)
class Volume:
    """*count* stories in the time *covered*, and the rounded rates that follow from it."""

    count: int
    covered: timedelta

    @property
    def per_day(self) -> int:
        # A busy hour says nothing of the rest of its day, so less than a day counts as a day.
        return round(self.count * (_DAY / max(self.covered, _DAY)))

    @property
    def is_flood(self) -> bool:
        """Whether the stories are too many to read."""
        return self.per_day >= FLOOD

    @property
    def every_days(self) -> int:
        return round(self.covered / _DAY / self.count) if self.count else 0


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """The number of stories in the last *days*, and the newest of them.

    *covered*: how far back they were counted. If *is_more*, this is less than *days*, and *count*
    is a minimum.
    """

    count: int
    is_more: bool
    days: int
    newest: tuple[SearchHit, ...]
    covered: timedelta

    @property
    def volume(self) -> Volume:
        return Volume(self.count, self.covered)


@dataclass(frozen=True, slots=True)
class StoriesFound:
    """The newest article of each story, the newest first; for the rest see `Evaluated`."""

    articles: Sequence[Candidate]
    is_more: bool
    covered: timedelta
    since: datetime


@dataclass(frozen=True, slots=True)
class StoryCount:
    """*count* stories in the time *covered*. *is_more*: a whole week has at least as many."""

    count: int
    is_more: bool
    covered: timedelta


@dataclass(frozen=True, slots=True)
class Headline:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Headlines:
    """The newest of *count* stories."""

    count: int
    newest: Sequence[Headline]


@dataclass(frozen=True, slots=True)
class Difference:
    """The stories that only one of two queries found in the same time."""

    before: StoryCount
    after: StoryCount
    coming: Headlines
    going: Headlines


async def find(
    storage: Storage,
    query: ParsedQuery,
    *,
    chat_id: int | None = None,
    days: int = 7,
    limit: int = 3,
) -> PreviewResult:
    """Return what *query* found lately, with its newest hits."""
    limits = SearchLimits(timedelta(days=days))
    found = await find_stories(storage, query, limits, chat_id=chat_id)
    newest = [article.id for article in found.articles[:limit]]
    hits = await hits_of(storage, query, newest, chat_id=chat_id)
    return PreviewResult(len(found.articles), found.is_more, days, hits, found.covered)


async def find_stories(
    storage: Storage,
    query: ParsedQuery,
    limits: SearchLimits,
    *,
    chat_id: int | None = None,
    is_enough: Callable[[Sequence[Candidate]], bool] = lambda _: True,
) -> StoriesFound:
    """Return the stories that *query* finds; *is_enough* gets those found so far."""
    found = await evaluate_newest(
        storage,
        query,
        lambda _, folded: holds(query.tree, folded.has),
        limits,
        chat_id=chat_id,
        is_enough=lambda results: is_enough(_stories(results)),
    )
    return StoriesFound(_stories(found.results), found.is_more, found.covered, found.since)


def _stories(results: Results[bool]) -> Sequence[Candidate]:
    """Return the newest article of each story that matches."""
    stories: dict[int, Candidate] = {}
    for article, is_match in results:
        if is_match:
            stories.setdefault(article.story_id, article)
    return list(stories.values())


async def silent_days(storage: Storage, query: ParsedQuery, *, chat_id: int | None = None) -> int:
    """Return `SILENT_DAYS` if *query* has found nothing for so long, else 0.

    Also 0 if the oldest stored news is younger than that.
    """
    async with storage.reading() as tx:
        if await news_since(tx) > tx.now - timedelta(days=SILENT_DAYS):
            return 0
    limits = SearchLimits(timedelta(days=SILENT_DAYS), least=0)
    found = await find_stories(storage, query, limits, chat_id=chat_id, is_enough=bool)
    return 0 if found.articles or found.is_more else SILENT_DAYS


async def near_miss(
    storage: Storage, query: ParsedQuery, *, chat_id: int | None = None, days: int = 7
) -> NearMiss | None:
    """Return the article that lacks least of *query*, the newest if there are several."""
    tree = loosened(query)
    if tree is None:
        return None

    def explained(_: SearchedArticle, folded: FoldedArticle) -> Explanation:
        return explain_folded(query, folded)

    limits = SearchLimits(timedelta(days=days))
    found = await evaluate_newest(storage, query, explained, limits, chat_id=chat_id, tree=tree)
    nearly = [(article.id, why) for article, why in found.results if why.is_near_miss]
    if not nearly:
        return None
    article_id, why = min(nearly, key=lambda pair: pair[1].distance)
    async with storage.reading() as tx:
        articles = await articles_by_id(tx, [article_id])
    return NearMiss(articles[0].title, articles[0].url, why) if articles else None


async def explain_stored(
    storage: Storage, query: ParsedQuery, article_id: int
) -> ExplainedArticle | None:
    """Explain what *query* finds in the stored folded texts of an article; None if it is gone.

    All its publishers count, even those that the chat cannot see.
    """

    def explained(_: SearchedArticle, folded: FoldedArticle) -> Explanation:
        return explain_folded(query, folded)

    # A loosened query asks for the text too, because a near miss names words in any field.
    asked = [query, ParsedQuery(tree) if (tree := loosened(query)) else query]
    found = await evaluate(storage, asked, [article_id], explained)
    async with storage.reading() as tx:
        articles = await articles_by_id(tx, [article_id])
    if not articles or not found:
        return None
    article, (_, why) = articles[0], found[0]
    return ExplainedArticle(article.title, article.url, article.text or article.summary, why)


async def compare(
    storage: Storage, old: ParsedQuery, new: ParsedQuery, *, chat_id: int
) -> Difference:
    """Compare what two queries found in the last week.

    If there was no time to evaluate a whole week for both, only the period that was evaluated for
    both tells which stories come and go.
    """
    limits = SearchLimits(timedelta(days=COMPARED_DAYS))
    before = await find_stories(storage, old, limits, chat_id=chat_id)
    after = await find_stories(storage, new, limits, chat_id=chat_id)
    since = max(before.since, after.since)
    async with storage.reading() as tx:
        coming = await _only_in(tx, after, before, since)
        going = await _only_in(tx, before, after, since)
    return Difference(
        StoryCount(len(before.articles), before.is_more, before.covered),
        StoryCount(len(after.articles), after.is_more, after.covered),
        coming,
        going,
    )


async def _only_in(
    tx: Transaction, one: StoriesFound, other: StoriesFound, since: datetime
) -> Headlines:
    known = {article.story_id for article in other.articles}
    only = [
        article.id
        for article in one.articles
        if article.story_id not in known and article.news_at >= since
    ]
    newest = await articles_by_id(tx, only[:_HEADLINES])
    return Headlines(len(only), [Headline(article.title, article.url) for article in newest])
