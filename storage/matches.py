"""Matches of queries with articles, and the stories that a query found."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import JSON, ColumnElement, Index, case, func
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.db.engine import Transaction
from storage.db.sql import CLUSTERED, ROW_ID, among, insert_new
from storage.publishers import article_reaches
from storage.subscriptions import Subscription, is_muted_for_good
from storage.topics import Topic


class Match(SQLModel, table=True):
    __table_args__ = (Index("ix_match_query_news", "query_id", "news_at"), CLUSTERED)

    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    query_id: int = Field(
        primary_key=True, foreign_key="query.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    words: list[str] = Field(default_factory=list, sa_type=JSON)
    in_title: bool = False
    news_at: datetime  # a copy of the article's, so that selecting by time needs no join
    found_at: datetime


class MatchFound(NamedTuple):
    article_id: int
    query_id: int
    words: list[str]
    in_title: bool
    news_at: datetime


async def store_matches(tx: Transaction, matches: Sequence[MatchFound]) -> None:
    """Store the matches that are new."""
    await insert_new(tx, Match, [match._asdict() | {"found_at": tx.now} for match in matches])


# The newest stories that a query found.


# How many articles are read for each story wanted. If stories have more, fewer stories are found.
_ARTICLES_A_STORY = 4


@dataclass(frozen=True, slots=True)
class FoundStory:
    """A story that a query found, with the first of its matching articles."""

    story_id: int
    article_id: int
    title: str
    url: str
    text: str
    summary: str
    news_at: datetime
    published_at: datetime | None


async def newest_stories(
    tx: Transaction, chat_id: int, query_id: int, limit: int
) -> list[FoundStory]:
    """Return up to *limit* stories that the query found, by their newest articles."""
    return await _newest_stories(tx, chat_id, col(Match.query_id) == query_id, limit)


async def newest_public_stories(tx: Transaction, chat_id: int, limit: int) -> list[FoundStory]:
    """Return stories that the chat's topics found in public sources only."""
    queries = await tx.rows(
        select(Topic.query_id)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id, ~is_muted_for_good())
    )
    if not queries:
        return []
    return await _newest_stories(tx, None, among(col(Match.query_id), queries), limit)


async def _newest_stories(
    tx: Transaction, chat_id: int | None, of_queries: ColumnElement[bool], limit: int
) -> list[FoundStory]:
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Article.story_id,
            Article.id,
            Article.title,
            Article.url,
            Article.text,
            Article.summary,
            Match.news_at,
            Article.published_at,
        )
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            of_queries,
            col(Match.news_at) <= tx.now,
            article_reaches(chat_id, col(Article.id)),
        )
        .order_by(col(Match.news_at).desc(), col(Article.id).desc())
        .limit(limit * _ARTICLES_A_STORY)
    )
    stories: dict[int, FoundStory] = {}
    for row in rows:
        story = FoundStory(*row)
        first = stories.get(story.story_id, story)
        # A dict keeps the place of the first insertion, which is that of the newest article.
        stories[story.story_id] = min(first, story, key=lambda found: found.article_id)
    return list(stories.values())[:limit]


# The number of stories that each query found on each day, for trends.


async def stories_by_day(
    tx: Transaction, chat_id: int | None, query_ids: Collection[int], starts: Sequence[datetime]
) -> Mapping[int, Mapping[int, int]]:
    """Return the number of stories of each day, by query and by age in days.

    *starts*: when each day begins, the newest first; the day of age 0 ends now. Counts only
    articles that reach the chat (None: everybody). A story counts on the day of its first match.
    """
    if not query_ids:
        return {}
    stories = (
        select(col(Match.query_id), func.min(Match.news_at).label("came_at"))
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            among(col(Match.query_id), query_ids),
            col(Match.news_at) >= starts[-1],
            col(Match.news_at) <= tx.now,
            article_reaches(chat_id, col(Article.id)),
        )
        .group_by(col(Match.query_id), col(Article.story_id))
        .subquery()
    )
    # Bound timestamps, because the two databases calculate differently with dates.
    ages = ((stories.c.came_at >= start, age) for age, start in enumerate(starts))
    age = case(*ages).label("age")
    counts: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for query_id, age_days, count in await tx.rows(
        select(stories.c.query_id, age, func.count()).group_by(stories.c.query_id, age)
    ):
        counts[query_id][age_days] = count
    return counts
