"""Watching a topic, changing how, and stopping."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.matching import search
from bot.matching.query import Query, is_readable, parse
from bot.matching.query.canonical import shown
from bot.publishing.calendar import Plan
from bot.subscribers.errors import NoSuchTopic, TooManyTopics, UndoIsOver
from bot.subscribers.limits import Limits, limits_of
from bot.subscribers.names import name_for, name_of_query
from bot.subscribers.settings import replan
from bot.subscribers.text import one_line
from bot.subscribers.undoing import UNDONE_WITHIN
from storage.chats import Chat, lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import ChatState, Mode
from storage.queries import query_for
from storage.subscriptions import (
    Subscription,
    count_subscriptions,
    end_subscription,
    ended_subscription,
    purge_ended,
    restore_ended,
    subscription_to,
)
from storage.topics import Topic, has_topic_named, topic_of, topic_seen_by

# How far a new topic's first digest reaches back.
FIRST_REACH = timedelta(hours=24)


class Backfills(Protocol):
    async def backfill(self, query_id: int, query: Query, since: datetime) -> int:
        """Store what a query matches among the articles since then."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A topic that the chat watches now, and when its digest comes."""

    topic_id: int
    name: str
    mode: Mode
    plan: Plan
    zone_guessed: bool
    is_paused: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """What was watched; a topic of the chat's own goes when that can no longer be undone."""

    topic_id: int
    is_own: bool
    name: str
    typed: str
    mode: Mode


async def subscribe(
    storage: Storage,
    chat_id: int,
    typed: str,
    mode: Mode,
    saved: Mapping[str, str] | None = None,
    *,
    limits: Limits,
) -> Watched:
    """Watch the query *typed* as a topic of the chat's own; QueryError if it is none.

    What `#name` stands for among the *saved* topics is written out: they may change or go.
    """
    query = parse(typed, saved)
    typed = typed if is_readable(typed) else shown(query)
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        query_id = (await query_for(tx, query.canonical)).id
        topic = await topic_of(tx, chat_id, query_id)
        if topic is None:
            topic = await own_topic(tx, chat_id, query_id, typed)
        watched = await _subscribe(tx, chat, topic, mode, limits=limits)
    await _backfill(storage, watched, query_id, query, tx.now)
    return watched


async def subscribe_to_topic(
    storage: Storage, chat_id: int, topic_id: int, mode: Mode, *, limits: Limits
) -> Watched:
    """Watch a public topic, or change how a topic is watched."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        topic = await topic_seen_by(tx, chat_id, topic_id)
        if topic is None:
            raise NoSuchTopic
        watched = await _subscribe(tx, chat, topic, mode, limits=limits)
    await _backfill(storage, watched, topic.query_id, parse(topic.typed), tx.now)
    return watched


async def unsubscribe(storage: Storage, chat_id: int, topic_id: int) -> Stopped:
    """End the subscription; see `undo`."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        topic = await topic_seen_by(tx, chat_id, topic_id)
        subscription = await subscription_to(tx, chat_id, topic_id)
        if topic is None or subscription is None:
            raise NoSuchTopic
        mode = subscription.mode
        await purge_ended(tx, chat_id, tx.now - UNDONE_WITHIN)
        await end_subscription(tx, subscription)
        await replan(tx, chat)
    return Stopped(topic_id, topic.chat_id is not None, topic.name, topic.typed, mode)


async def undo_unsubscribe(
    storage: Storage, chat_id: int, topic_id: int, *, limits: Limits
) -> None:
    """Watch again what was stopped, exactly as it was; UndoIsOver if that is too long ago.

    What is watched already stays as it is.
    """
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        if await subscription_to(tx, chat_id, topic_id):
            return
        ended = await ended_subscription(tx, chat_id, topic_id, tx.now - UNDONE_WITHIN)
        if ended is None:
            raise UndoIsOver
        await _refuse_one_more(tx, chat_id, limits=limits)
        was = ended.model_dump(include={"chat_id", "topic_id", "mode", "created_at", "paused"})
        tx.session.add(Subscription(**was))
        await tx.session.delete(ended)
        await replan(tx, chat)


async def _subscribe(
    tx: Transaction, chat: Chat, topic: Topic, mode: Mode, *, limits: Limits
) -> Watched:
    """Make or change the subscription; the same wish twice changes nothing."""
    chat_id, topic_id = chat.id, topic.id
    subscription = await subscription_to(tx, chat_id, topic_id)
    is_new = subscription is None
    if subscription is None:
        await _refuse_one_more(tx, chat_id, limits=limits)
        await restore_ended(tx, chat_id, topic_id)
        subscription = Subscription(
            chat_id=chat_id, topic_id=topic_id, mode=mode, created_at=tx.now
        )
    subscription.mode = mode
    tx.session.add(subscription)
    plan = await replan(tx, chat)
    return Watched(
        topic_id=topic_id,
        name=topic.name,
        mode=mode,
        plan=plan,
        zone_guessed=chat.zone_guessed,
        is_paused=chat.state is ChatState.PAUSED,
        is_new=is_new,
    )


async def _refuse_one_more(tx: Transaction, chat_id: int, *, limits: Limits) -> None:
    most = (await limits_of(tx, chat_id, limits)).topics
    if await count_subscriptions(tx, chat_id) >= most:
        raise TooManyTopics(most)


async def _backfill(
    storage: Storage, watched: Watched, query_id: int, query: Query, now: datetime
) -> None:
    """Let the first digest of a new topic tell what came in the day before."""
    if watched.is_new and watched.mode.digests:
        await search.backfill(storage, query_id, query, now - FIRST_REACH)


async def own_topic(tx: Transaction, chat_id: int, query_id: int, typed: str) -> Topic:
    """Add a topic that only this chat has, with a name that none of its other topics has."""
    words = one_line(typed)
    name = name_of_query(words)
    if await has_topic_named(tx, chat_id, name):
        name = name_for(words)
    topic = Topic(
        name=name,
        query_id=query_id,
        typed=words,
        chat_id=chat_id,
        created_at=tx.now,
    )
    tx.session.add(topic)
    await tx.session.flush()
    return topic
