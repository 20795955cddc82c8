"""The trace of one article through the tables, from its entries to its deliveries.

The rows refer to each other: an entry to its article, the article to its story, an alert or an
edition to the story, and a delivery to the alert, bundle or edition.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import false
from sqlalchemy.orm import aliased
from sqlmodel import case, col, func, or_, select

from storage.alerts import Alert
from storage.articles import Article
from storage.bundles import Bundle
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.editions import Edition, EditionStory
from storage.entries import Entry
from storage.matches import Match
from storage.outbox import Delivery
from storage.reports import has_arrived, is_reported
from storage.sources import Source
from storage.subscriptions import Subscription
from storage.topics import Topic

_LARGEST: Final = 2**63 - 1


class CarriedEntry(NamedTuple):
    source_id: int
    title: str
    host: str
    first_seen_at: datetime


class MatchSummary(NamedTuple):
    queries: int
    first_at: datetime | None
    last_at: datetime | None


class Decision(NamedTuple):
    """An alert, or an edition that listed the story. *bundle_id*: of a bundled alert."""

    id: int
    chat_id: int
    made_at: datetime
    bundle_id: int | None = None


async def find_article(tx: Transaction, article_id: int) -> Article | None:
    return await tx.get(Article, article_id) if article_id <= _LARGEST else None


async def find_delivery(tx: Transaction, delivery_id: int) -> Delivery | None:
    return await tx.get(Delivery, delivery_id) if delivery_id <= _LARGEST else None


async def entries_of_article(tx: Transaction, article_id: int) -> list[CarriedEntry]:
    """Return the article's entries with their sources, the earliest first."""
    rows = await tx.rows(
        select(Source.id, Source.title, Source.host, Entry.first_seen_at)
        .join(Entry, col(Entry.source_id) == col(Source.id))
        .where(col(Entry.article_id) == article_id)
        .order_by(col(Entry.first_seen_at), col(Source.id))
    )
    return [CarriedEntry(*row) for row in rows]


async def matches_of_article(tx: Transaction, article_id: int) -> MatchSummary:
    found_at = col(Match.found_at)
    summary = await tx.one(
        select(func.count(), func.min(found_at), func.max(found_at)).where(
            col(Match.article_id) == article_id
        )
    )
    return MatchSummary(*summary)


async def alerts_of(tx: Transaction, story_id: int, limit: int) -> list[Decision]:
    rows = await tx.rows(
        select(Alert.id, Alert.chat_id, Alert.made_at, Alert.bundle_id)
        .where(col(Alert.story_id) == story_id)
        .order_by(col(Alert.id))
        .limit(limit)
    )
    return [Decision(*row) for row in rows]


class AlertOfStory(NamedTuple):
    """A chat's alert to a story. *waits_until*: when its bundle is due, if it was not released."""

    article_id: int
    made_at: datetime
    is_reported: bool
    waits_until: datetime | None
    is_quiet: bool


async def alert_of_story(tx: Transaction, chat_id: int, story_id: int) -> AlertOfStory | None:
    its = aliased(Bundle)  # because `is_reported` has the bundle in a subquery
    waits_until = case((col(its.released_at).is_(None), col(its.release_at)))
    row = await tx.first(
        select(
            Alert.article_id,
            func.coalesce(col(its.released_at), col(Alert.made_at)),
            is_reported(),
            waits_until,
            func.coalesce(col(its.is_quiet), false()),
        )  # type: ignore[call-overload]
        .outerjoin(its, col(its.id) == col(Alert.bundle_id))
        .where(col(Alert.chat_id) == chat_id, col(Alert.story_id) == story_id)
    )
    return AlertOfStory(*row) if row else None


async def listed_at(tx: Transaction, chat_id: int, story_id: int) -> datetime | None:
    """Return when a digest listed the story to the chat; None if no such digest has arrived."""
    made_at: datetime | None = await tx.first(
        select(Edition.made_at)
        .join(EditionStory, col(EditionStory.edition_id) == col(Edition.id))
        .where(
            col(EditionStory.chat_id) == chat_id,
            col(EditionStory.story_id) == story_id,
            has_arrived(Delivery.edition_id, EditionStory.edition_id),
        )
    )
    return made_at


async def editions_of(tx: Transaction, story_id: int, limit: int) -> list[Decision]:
    """Return the editions that listed the story, of chats that still subscribe to a matching topic.

    Searching the editions of all chats would take long on a large database.
    """
    subscribers = (
        select(Subscription.chat_id)
        .join(Topic, col(Topic.id) == col(Subscription.topic_id))
        .join(Match, col(Match.query_id) == col(Topic.query_id))
        .join(Article, col(Article.id) == col(Match.article_id))
        .where(col(Article.story_id) == story_id)
    )
    rows = await tx.rows(
        select(Edition.id, Edition.chat_id, Edition.made_at)
        .join(EditionStory, col(EditionStory.edition_id) == col(Edition.id))
        .where(col(EditionStory.story_id) == story_id, col(EditionStory.chat_id).in_(subscribers))
        .order_by(col(Edition.id))
        .limit(limit)
    )
    return [Decision(*row) for row in rows]


async def deliveries_of(
    tx: Transaction,
    *,
    alerts: Collection[int],
    bundles: Collection[int],
    editions: Collection[int],
    limit: int,
) -> list[Delivery]:
    """Return up to *limit* deliveries of these decisions, with the edits of their messages."""
    is_decided = or_(
        among(col(Delivery.alert_id), alerts),
        among(col(Delivery.bundle_id), bundles),
        among(col(Delivery.edition_id), editions),
    )
    sends = await tx.rows(
        select(Delivery).where(is_decided).order_by(col(Delivery.id)).limit(limit)
    )
    edits = await tx.rows(
        select(Delivery).where(among(col(Delivery.target_id), [send.id for send in sends]))
    )
    return sorted([*sends, *edits], key=lambda delivery: delivery.id)


async def articles_of_alert(tx: Transaction, alert_id: int) -> Sequence[int]:
    return await tx.rows(select(Alert.article_id).where(col(Alert.id) == alert_id))


async def articles_of_bundle(tx: Transaction, bundle_id: int) -> Sequence[int]:
    return await tx.rows(
        select(Alert.article_id).where(col(Alert.bundle_id) == bundle_id).order_by(col(Alert.id))
    )


async def articles_of_edition(tx: Transaction, edition_id: int) -> Sequence[int]:
    """Return the articles shown for the edition's stories, in its order."""
    return await tx.rows(
        select(EditionStory.article_id)
        .where(col(EditionStory.edition_id) == edition_id)
        .order_by(col(EditionStory.place))
    )
