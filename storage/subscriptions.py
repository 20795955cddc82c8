"""Subscriptions: which chat wants which topic, and how."""

from datetime import datetime

from sqlalchemy import UniqueConstraint, func
from sqlmodel import Field, SQLModel, col, select

from storage.columns import NUMBERED, ROW_ID, stored_as
from storage.engine import Unit
from storage.queries import Query
from storage.topics import Topic
from storage.words import Mode


class Subscription(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "topic_id"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    topic_id: int = Field(foreign_key="topic.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    mode: Mode = Field(sa_type=stored_as(Mode))
    created_at: datetime  # only articles stored later alert
    paused: bool = False


async def subscription_to(unit: Unit, chat_id: int, topic_id: int) -> Subscription | None:
    ours = (col(Subscription.chat_id) == chat_id, col(Subscription.topic_id) == topic_id)
    return (await unit.session.exec(select(Subscription).where(*ours))).one_or_none()


async def topics_watched(
    unit: Unit, chat_id: int, *, offset: int = 0, limit: int = 100
) -> list[tuple[Topic, Mode]]:
    """What the chat watches, in the order in which it began."""
    rows = await unit.session.exec(
        select(Topic, Subscription.mode)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id)
        .order_by(col(Subscription.id))
        .offset(offset)
        .limit(limit)
    )
    return [(topic, Mode(mode)) for topic, mode in rows]


async def topics_paused(unit: Unit, chat_id: int) -> frozenset[int]:
    """Return those that the chat watches, and of which nothing comes."""
    paused = (col(Subscription.chat_id) == chat_id, col(Subscription.paused))
    return frozenset(await unit.session.exec(select(Subscription.topic_id).where(*paused)))


async def topic_watched_with(unit: Unit, chat_id: int, canonical: str) -> Topic | None:
    """Return the first that the chat watches with this query."""
    rows = await unit.session.exec(
        select(Topic)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(col(Subscription.chat_id) == chat_id, col(Query.canonical) == canonical)
        .order_by(col(Subscription.id))
        .limit(1)
    )
    return rows.first()


async def count_subscriptions(unit: Unit, chat_id: int) -> int:
    ours = col(Subscription.chat_id) == chat_id
    return (
        await unit.session.exec(select(func.count()).select_from(Subscription).where(ours))
    ).one()


async def wants_digest(unit: Unit, chat_id: int) -> bool:
    """Whether any subscription of the chat asks for a digest."""
    digesting = [mode for mode in Mode if mode.digests]
    wanted = select(Subscription.id).where(
        col(Subscription.chat_id) == chat_id,
        col(Subscription.mode).in_(digesting),
        col(Subscription.paused).is_(False),
    )
    return (await unit.session.exec(wanted.limit(1))).first() is not None


async def wanted_most(unit: Unit, *, limit: int) -> list[int]:
    """Topics of the catalogue, those that most chats watch first; else in its order.

    It counts them all.
    """
    watching = (
        select(func.count())
        .select_from(Subscription)
        .where(col(Subscription.topic_id) == Topic.id)
        .scalar_subquery()
    )
    wanted = select(Topic.id).where(col(Topic.slug).is_not(None))
    ordered = wanted.order_by(watching.desc(), col(Topic.position), col(Topic.id))
    return list(await unit.session.exec(ordered.limit(limit)))
