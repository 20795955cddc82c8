"""Subscriptions of chats to topics, ended ones that can be restored, and the public catalogue."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, UniqueConstraint, and_, bindparam, case, delete, exists, func
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.chats import Chat, of_account
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, enum_column, insert_new
from storage.enums import ChatState, Mode, MuteKind, Sound
from storage.mutes import Mute, MuteSubject, unmute_subject
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
    sound: Sound = Field(default=Sound.NORMAL, sa_type=enum_column(Sound))
    created_at: datetime  # articles stored before cause no alert
    import_id: int | None = Field(default=None, sa_type=ROW_ID)  # the file that it came with
    position: int = 0  # in the list and in digests; equal positions are in the order of ids
    headlines: bool = False  # digests list only the titles of its stories
    keeps_original: bool = False  # digests do not translate the topic's headlines


class EndedSubscription(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    topic_id: int = Field(
        primary_key=True, foreign_key="topic.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    mode: Mode = Field(sa_type=enum_column(Mode))
    sound: Sound = Field(default=Sound.NORMAL, sa_type=enum_column(Sound))
    created_at: datetime  # of the subscription
    position: int = 0  # with `headlines`: as the subscription had them
    headlines: bool = False
    keeps_original: bool = False
    ended_at: datetime = Field(index=True)


class CatalogueChange(SQLModel, table=True):
    """A topic of the catalogue that an admin added, changed or retired; see `catalogue_listed`."""

    slug: str = Field(primary_key=True, max_length=64)
    at: datetime


def in_order() -> tuple[Any, Any]:
    """Build the sort key of a chat's `Subscription` rows: the order that its users chose."""
    return col(Subscription.position), col(Subscription.id)


def is_muted_for_good() -> ColumnElement[bool]:
    """Build the condition that the topic of a `Subscription` is muted without an end.

    No digest is scheduled and no search feed is made for such a subscription. A mute with an end
    does not change that.
    """
    muted = exists().where(
        col(Mute.chat_id) == Subscription.chat_id,
        col(Mute.kind) == MuteKind.TOPIC,
        col(Mute.subject_id) == Subscription.topic_id,
        col(Mute.until).is_(None),
    )
    return muted.correlate_except(Mute)


async def subscription_to(tx: Transaction, chat_id: int, topic_id: int) -> Subscription | None:
    to_topic = (col(Subscription.chat_id) == chat_id, col(Subscription.topic_id) == topic_id)
    subscription: Subscription | None = await tx.first(select(Subscription).where(*to_topic))
    return subscription


class SubscribedTopic(NamedTuple):
    topic: Topic
    subscription: Subscription


async def subscriptions_of(
    tx: Transaction, chat_id: int, *, offset: int = 0, limit: int | None = None
) -> list[SubscribedTopic]:
    """Return the subscriptions of the chat with their topics, in its order."""
    rows = await tx.rows(
        select(Topic, Subscription)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id)
        .order_by(*in_order())
        .offset(offset)
        .limit(limit)
    )
    return [SubscribedTopic(*row) for row in rows]


async def subscribed_topic(tx: Transaction, chat_id: int, canonical: str) -> Topic | None:
    """Return the first topic with this query that the chat subscribes to."""
    topic: Topic | None = await tx.first(
        select(Topic)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(col(Subscription.chat_id) == chat_id, col(Query.canonical) == canonical)
        .order_by(col(Subscription.id))
        .limit(1)
    )
    return topic


async def count_subscriptions(tx: Transaction, chat_id: int) -> int:
    count = select(func.count()).select_from(Subscription)
    return await tx.one(count.where(col(Subscription.chat_id) == chat_id))


async def count_subscriptions_of_account(tx: Transaction, chat_id: int) -> int:
    """Return how many subscriptions the chat and the other threads of its group have together."""
    return await tx.one(_subscriptions_of_account(), chat_id=chat_id)


@cache
def _subscriptions_of_account() -> SelectOfScalar[int]:
    of_all_threads = of_account(col(Subscription.chat_id), bindparam("chat_id"))
    return select(func.count()).select_from(Subscription).where(of_all_threads)


async def subscribed_queries(tx: Transaction, limit: int) -> list[str]:
    """Return the canonical queries of active chats' topics, the most subscribed first."""
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


async def queries_as_typed(tx: Transaction, limit: int) -> list[str]:
    """Return the queries of active chats' topics as they were typed, those with alerts first.

    Within each group the newest subscription is first.
    """
    alerts = col(Subscription.mode).in_([mode for mode in Mode if mode.alerts])
    return list(
        await tx.rows(
            select(Topic.typed)
            .join(Subscription, col(Subscription.topic_id) == Topic.id)
            .join(Chat, col(Chat.id) == Subscription.chat_id)
            .where(~is_muted_for_good(), col(Chat.state) == ChatState.ACTIVE)
            .order_by(case((alerts, 0), else_=1), col(Subscription.id).desc())
            .limit(limit)
        )
    )


async def popular_topics(tx: Transaction, *, limit: int) -> Sequence[int]:
    """Return the catalogue's topics with the most subscribers, then in the catalogue's order.

    Reads all subscriptions to the catalogue.
    """
    return await tx.rows(
        select(Topic.id)
        .where(col(Topic.slug).is_not(None))
        .order_by(_subscribers().desc(), col(Topic.position), col(Topic.id))
        .limit(limit)
    )


def _subscribers() -> ColumnElement[int]:
    """Build the subquery for the number of subscribers of a `Topic`."""
    counted = select(func.count()).where(col(Subscription.topic_id) == Topic.id)
    return counted.correlate(Topic).scalar_subquery()


# Subscriptions of the other threads of a chat's group.


class OtherSubscription(NamedTuple):
    """A subscription of another thread. *chat_id*: the row id of the thread."""

    chat_id: int
    thread_id: int
    thread_name: str
    topic_id: int
    topic_name: str
    is_public: bool
    mode: Mode


async def subscriptions_in_other_threads(
    tx: Transaction, chat: Chat, *, offset: int, limit: int
) -> list[OtherSubscription]:
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Chat.id, Chat.thread_id, Chat.thread_name, Topic.id, Topic.name,
            col(Topic.chat_id).is_(None), Subscription.mode,
        )
        .join(Subscription, col(Subscription.chat_id) == Chat.id)
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .where(_in_other_threads(chat))
        .order_by(col(Chat.thread_id), col(Subscription.id))
        .offset(offset)
        .limit(limit)
    )  # fmt: skip
    return [OtherSubscription(*row) for row in rows]


async def count_in_other_threads(tx: Transaction, chat: Chat) -> int:
    return await tx.one(
        select(func.count())
        .select_from(Subscription)
        .join(Chat, col(Chat.id) == Subscription.chat_id)
        .where(_in_other_threads(chat))
    )


class ThreadSubscriptions(NamedTuple):
    """How many subscriptions a thread of a forum has; *thread_name* is "" if unknown."""

    thread_id: int
    thread_name: str
    subscriptions: int


async def subscriptions_by_thread(
    tx: Transaction, chat: Chat, *, limit: int
) -> list[ThreadSubscriptions]:
    """Return the other threads of the chat's group that have subscriptions."""
    rows = await tx.rows(
        select(Chat.thread_id, Chat.thread_name, func.count())
        .join(Subscription, col(Subscription.chat_id) == Chat.id)
        .where(_in_other_threads(chat))
        .group_by(col(Chat.thread_id), col(Chat.thread_name))
        .order_by(col(Chat.thread_id))
        .limit(limit)
    )
    return [ThreadSubscriptions(*row) for row in rows]


def _in_other_threads(chat: Chat) -> ColumnElement[bool]:
    return and_(col(Chat.telegram_id) == chat.telegram_id, col(Chat.id) != chat.id)


# Ended subscriptions: kept unchanged for as long as ending them can be undone.
#
# A topic of the chat's own is kept for the same time, and its query is still matched.


async def end_subscription(tx: Transaction, subscription: Subscription) -> None:
    """End the subscription, so that it can be restored.

    The chat must be locked here and in the functions below.
    """
    await delete_ended(tx, subscription.chat_id, subscription.topic_id)
    await tx.add(
        EndedSubscription(
            chat_id=subscription.chat_id,
            topic_id=subscription.topic_id,
            mode=subscription.mode,
            sound=subscription.sound,
            created_at=subscription.created_at,
            position=subscription.position,
            headlines=subscription.headlines,
            keeps_original=subscription.keeps_original,
            ended_at=tx.now,
        )
    )
    await tx.delete(subscription)


async def begin_subscription(
    tx: Transaction,
    chat_id: int,
    topic_id: int,
    mode: Mode,
    sound: Sound = Sound.NORMAL,
    *,
    import_id: int | None = None,
) -> Subscription:
    """Subscribe the chat to a topic that it is not subscribed to; forget any ended subscription."""
    await delete_ended(tx, chat_id, topic_id)
    last = select(func.max(Subscription.position)).where(col(Subscription.chat_id) == chat_id)
    begun = Subscription(
        chat_id=chat_id,
        topic_id=topic_id,
        mode=mode,
        sound=sound,
        created_at=tx.now,
        position=await tx.one(last) or 0,
        import_id=import_id,
    )
    await tx.add(begun)
    return begun


async def subscriptions_imported(
    tx: Transaction, chat_id: int, import_id: int
) -> Sequence[Subscription]:
    """Return the subscriptions that came with the file and were not changed since."""
    of_file = (col(Subscription.chat_id) == chat_id, col(Subscription.import_id) == import_id)
    return await tx.rows(select(Subscription).where(*of_file).order_by(col(Subscription.id)))


_KEPT: Final = {
    "chat_id",
    "topic_id",
    "mode",
    "sound",
    "created_at",
    "position",
    "headlines",
    "keeps_original",
}


async def resume_subscription(tx: Transaction, ended: EndedSubscription) -> None:
    """Restore the ended subscription as it was."""
    values = ended.model_dump(include=_KEPT)
    await tx.add(Subscription(**values))
    await tx.delete(ended)


async def ended_subscription(
    tx: Transaction, chat_id: int, topic_id: int, since: datetime
) -> EndedSubscription | None:
    """Return the ended subscription, if it was ended after *since*."""
    row = await tx.get(EndedSubscription, (chat_id, topic_id))
    return row if row and row.ended_at > since else None


async def delete_ended(tx: Transaction, chat_id: int, topic_id: int) -> None:
    """Delete the record of the ended subscription, if there is one."""
    await tx.change(
        delete(EndedSubscription).where(
            col(EndedSubscription.chat_id) == chat_id, col(EndedSubscription.topic_id) == topic_id
        )
    )


async def chats_with_ends(tx: Transaction, before: datetime, limit: int) -> Sequence[int]:
    """Return chats that ended a subscription at or before *before*."""
    return await tx.rows(
        select(EndedSubscription.chat_id)
        .where(col(EndedSubscription.ended_at) <= before)
        .distinct()
        .order_by(col(EndedSubscription.chat_id))
        .limit(limit)
    )


async def purge_ended(tx: Transaction, chat_id: int, before: datetime) -> int:
    """Delete the subscriptions that the chat ended by *before*; return how many.

    Deletes their topics too, if these are the chat's own.
    """
    topic_ids = await tx.rows(
        select(EndedSubscription.topic_id).where(
            col(EndedSubscription.chat_id) == chat_id, col(EndedSubscription.ended_at) <= before
        )
    )
    for topic_id in topic_ids:
        await delete_ended(tx, chat_id, topic_id)
        if not await subscription_to(tx, chat_id, topic_id):
            await _purge_topic(tx, chat_id, topic_id)
    return len(topic_ids)


async def _purge_topic(tx: Transaction, chat_id: int, topic_id: int) -> None:
    await unmute_subject(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic_id))
    topic = await tx.get(Topic, topic_id)
    if topic and topic.chat_id == chat_id:
        await drop_topic(tx, topic)


async def drop_topic(tx: Transaction, topic: Topic) -> None:
    query_id = topic.query_id
    await tx.delete(topic)
    await retire_query(tx, query_id)


# The public catalogue as admins change it. `CatalogueChange` records each changed topic, so that an
# upgrade of the program does not undo the change.


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
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Topic.id, Topic.slug, Topic.name, Topic.typed, _subscribers()
        )
        .where(col(Topic.slug).is_not(None))
        .order_by(col(Topic.position), col(Topic.id))
        .offset(offset)
        .limit(limit)
    )
    return [TopicListed._make((*row, place)) for place, row in enumerate(rows, offset + 1)]


async def public_topic(tx: Transaction, topic_id: int) -> Topic | None:
    """Lock the topic until the transaction ends, and return it; None if it is not public."""
    public = select(Topic).where(col(Topic.id) == topic_id, col(Topic.slug).is_not(None))
    topic: Topic | None = await tx.first(
        public.with_for_update().execution_options(populate_existing=True)
    )
    return topic


async def whole_catalogue(tx: Transaction) -> list[Topic]:
    """Lock the whole catalogue until the transaction ends, and return it in its order."""
    public = select(Topic).where(col(Topic.slug).is_not(None)).order_by(col(Topic.id))
    topics = await tx.rows(public.with_for_update())
    return sorted(topics, key=lambda topic: (topic.position, topic.id))


async def record_catalogue_change(tx: Transaction, slug: str) -> None:
    await insert_new(tx, CatalogueChange, [{"slug": slug, "at": tx.now}])


async def changed_slugs(tx: Transaction) -> set[str]:
    return set(await tx.rows(select(CatalogueChange.slug)))


async def retiring_topics(tx: Transaction) -> Sequence[int]:
    """Return topics that left the catalogue and whose subscribers may still need private copies."""
    return await tx.rows(
        select(Topic.id).where(col(Topic.slug).is_(None), col(Topic.chat_id).is_(None))
    )


async def subscribers_of(tx: Transaction, topic_id: int, limit: int) -> Sequence[int]:
    """Return at most *limit* ids of chats that subscribe to the topic, in order."""
    subscribers = select(Subscription.chat_id).where(col(Subscription.topic_id) == topic_id)
    return await tx.rows(subscribers.order_by(col(Subscription.chat_id)).limit(limit))
