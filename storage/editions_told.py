"""Editions read again: what they told, in their order, and the words of the topics."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select

from storage.articles import Article
from storage.editions import Edition, EditionStory
from storage.engine import Unit
from storage.queries import Query
from storage.topics import Topic

_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ToldStory:
    """A story of an edition; what an outlet has changed in its article since shows here too."""

    edition_id: int
    story_id: int
    article_id: int
    topic_ids: list[int]
    alerted: bool
    title: str
    url: str
    news_at: datetime
    published_at: datetime | None
    published_on: date | None


async def edition_on(unit: Unit, chat_id: int, day: date, slot: int) -> Edition | None:
    """The edition that the chat got for a local date and slot."""
    of_chat = col(Edition.chat_id) == chat_id
    wanted = select(Edition).where(of_chat, Edition.local_date == day, Edition.slot == slot)
    return (await unit.session.exec(wanted)).one_or_none()


async def newest_editions(unit: Unit, chat_id: int, limit: int) -> list[Edition]:
    """The chat's last editions that told anything, the newest first."""
    wanted = (
        select(Edition)
        .where(col(Edition.chat_id) == chat_id, col(Edition.stories) > 0)
        .order_by(col(Edition.local_date).desc(), col(Edition.slot).desc())
        .limit(limit)
    )
    return list(await unit.session.exec(wanted))


async def stories_told(
    unit: Unit, edition_ids: Collection[int], most: int = _ALL
) -> list[ToldStory]:
    """The stories of each edition in its order, of each the first *most*."""
    rows = await unit.session.exec(
        select(  # type: ignore[call-overload]
            EditionStory.edition_id,
            EditionStory.story_id,
            Article.id,
            EditionStory.topic_ids,
            EditionStory.alerted,
            Article.title,
            Article.url,
            Article.news_at,
            Article.published_at,
            Article.published_on,
        )
        .join(Article, col(Article.id) == EditionStory.article_id)
        .where(col(EditionStory.edition_id).in_(edition_ids), col(EditionStory.place) < most)
        .order_by(col(EditionStory.edition_id), col(EditionStory.place))
    )
    return [ToldStory(*row) for row in rows]


async def queries_of(unit: Unit, topic_ids: Collection[int]) -> dict[int, str]:
    """The canonical query of each topic that there still is."""
    rows = await unit.session.exec(
        select(Topic.id, Query.canonical)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(col(Topic.id).in_(topic_ids))
    )
    return {topic_id: query for topic_id, query in rows if topic_id}
