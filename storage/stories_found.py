"""The newest stories of a topic, as a chat may know them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from storage.articles import Article
from storage.engine import Unit
from storage.matches import Match
from storage.sources_carrying import carried_to
from storage.subscriptions import Subscription
from storage.topics import Topic

_ARTICLES_TO_A_STORY = 4  # looked at, on average; where there are more, fewer stories are found


@dataclass(frozen=True, slots=True)
class FoundStory:
    """A story by the first of its articles that was found."""

    story_id: int
    article_id: int
    title: str
    url: str
    text: str
    summary: str
    news_at: datetime
    published_at: datetime | None


async def newest_stories(unit: Unit, chat_id: int, query_id: int, limit: int) -> list[FoundStory]:
    """Return up to *limit* stories that the query found, the one with the newest article first."""
    return await _newest(unit, chat_id, col(Match.query_id) == query_id, limit)


async def newest_public_stories(unit: Unit, chat_id: int, limit: int) -> list[FoundStory]:
    """Return those that the topics of a chat found in public sources: others may see them."""
    watched = (
        select(Topic.query_id)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id, ~col(Subscription.paused))
    )
    queries = list(await unit.session.exec(watched))
    return await _newest(unit, None, col(Match.query_id).in_(queries), limit) if queries else []


async def _newest(
    unit: Unit, chat_id: int | None, which: ColumnElement[bool], limit: int
) -> list[FoundStory]:
    rows = await unit.session.exec(
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
            which,
            col(Match.news_at) <= unit.now,
            carried_to(chat_id, col(Article.id)),
        )
        .order_by(col(Match.news_at).desc(), col(Article.id).desc())
        .limit(limit * _ARTICLES_TO_A_STORY)
    )
    found: dict[int, FoundStory] = {}
    for row in rows:
        one = FoundStory(*row)
        known = found.get(one.story_id)
        # Its place stays that of its newest article, while the first one stands for it.
        found[one.story_id] = one if known is None or one.article_id < known.article_id else known
    return list(found.values())[:limit]
