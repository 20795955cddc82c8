"""The way of one article through the tables, for where it went.

Each row leads to the next by what it holds anyway: an entry names its article, that its story, an
alert or an edition the story, and a delivery the alert, bundle or edition.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlmodel import col, func, or_, select

from storage.alerts import Alert
from storage.articles import Article
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.editions import Edition, EditionStory
from storage.entries import Entry
from storage.outbox import Delivery
from storage.queries import Match
from storage.sources import Source
from storage.subscriptions import Subscription
from storage.topics import Topic

_LARGEST: Final = 2**63 - 1


class CarriedEntry(NamedTuple):
    source_id: int
    title: str
    host: str
    first_seen_at: datetime


class MatchedQuery(NamedTuple):
    queries: int
    first_at: datetime | None
    last_at: datetime | None


class Decision(NamedTuple):
    """An alert, or an edition that has the story; *bundle_id* of an alert that came in one."""

    id: int
    chat_id: int
    made_at: datetime
    bundle_id: int | None = None


async def article_exists(tx: Transaction, article_id: int) -> Article | None:
    return await tx.session.get(Article, article_id) if article_id <= _LARGEST else None


async def delivery_exists(tx: Transaction, delivery_id: int) -> Delivery | None:
    return await tx.session.get(Delivery, delivery_id) if delivery_id <= _LARGEST else None


async def entries_of_article(tx: Transaction, article_id: int) -> list[CarriedEntry]:
    """Return which sources had it, the first first."""
    rows = await tx.session.exec(
        select(Source.id, Source.title, Source.host, Entry.first_seen_at)
        .join(Entry, col(Entry.source_id) == col(Source.id))
        .where(col(Entry.article_id) == article_id)
        .order_by(col(Entry.first_seen_at), col(Source.id))
    )
    return [CarriedEntry(source_id, title, host, seen) for source_id, title, host, seen in rows]


async def matched(tx: Transaction, article_id: int) -> MatchedQuery:
    found = col(Match.found_at)
    asked = select(func.count(), func.min(found), func.max(found))
    rows = await tx.session.exec(asked.where(col(Match.article_id) == article_id))
    return MatchedQuery(*rows.one())


async def alerts_of(tx: Transaction, story_id: int, limit: int) -> list[Decision]:
    rows = await tx.session.exec(
        select(Alert.id, Alert.chat_id, Alert.made_at, Alert.bundle_id)
        .where(col(Alert.story_id) == story_id)
        .order_by(col(Alert.id))
        .limit(limit)
    )
    return [Decision(number, chat, made_at, bundle) for number, chat, made_at, bundle in rows]


async def editions_of(tx: Transaction, story_id: int, limit: int) -> list[Decision]:
    """Return the editions that have it to chats that still watch a topic that it hit.

    To look at all that was ever sent would take long on a large database.
    """
    watching = (
        select(Subscription.chat_id)
        .join(Topic, col(Topic.id) == col(Subscription.topic_id))
        .join(Match, col(Match.query_id) == col(Topic.query_id))
        .join(Article, col(Article.id) == col(Match.article_id))
        .where(col(Article.story_id) == story_id)
    )
    rows = await tx.session.exec(
        select(Edition.id, Edition.chat_id, Edition.made_at)
        .join(EditionStory, col(EditionStory.edition_id) == col(Edition.id))
        .where(col(EditionStory.story_id) == story_id, col(EditionStory.chat_id).in_(watching))
        .order_by(col(Edition.id))
        .limit(limit)
    )
    return [Decision(edition_id, chat_id, made_at) for edition_id, chat_id, made_at in rows]


async def deliveries_of(
    tx: Transaction,
    *,
    alerts: Collection[int],
    bundles: Collection[int],
    editions: Collection[int],
    limit: int,
) -> list[Delivery]:
    """Return deliveries of these decisions, *limit* at most, and the edits of what they sent."""
    decided = or_(
        among(col(Delivery.alert_id), alerts),
        among(col(Delivery.bundle_id), bundles),
        among(col(Delivery.edition_id), editions),
    )
    sends = select(Delivery).where(decided).order_by(col(Delivery.id)).limit(limit)
    found = list(await tx.session.exec(sends))
    edits = await tx.session.exec(
        select(Delivery).where(among(col(Delivery.target_id), [row.id for row in found]))
    )
    return sorted([*found, *edits], key=lambda row: row.id)


async def articles_of_alert(tx: Transaction, alert_id: int) -> Sequence[int]:
    asked = select(Alert.article_id).where(col(Alert.id) == alert_id)
    return (await tx.session.exec(asked)).all()


async def articles_of_bundle(tx: Transaction, bundle_id: int) -> Sequence[int]:
    asked = select(Alert.article_id).where(col(Alert.bundle_id) == bundle_id)
    return (await tx.session.exec(asked.order_by(col(Alert.id)))).all()


async def articles_of_edition(tx: Transaction, edition_id: int) -> Sequence[int]:
    """Return those that stand for its stories, in its order."""
    asked = select(EditionStory.article_id).where(col(EditionStory.edition_id) == edition_id)
    return (await tx.session.exec(asked.order_by(col(EditionStory.place)))).all()
