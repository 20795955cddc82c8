"""Subscriptions of a chat: beginning one, changing its query, name and mode, and ending it.

- The same query, however written, is one topic of the chat; subscribing again changes the mode.
- A topic of the catalogue never changes for a chat: one of its own takes the place.
- The end of a subscription can be undone for a while; then its topic goes, if it is the chat's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.matching import search
from bot.matching.query import ParsedQuery, is_readable, parse
from bot.matching.query.canonical import shown
from bot.publishing.calendar import Plan
from bot.subscribers.errors import (
    AlreadySubscribed,
    NoSuchTopic,
    NotAName,
    TooManyTopics,
    UndoIsOver,
)
from bot.subscribers.limits import Limits, limits_of
from bot.subscribers.settings import replan
from bot.subscribers.text import one_line
from bot.subscribers.topic_names import name_for, name_of_query
from bot.subscribers.topics import find_topic
from storage.chats import Chat, lock_account, lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import ChatState, Mode, MuteKind
from storage.mutes import MuteSubject, move_topic_mute, mute_of
from storage.queries import query_for, retire_query
from storage.subscriptions import (
    Subscription,
    count_subscriptions_of_account,
    delete_ended,
    drop_topic,
    end_subscription,
    ended_subscription,
    purge_ended,
    subscription_to,
)
from storage.topics import Topic, has_topic_named, topic_of, topic_seen_by

# How far the first digest of a new topic reaches back.
FIRST_REACH = timedelta(hours=24)
UNDO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A topic that the chat subscribes to now, and when its digest comes."""

    topic_id: int
    name: str
    mode: Mode
    plan: Plan
    zone_guessed: bool  # and nothing said so before: it is the first digest
    is_paused: bool  # the whole chat
    is_new: bool
    is_muted: bool
    is_public: bool


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """A subscription that ended; a topic of the chat's own stays as long as that can be undone."""

    topic_id: int
    is_public: bool
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
) -> Subscribed:
    """Subscribe to the query *typed* as a topic of the chat's own; QueryError if it is none.

    What `#name` stands for among the *saved* topics is written out: they may change or go.
    """
    query = parse(typed, saved)
    typed = typed if is_readable(typed) else shown(query)
    async with storage.writing() as tx:
        chat = await lock_account(tx, chat_id)
        topic = await own_topic(tx, chat_id, query, typed)
        subscribed = await _subscribe(tx, chat, topic, mode, limits=limits)
    await _backfill(storage, chat_id, subscribed, (topic.query_id, query), tx.now)
    return subscribed


async def subscribe_to_topic(
    storage: Storage, chat_id: int, topic_id: int, mode: Mode, *, limits: Limits
) -> Subscribed:
    """Subscribe to a topic of the catalogue, or change the mode of any subscription."""
    async with storage.writing() as tx:
        chat = await lock_account(tx, chat_id)
        topic = await find_topic(tx, chat_id, topic_id)
        subscribed = await _subscribe(tx, chat, topic, mode, limits=limits)
    asked = topic.query_id, parse(topic.typed)
    await _backfill(storage, chat_id, subscribed, asked, tx.now)
    return subscribed


async def unsubscribe(storage: Storage, chat_id: int, topic_id: int) -> Unsubscribed:
    """End the subscription; `undo_unsubscribe` brings it back."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        topic, subscription = await subscription_of(tx, chat_id, topic_id)
        mode = subscription.mode
        await purge_ended(tx, chat_id, tx.now - UNDO_WITHIN)
        await end_subscription(tx, subscription)
        await replan(tx, chat)
    return Unsubscribed(topic_id, topic.chat_id is None, topic.name, topic.typed, mode)


async def undo_unsubscribe(
    storage: Storage, chat_id: int, topic_id: int, *, limits: Limits
) -> None:
    """Subscribe again, exactly as it was; UndoIsOver if it ended too long ago.

    A subscription that is there stays as it is.
    """
    async with storage.writing() as tx:
        chat = await lock_account(tx, chat_id)
        if await subscription_to(tx, chat_id, topic_id):
            return
        ended = await ended_subscription(tx, chat_id, topic_id, tx.now - UNDO_WITHIN)
        if ended is None:
            raise UndoIsOver
        await _refuse_one_more(tx, chat_id, limits=limits)
        was = ended.model_dump(include={"chat_id", "topic_id", "mode", "created_at"})
        tx.session.add(Subscription(**was))
        await tx.session.delete(ended)
        await replan(tx, chat)


async def change_query(
    storage: Storage,
    chat_id: int,
    topic_id: int,
    typed: str,
    saved: Mapping[str, str] | None = None,
) -> int:
    """Give the topic the query *typed*; return its row, another one in place of a public topic.

    QueryError if it is none, AlreadySubscribed if another topic of the chat has it.
    """
    query = parse(typed, saved)
    line = one_line(typed if is_readable(typed) else shown(query))
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        topic, subscription = await subscription_of(tx, chat_id, topic_id)
        query_id = (await query_for(tx, query.canonical)).id
        if await _drop_ended_twin(tx, topic, chat_id, query_id):
            await query_for(tx, query.canonical)  # it may have been retired with that
        if topic.chat_id is None:
            topic = await _replace_by_own(tx, chat_id, topic, subscription, query_id)
        await _set_query(tx, topic, query_id, line)
        reaches_back, since = subscription.mode.digests, tx.now - FIRST_REACH
    if reaches_back:
        await search.backfill(storage, query_id, query, since, chat_id=chat_id)
    return topic.id


async def rename_topic(storage: Storage, chat_id: int, topic_id: int, name: str) -> None:
    """Rename a topic of the chat's own; NotAName if nothing of the name can be seen."""
    name = name_for(name)
    if not name:
        raise NotAName
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        topic, _ = await subscription_of(tx, chat_id, topic_id)
        if topic.chat_id is None:
            raise NoSuchTopic
        topic.name = name
        tx.session.add(topic)


async def subscription_of(
    tx: Transaction, chat_id: int, topic_id: int
) -> tuple[Topic, Subscription]:
    """Return what the chat subscribes to; NoSuchTopic if it does not."""
    topic = await topic_seen_by(tx, chat_id, topic_id)
    subscription = await subscription_to(tx, chat_id, topic_id)
    if topic is None or subscription is None:
        raise NoSuchTopic
    return topic, subscription


async def _subscribe(
    tx: Transaction, chat: Chat, topic: Topic, mode: Mode, *, limits: Limits
) -> Subscribed:
    """Make or change the subscription; doing so twice changes nothing."""
    chat_id, topic_id = chat.id, topic.id
    subscription = await subscription_to(tx, chat_id, topic_id)
    is_new = subscription is None
    if subscription is None:
        await _refuse_one_more(tx, chat_id, limits=limits)
        await begin_subscription(tx, chat_id, topic_id, mode)
    else:
        subscription.mode = mode
        tx.session.add(subscription)
    is_first_digest = chat.next_digest_at is None
    plan = await replan(tx, chat)
    return Subscribed(
        topic_id=topic_id,
        name=topic.name,
        mode=mode,
        plan=plan,
        zone_guessed=chat.zone_guessed and is_first_digest,
        is_paused=chat.state is ChatState.PAUSED,
        is_new=is_new,
        is_muted=bool(await mute_of(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic_id))),
        is_public=topic.chat_id is None,
    )


async def _refuse_one_more(tx: Transaction, chat_id: int, *, limits: Limits) -> None:
    most = (await limits_of(tx, chat_id, limits)).topics
    if await count_subscriptions_of_account(tx, chat_id) >= most:
        raise TooManyTopics(most)


async def _backfill(
    storage: Storage,
    chat_id: int,
    subscribed: Subscribed,
    asked: tuple[int, ParsedQuery],
    now: datetime,
) -> None:
    """Let the first digest of a new topic report what came in the day before."""
    if subscribed.is_new and subscribed.mode.digests:
        await search.backfill(storage, *asked, now - FIRST_REACH, chat_id=chat_id)


async def begin_subscription(tx: Transaction, chat_id: int, topic_id: int, mode: Mode) -> None:
    """Subscribe to a topic that the chat does not subscribe to; what it ended before goes on.

    The limit and the chat's next digest are for the caller.
    """
    await delete_ended(tx, chat_id, topic_id)
    began = Subscription(chat_id=chat_id, topic_id=topic_id, mode=mode, created_at=tx.now)
    tx.session.add(began)
    await tx.session.flush()


async def own_topic(tx: Transaction, chat_id: int, query: ParsedQuery, typed: str) -> Topic:
    """Return the chat's own topic with *query*, made of what was *typed* if there is none."""
    query_id = (await query_for(tx, query.canonical)).id
    found = await topic_of(tx, chat_id, query_id)
    return found or await _make_own_topic(tx, chat_id, query_id, typed)


async def _make_own_topic(tx: Transaction, chat_id: int, query_id: int, typed: str) -> Topic:
    """Add a topic that only this chat has, with a name that none of its other topics has."""
    line = one_line(typed)
    name = name_of_query(line)
    if await has_topic_named(tx, chat_id, name):
        name = name_for(line)
    topic = Topic(name=name, query_id=query_id, typed=line, chat_id=chat_id, created_at=tx.now)
    tx.session.add(topic)
    await tx.session.flush()
    return topic


async def _drop_ended_twin(tx: Transaction, topic: Topic, chat_id: int, query_id: int) -> bool:
    """Drop a topic with the same query whose subscription ended; say whether there was one."""
    twin = await topic_of(tx, chat_id, query_id)
    if twin is None or twin.id == topic.id:
        return False
    if await subscription_to(tx, chat_id, twin.id):
        raise AlreadySubscribed(twin.name)
    await drop_topic(tx, twin)
    return True


async def _replace_by_own(
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


async def _set_query(tx: Transaction, topic: Topic, query_id: int, line: str) -> None:
    former = topic.query_id
    if topic.name in {name_of_query(topic.typed), name_for(topic.typed)}:  # nobody chose it
        topic.name = name_of_query(line)
    topic.typed, topic.query_id = line, query_id
    tx.session.add(topic)
    await tx.session.flush()
    if former != query_id:
        await retire_query(tx, former)
