"""Subscriptions: which chat wants which topic, and how."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, UniqueConstraint, and_, delete, exists, func
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat, of_account
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, enum_column, insert_new
from storage.enums import ChatState, Mode, MuteKind
from storage.mutes import Mute
from storage.queries import Query, retire_query
from storage.topics import Topic


class Subscription(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "topic_id"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    topic_id: int = Field(foreign_key="topic.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    mode: Mode = Field(sa_type=enum_column(Mode))
    created_at: datetime  # only articles stored later alert


class EndedSubscription(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    topic_id: int = Field(
        primary_key=True, foreign_key="topic.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    mode: Mode = Field(sa_type=enum_column(Mode))
    created_at: datetime  # of the subscription
    ended_at: datetime = Field(index=True)


class CatalogueChange(SQLModel, table=True):
    """A topic of the catalogue that an admin made, changed or retired."""

    slug: str = Field(primary_key=True, max_length=64)
    at: datetime


def is_muted_for_good() -> ColumnElement[bool]:
    """Say of a `Subscription` in the query whether its topic is muted until the chat unmutes it.

    Nothing is planned or fetched for such a one; a mute that ends leaves all of that as it is.
    """
    muted = exists().where(
        col(Mute.chat_id) == Subscription.chat_id,
        col(Mute.kind) == MuteKind.TOPIC,
        col(Mute.subject_id) == Subscription.topic_id,
        col(Mute.until).is_(None),
    )
    return muted.correlate_except(Mute)


async def subscription_to(tx: Transaction, chat_id: int, topic_id: int) -> Subscription | None:
    ours = (col(Subscription.chat_id) == chat_id, col(Subscription.topic_id) == topic_id)
    return (await tx.session.exec(select(Subscription).where(*ours))).one_or_none()


async def subscribed_topics(
    tx: Transaction, chat_id: int, *, offset: int = 0, limit: int = 100
) -> list[tuple[Topic, Mode]]:
    """Return what the chat subscribes to, in the order in which it began."""
    rows = await tx.session.exec(
        select(Topic, Subscription.mode)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id)
        .order_by(col(Subscription.id))
        .offset(offset)
        .limit(limit)
    )
    return [(topic, Mode(mode)) for topic, mode in rows]


async def subscribed_topic(tx: Transaction, chat_id: int, canonical: str) -> Topic | None:
    """Return the first topic that the chat subscribes to with this query."""
    rows = await tx.session.exec(
        select(Topic)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(col(Subscription.chat_id) == chat_id, col(Query.canonical) == canonical)
        .order_by(col(Subscription.id))
        .limit(1)
    )
    return rows.first()


async def count_subscriptions(tx: Transaction, chat_id: int) -> int:
    ours = col(Subscription.chat_id) == chat_id
    return (await tx.session.exec(select(func.count()).select_from(Subscription).where(ours))).one()


async def count_subscriptions_of_account(tx: Transaction, chat_id: int) -> int:
    """Return how many our row *chat_id* and the other threads of its chat have together."""
    ours = of_account(col(Subscription.chat_id), chat_id)
    return (await tx.session.exec(select(func.count()).select_from(Subscription).where(ours))).one()


async def wants_digest(tx: Transaction, chat_id: int) -> bool:
    """Whether any subscription of the chat asks for a digest, and is not muted for good."""
    digesting = [mode for mode in Mode if mode.digests]
    wanted = select(Subscription.id).where(
        col(Subscription.chat_id) == chat_id,
        col(Subscription.mode).in_(digesting),
        ~is_muted_for_good(),
    )
    return (await tx.session.exec(wanted.limit(1))).first() is not None


async def subscribed_queries(tx: Transaction, limit: int) -> list[str]:
    """Return the canonical queries of active chats, those with the most subscribers first."""
    subscribed = (
        select(Topic.query_id, func.count().label("chats"))
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .join(Chat, col(Chat.id) == Subscription.chat_id)
        .where(~is_muted_for_good(), col(Chat.state) == ChatState.ACTIVE)
        .group_by(col(Topic.query_id))
        .order_by(func.count().desc(), col(Topic.query_id))
        .limit(limit)
        .subquery()
    )
    return list(
        await tx.rows(
            select(Query.canonical)
            .join(subscribed, subscribed.c.query_id == col(Query.id))
            .order_by(subscribed.c.chats.desc(), col(Query.id))
        )
    )


async def popular_topics(tx: Transaction, *, limit: int) -> list[int]:
    """Return topics of the catalogue, those with most subscribers first; else in its order.

    It counts them all.
    """
    subscribers = (
        select(func.count())
        .select_from(Subscription)
        .where(col(Subscription.topic_id) == Topic.id)
        .scalar_subquery()
    )
    wanted = select(Topic.id).where(col(Topic.slug).is_not(None))
    ordered = wanted.order_by(subscribers.desc(), col(Topic.position), col(Topic.id))
    return list(await tx.session.exec(ordered.limit(limit)))


# Subscriptions of the other threads of a chat's group.


Row = tuple[int, int, str, int, str, Mode]


async def subscriptions_in_other_threads(
    tx: Transaction, chat: Chat, *, offset: int, limit: int
) -> list[Row]:
    """Return our row, number and name of the thread, and the topic's row, name and mode."""
    rows = await tx.session.exec(
        select(  # type: ignore[call-overload]
            Chat.id, Chat.thread_id, Chat.thread_name, Topic.id, Topic.name, Subscription.mode
        )
        .join(Subscription, col(Subscription.chat_id) == Chat.id)
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .where(_in_other_threads(chat))
        .order_by(col(Chat.thread_id), col(Subscription.id))
        .offset(offset)
        .limit(limit)
    )
    return [(*row[:-1], Mode(row[-1])) for row in rows]


async def count_in_other_threads(tx: Transaction, chat: Chat) -> int:
    counted = (
        select(func.count())
        .select_from(Subscription)
        .join(Chat, col(Chat.id) == Subscription.chat_id)
        .where(_in_other_threads(chat))
    )
    return (await tx.session.exec(counted)).one()


def _in_other_threads(chat: Chat) -> ColumnElement[bool]:
    return and_(col(Chat.telegram_id) == chat.telegram_id, col(Chat.id) != chat.id)


# Subscriptions that a chat has ended, as they were, for as long as that can be undone.
#
# A topic of the chat's own stays for so long too, and its query goes on finding.


async def end_subscription(tx: Transaction, subscription: Subscription) -> None:
    """The chat is locked, here and below."""
    await restore_ended(tx, subscription.chat_id, subscription.topic_id)
    tx.session.add(
        EndedSubscription(
            chat_id=subscription.chat_id,
            topic_id=subscription.topic_id,
            mode=subscription.mode,
            created_at=subscription.created_at,
            ended_at=tx.now,
        )
    )
    await tx.session.delete(subscription)
    await tx.session.flush()


async def begin_subscription(tx: Transaction, chat_id: int, topic_id: int, mode: Mode) -> None:
    """Subscribe the chat, which is not subscribed, and forget a subscription that it has ended."""
    await restore_ended(tx, chat_id, topic_id)
    await tx.add(Subscription(chat_id=chat_id, topic_id=topic_id, mode=mode, created_at=tx.now))


async def resume_subscription(tx: Transaction, ended: EndedSubscription) -> None:
    """Subscribe the chat again as it was: since when it alerts stays the same."""
    values = ended.model_dump(include={"chat_id", "topic_id", "mode", "created_at"})
    await tx.add(Subscription(**values))
    await tx.delete(ended)


async def ended_subscription(
    tx: Transaction, chat_id: int, topic_id: int, since: datetime
) -> EndedSubscription | None:
    """Return it if it was ended after *since*."""
    row = await tx.session.get(EndedSubscription, (chat_id, topic_id))
    return row if row and row.ended_at > since else None


async def restore_ended(tx: Transaction, chat_id: int, topic_id: int) -> None:
    """What is subscribed to again has not ended."""
    ours = (
        col(EndedSubscription.chat_id) == chat_id,
        col(EndedSubscription.topic_id) == topic_id,
    )
    await tx.session.exec(delete(EndedSubscription).where(*ours))


async def chats_with_ends(tx: Transaction, before: datetime, limit: int) -> list[int]:
    """Return chats that ended a subscription *before* then."""
    rows = await tx.session.exec(
        select(EndedSubscription.chat_id)
        .where(col(EndedSubscription.ended_at) <= before)
        .distinct()
        .order_by(col(EndedSubscription.chat_id))
        .limit(limit)
    )
    return list(rows)


async def purge_ended(tx: Transaction, chat_id: int, before: datetime) -> int:
    """Forget what the chat ended *before* then, and its own topics with it; return how many."""
    ended = await tx.session.exec(
        select(EndedSubscription.topic_id).where(
            col(EndedSubscription.chat_id) == chat_id, col(EndedSubscription.ended_at) <= before
        )
    )
    topic_ids = list(ended)
    for topic_id in topic_ids:
        await restore_ended(tx, chat_id, topic_id)
        if not await subscription_to(tx, chat_id, topic_id):
            await _drop(tx, chat_id, topic_id)
    return len(topic_ids)


async def _drop(tx: Transaction, chat_id: int, topic_id: int) -> None:
    its_mutes = (
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == MuteKind.TOPIC,
        col(Mute.subject_id) == topic_id,
    )
    await tx.session.exec(delete(Mute).where(*its_mutes))
    topic = await tx.session.get(Topic, topic_id)
    if topic and topic.chat_id == chat_id:
        await drop_topic(tx, topic)


async def drop_topic(tx: Transaction, topic: Topic) -> None:
    await tx.session.delete(topic)
    await tx.session.flush()
    await retire_query(tx, topic.query_id)


# The public catalogue as admins change it; what they changed no release undoes.


class TopicListed(NamedTuple):
    id: int
    slug: str
    name: str
    typed: str
    subscribers: int
    place: int  # from 1


async def catalogue_listed(
    tx: Transaction, *, offset: int = 0, limit: int = 1000
) -> list[TopicListed]:
    counted = select(func.count()).where(col(Subscription.topic_id) == Topic.id)
    wanted = (
        select(  # type: ignore[call-overload]
            Topic.id,
            Topic.slug,
            Topic.name,
            Topic.typed,
            counted.correlate(Topic).scalar_subquery(),
        )
        .where(col(Topic.slug).is_not(None))
        .order_by(col(Topic.position), col(Topic.id))
    )
    rows = await tx.session.exec(wanted.offset(offset).limit(limit))
    return [
        TopicListed(topic_id, slug, name, typed, subscribers, place)
        for place, (topic_id, slug, name, typed, subscribers) in enumerate(rows, offset + 1)
    ]


async def public_topic(tx: Transaction, topic_id: int) -> Topic | None:
    """Return a topic of the catalogue, locked till the transaction ends."""
    wanted = select(Topic).where(col(Topic.id) == topic_id, col(Topic.slug).is_not(None))
    fresh = wanted.with_for_update().execution_options(populate_existing=True)
    return (await tx.session.exec(fresh)).one_or_none()


async def whole_catalogue(tx: Transaction) -> list[Topic]:
    """Return it in its order, locked till the transaction ends."""
    wanted = select(Topic).where(col(Topic.slug).is_not(None)).order_by(col(Topic.id))
    found = list(await tx.session.exec(wanted.with_for_update()))
    return sorted(found, key=lambda topic: (topic.position, topic.id))


async def record_catalogue_change(tx: Transaction, slug: str) -> None:
    row = {"slug": slug, "at": tx.now}
    await insert_new(tx, CatalogueChange, [row])


async def changed_slugs(tx: Transaction) -> set[str]:
    return set(await tx.session.exec(select(CatalogueChange.slug)))


async def retiring_topics(tx: Transaction) -> list[int]:
    """Return those that were retired, and that some chat may still have to take over."""
    neither = (col(Topic.slug).is_(None), col(Topic.chat_id).is_(None))
    return [row for row in await tx.session.exec(select(Topic.id).where(*neither)) if row]


async def subscribers_of(tx: Transaction, topic_id: int, limit: int) -> list[int]:
    """Return chats that subscribe to it, in the order of their rows."""
    wanted = select(Subscription.chat_id).where(col(Subscription.topic_id) == topic_id)
    rows = await tx.session.exec(wanted.order_by(col(Subscription.chat_id)).limit(limit))
    return list(rows)
