"""What an edition is composed of: the topics of a chat, and what they found since the last one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.alerts import Alert, message_key
from storage.articles import Article
from storage.deliveries import Delivery
from storage.editions import EditionStory
from storage.engine import Unit
from storage.matches import Match
from storage.mutes_heard import is_heard
from storage.queries import Query
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.words import DeliveryState, Mode

# A match may be found after the edition that its article was stored before.
MATCHED_LATE = timedelta(hours=48)
MOST_FOUND = 2000


@dataclass(frozen=True, slots=True)
class DigestTopic:
    id: int
    name: str
    query_id: int
    query: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """One match of one of the chat's queries; a story may come several times."""

    query_id: int
    words: list[str]
    in_title: bool
    story_id: int
    article_id: int
    title: str
    url: str
    news_at: datetime
    published_at: datetime | None
    published_on: date | None
    alerted: bool


async def digest_topics(unit: Unit, chat_id: int) -> list[DigestTopic]:
    """Return what the chat wants in its digest, in its order; `since`: when it subscribed."""
    rows = await unit.session.exec(
        select(Topic.id, Topic.name, Query.id, Query.canonical, Subscription.created_at)  # type: ignore[call-overload]
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(
            col(Subscription.chat_id) == chat_id,
            col(Subscription.mode) != Mode.INSTANT,
            ~col(Subscription.paused),
        )
        .order_by(col(Subscription.id))
    )
    return [DigestTopic(*row) for row in rows]


async def found_since(
    unit: Unit, chat_id: int, query_ids: Iterable[int], since: datetime
) -> list[Found]:
    """Return what the queries found after *since* that the chat was not told in a digest.

    What it has muted is left out, and a quiet article counts only if it was published after
    *since*. The newest first, up to 2000.
    """
    told = exists().where(
        col(EditionStory.chat_id) == chat_id, col(EditionStory.story_id) == Article.story_id
    )
    found_late = and_(col(Match.found_at) > since, ~col(Article.quiet))
    rows = await unit.session.exec(
        select(  # type: ignore[call-overload]
            Match.query_id,
            Match.words,
            Match.in_title,
            Article.story_id,
            Article.id,
            Article.title,
            Article.url,
            Match.news_at,
            Article.published_at,
            Article.published_on,
            _alerted(chat_id).label("alerted"),
        )
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            col(Match.query_id).in_(list(query_ids)),
            col(Match.news_at) > since - MATCHED_LATE,
            col(Match.news_at) <= unit.now,
            or_(col(Match.news_at) > since, found_late),
            ~told,
            is_heard(unit, chat_id, col(Article.id), col(Article.story_id)),
        )
        .order_by(col(Match.news_at).desc(), col(Article.id).desc())
        .limit(MOST_FOUND)
    )
    return [Found(*row) for row in rows]


def _alerted(chat_id: int) -> ColumnElement[bool]:
    return alerts_told(chat_id).where(col(Alert.story_id) == Article.story_id).exists()


def alerts_told(chat_id: int, since: int = 0) -> SelectOfScalar[int]:
    """Ask for the stories, from the row *since* on, that the chat was alerted to.

    An alert that expired or failed told nothing; one that waits in a bundle is as good as told.
    """
    untold = (DeliveryState.EXPIRED, DeliveryState.FAILED)
    return (
        select(Alert.story_id)
        .outerjoin(Delivery, col(Delivery.key) == message_key())
        .where(
            col(Alert.chat_id) == chat_id,
            col(Alert.story_id) >= since,
            or_(col(Delivery.id).is_(None), col(Delivery.state).not_in(untold)),
        )
    )


async def texts_of(unit: Unit, article_ids: Iterable[int]) -> dict[int, str]:
    """Return the text of each article, or its summary where it has none."""
    rows = await unit.session.exec(
        select(Article.id, Article.text, Article.summary).where(
            col(Article.id).in_(list(article_ids))
        )
    )
    return {article_id: text or summary for article_id, text, summary in rows if article_id}
