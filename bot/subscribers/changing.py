"""Changing a topic that a chat watches: its words, its name, whether and when it is heard of."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.matching import search
from bot.matching.query import is_readable, parse
from bot.matching.query.canonical import shown
from bot.subscribers.errors import AlreadyWatched, NoSuchTopic, NotAName
from bot.subscribers.names import name_for, name_of_query
from bot.subscribers.settings import replan
from bot.subscribers.text import one_line
from bot.subscribers.watching import FIRST_REACH
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import MuteKind
from storage.mutes import MuteSubject, move_topic_mute, mute, unmute_subject
from storage.queries import query_for, retire_query
from storage.subscriptions import Subscription, drop_topic, subscription_to
from storage.topics import Topic, topic_of, topic_seen_by


async def change_query(
    storage: Storage,
    chat_id: int,
    topic_id: int,
    typed: str,
    saved: Mapping[str, str] | None = None,
) -> int:
    """Let the topic have the query *typed*; return its row.

    QueryError if it is none, AlreadyWatched if another topic of the chat's has it. A topic of
    the catalogue stays as it is: the chat gets one of its own in its place.
    """
    query = parse(typed, saved)
    words = one_line(typed if is_readable(typed) else shown(query))
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        topic, subscription = await _watched(tx, chat_id, topic_id)
        query_id = (await query_for(tx, query.canonical)).id
        if await _had_twin(tx, topic, chat_id, query_id):
            await query_for(tx, query.canonical)  # it may have been retired with that
        if topic.chat_id is None:
            topic = await _own(tx, chat_id, topic, subscription, query_id)
        await _give_words(tx, topic, query_id, words)
        reaches_back, since = subscription.mode.digests, tx.now - FIRST_REACH
    if reaches_back:
        await search.backfill(storage, query_id, query, since)
    return topic.id


async def rename_topic(storage: Storage, chat_id: int, topic_id: int, name: str) -> None:
    """Call a topic of the chat's own otherwise; NotAName if nothing of it can be seen."""
    name = name_for(name)
    if not name:
        raise NotAName
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        topic, _ = await _watched(tx, chat_id, topic_id)
        if topic.chat_id is None:
            raise NoSuchTopic
        topic.name = name
        tx.session.add(topic)


async def pause_topic(storage: Storage, chat_id: int, topic_id: int, *, is_paused: bool) -> None:
    """Let nothing come of the topic, or again; what came meanwhile is not made up for."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        _, subscription = await _watched(tx, chat_id, topic_id)
        subscription.paused = is_paused
        tx.session.add(subscription)
        await replan(tx, chat)


async def mute_topic(storage: Storage, chat_id: int, topic_id: int, days: int | None) -> None:
    """Tell nothing of the topic for so many days, None: until that is lifted."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await _watched(tx, chat_id, topic_id)
        until = None if days is None else tx.now + timedelta(days=days)
        await mute(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic_id), until)


async def mute_topic_until(
    storage: Storage, chat_id: int, topic_id: int, until: datetime | None
) -> None:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await _watched(tx, chat_id, topic_id)
        await mute(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic_id), until)


async def unmute_topic(storage: Storage, chat_id: int, topic_id: int) -> None:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await _watched(tx, chat_id, topic_id)
        await unmute_subject(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic_id))


async def _watched(tx: Transaction, chat_id: int, topic_id: int) -> tuple[Topic, Subscription]:
    topic = await topic_seen_by(tx, chat_id, topic_id)
    subscription = await subscription_to(tx, chat_id, topic_id)
    if topic is None or subscription is None:
        raise NoSuchTopic
    return topic, subscription


async def _had_twin(tx: Transaction, topic: Topic, chat_id: int, query_id: int) -> bool:
    """Drop a topic with the same query that is being deleted; say whether there was one."""
    twin = await topic_of(tx, chat_id, query_id)
    if twin is None or twin.id == topic.id:
        return False
    if await subscription_to(tx, chat_id, twin.id):
        raise AlreadyWatched(twin.name)
    await drop_topic(tx, twin)
    return True


async def _own(
    tx: Transaction, chat_id: int, topic: Topic, subscription: Subscription, query_id: int
) -> Topic:
    """Put a topic of the chat's own into the place of *topic*."""
    made = Topic(name=topic.name, query_id=query_id, typed="", chat_id=chat_id, created_at=tx.now)
    tx.session.add(made)
    await tx.session.flush()
    await move_topic_mute(tx, chat_id, topic.id, made.id)
    subscription.topic_id = made.id
    tx.session.add(subscription)
    return made


async def _give_words(tx: Transaction, topic: Topic, query_id: int, words: str) -> None:
    former = topic.query_id
    if topic.name in {name_of_query(topic.typed), name_for(topic.typed)}:  # nobody chose it
        topic.name = name_of_query(words)
    topic.typed, topic.query_id = words, query_id
    tx.session.add(topic)
    await tx.session.flush()
    if former != query_id:
        await retire_query(tx, former)
