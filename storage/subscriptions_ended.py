"""Subscriptions that a chat has ended, as they were, for as long as that can be undone.

A topic of the chat's own stays for so long too, and its query goes on finding.
"""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Field, SQLModel, col, select

from storage.columns import ROW_ID, stored_as
from storage.engine import Unit
from storage.mutes import Mute
from storage.queries import retire_query
from storage.subscriptions import Subscription, subscription_to
from storage.topics import Topic
from storage.words import Mode, MuteKind


class EndedSubscription(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    topic_id: int = Field(
        primary_key=True, foreign_key="topic.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    mode: Mode = Field(sa_type=stored_as(Mode))
    created_at: datetime  # of the subscription
    paused: bool = False
    ended_at: datetime = Field(index=True)


async def end_subscription(unit: Unit, subscription: Subscription) -> None:
    """The chat is locked, here and below."""
    await forget_end(unit, subscription.chat_id, subscription.topic_id)
    unit.session.add(
        EndedSubscription(
            chat_id=subscription.chat_id,
            topic_id=subscription.topic_id,
            mode=subscription.mode,
            created_at=subscription.created_at,
            paused=subscription.paused,
            ended_at=unit.now,
        )
    )
    await unit.session.delete(subscription)
    await unit.session.flush()


async def ended_subscription(
    unit: Unit, chat_id: int, topic_id: int, since: datetime
) -> EndedSubscription | None:
    """Return it if it was ended after *since*."""
    row = await unit.session.get(EndedSubscription, (chat_id, topic_id))
    return row if row and row.ended_at > since else None


async def forget_end(unit: Unit, chat_id: int, topic_id: int) -> None:
    """What is watched again has not ended."""
    ours = (
        col(EndedSubscription.chat_id) == chat_id,
        col(EndedSubscription.topic_id) == topic_id,
    )
    await unit.session.exec(delete(EndedSubscription).where(*ours))


async def chats_with_ends(unit: Unit, before: datetime, limit: int) -> list[int]:
    """Return chats that ended a subscription *before* then."""
    rows = await unit.session.exec(
        select(EndedSubscription.chat_id)
        .where(col(EndedSubscription.ended_at) <= before)
        .distinct()
        .order_by(col(EndedSubscription.chat_id))
        .limit(limit)
    )
    return list(rows)


async def complete_ends(unit: Unit, chat_id: int, before: datetime) -> int:
    """Forget what the chat ended *before* then, and its own topics with it; return how many."""
    ended = await unit.session.exec(
        select(EndedSubscription.topic_id).where(
            col(EndedSubscription.chat_id) == chat_id, col(EndedSubscription.ended_at) <= before
        )
    )
    topic_ids = list(ended)
    for topic_id in topic_ids:
        await forget_end(unit, chat_id, topic_id)
        if not await subscription_to(unit, chat_id, topic_id):
            await _drop(unit, chat_id, topic_id)
    return len(topic_ids)


async def _drop(unit: Unit, chat_id: int, topic_id: int) -> None:
    its_mutes = (
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == MuteKind.TOPIC,
        col(Mute.subject_id) == topic_id,
    )
    await unit.session.exec(delete(Mute).where(*its_mutes))
    topic = await unit.session.get(Topic, topic_id)
    if topic and topic.chat_id == chat_id:
        await drop_topic(unit, topic)


async def drop_topic(unit: Unit, topic: Topic) -> None:
    await unit.session.delete(topic)
    await unit.session.flush()
    await retire_query(unit, topic.query_id)
