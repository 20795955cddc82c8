"""Subscriptions of a chat: beginning one, changing its query, name and mode, and ending it.

- Two spellings of a query are one topic of the chat; subscribing again changes the mode.
- A chat cannot change a topic of the catalogue. A topic of its own replaces it.
- The chat orders its topics, in which digests list them.
- Ending a subscription can be undone for a while. Then the topic is deleted, if it is the chat's
  own.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.matching.backfill import backfill
from bot.matching.query import ParsedQuery, is_readable, parse
from bot.matching.query.canonical import shown
from bot.publishing.calendar import Plan
from bot.subscribers.errors import (
    AlreadySubscribed,
    NoSuchTopic,
    NotAName,
    NothingToUndo,
    TooManyTopics,
    UndoIsOver,
)
from bot.subscribers.limits import Limits, limits_of
from bot.subscribers.settings import replan
from bot.subscribers.text import checksum, one_line
from bot.subscribers.topics import find_topic, name_for, name_of_query, parse_for
from storage.chats import Chat, lock_account, lock_chat, schedule_of
from storage.db.engine import Storage, Transaction
from storage.enums import ChatState, Mode, MuteKind, Sound
from storage.mutes import MuteSubject, move_topic_mute, mute_of
from storage.queries import query_for, retire_query
from storage.subscriptions import (
    Subscription,
    begin_subscription,
    count_subscriptions_of_account,
    delete_ended,
    drop_topic,
    end_subscription,
    ended_subscription,
    purge_ended,
    resume_subscription,
    subscription_to,
    subscriptions_of,
)
from storage.topics import Topic, add_own_topic, has_topic_named, topic_of, topic_seen_by

# How far the first digest of a new topic reaches back.
FIRST_REACH = timedelta(hours=24)
UNDO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A topic that the chat subscribes to now, and when its digest comes.

    *was*: the mode before; None for a new subscription.
    """

    topic_id: int
    subscription_id: int
    name: str
    mode: Mode
    plan: Plan
    zone_guessed: bool  # for the chat's first digest only
    is_paused: bool  # the whole chat
    was: Mode | None
    is_muted: bool
    is_public: bool

    @property
    def is_new(self) -> bool:
        return self.was is None


async def keep_original(storage: Storage, chat_id: int, topic_id: int, *, keeps: bool) -> None:
    """Set whether digests leave the topic's headlines in their own languages.

    Raises NoSuchTopic if the chat does not subscribe to the topic.
    """
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        subscription = await subscription_to(tx, chat_id, topic_id)
        if subscription is None:
            raise NoSuchTopic
        subscription.keeps_original = keeps


@dataclass(frozen=True, slots=True)
class ChangedTopic:
    """A topic with a new query, as *typed*, and the query *before*.

    *public_id*: the topic of the catalogue that it replaced; 0 if it was the chat's own.
    """

    topic_id: int
    typed: str
    before: str
    public_id: int


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """A subscription that ended; the chat's own topic is kept while that can be undone."""

    topic_id: int
    is_public: bool
    name: str
    typed: str
    mode: Mode


async def subscribe(
    storage: Storage, chat_id: int, typed: str, mode: Mode, *, limits: Limits
) -> Subscribed:
    """Subscribe to the query *typed* as a topic of the chat's own; raise QueryError if it is none.

    `#name` is replaced by the query of that topic, because the topic may change or be deleted.
    """
    query = await parse_for(storage, chat_id, typed)
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
    await _backfill(storage, chat_id, subscribed, (topic.query_id, parse(topic.typed)), tx.now)
    return subscribed


async def set_sound(storage: Storage, chat_id: int, topic_id: int, sound: Sound) -> None:
    """Choose how the alerts of a topic arrive; raise NoSuchTopic if it is not subscribed to."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        _, subscription = await subscription_of(tx, chat_id, topic_id)
        subscription.sound = sound
        await tx.flush()


async def unsubscribe(storage: Storage, chat_id: int, topic_id: int) -> Unsubscribed:
    """End the subscription; `undo_unsubscribe` brings it back."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        topic, subscription = await subscription_of(tx, chat_id, topic_id)
        return await _end(tx, chat, topic, subscription)


async def keep_zone(
    storage: Storage, chat_id: int, topic_id: int, *, was: Mode | None
) -> Subscribed:
    """Keep the chat's zone, guessed or not, for good; *was*: the mode of the topic before."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        topic, subscription = await subscription_of(tx, chat_id, topic_id)
        chat.zone_guessed = False
        return await _subscribed(tx, chat, topic, subscription, was)


async def undo_subscribe(
    storage: Storage, chat_id: int, subscription_id: int, mode: Mode
) -> Unsubscribed:
    """End the subscription; raise NothingToUndo if it ended, or no longer has the *mode*."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        subscription = await _unchanged(tx, chat_id, subscription_id, mode)
        topic, _ = await subscription_of(tx, chat_id, subscription.topic_id)
        return await _end(tx, chat, topic, subscription)


async def undo_mode(
    storage: Storage, chat_id: int, subscription_id: int, mode: Mode, was: Mode
) -> int:
    """Restore the mode *was*; return the topic's id. Raises NothingToUndo like `undo_subscribe`."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        subscription = await _unchanged(tx, chat_id, subscription_id, mode)
        subscription.mode = was
        await replan(tx, chat)
        return subscription.topic_id


async def _unchanged(
    tx: Transaction, chat_id: int, subscription_id: int, mode: Mode
) -> Subscription:
    subscription = await tx.get(Subscription, subscription_id)
    if subscription is None or (subscription.chat_id, subscription.mode) != (chat_id, mode):
        raise NothingToUndo
    return subscription


async def _end(
    tx: Transaction, chat: Chat, topic: Topic, subscription: Subscription
) -> Unsubscribed:
    mode = subscription.mode
    await purge_ended(tx, chat.id, tx.now - UNDO_WITHIN)
    await end_subscription(tx, subscription)
    await replan(tx, chat)
    return Unsubscribed(topic.id, topic.chat_id is None, topic.name, topic.typed, mode)


async def undo_unsubscribe(
    storage: Storage, chat_id: int, topic_id: int, *, limits: Limits
) -> None:
    """Subscribe again, exactly as it was; raise UndoIsOver if it ended too long ago.

    A chat that has subscribed again meanwhile keeps that subscription.
    """
    async with storage.writing() as tx:
        chat = await lock_account(tx, chat_id)
        if await subscription_to(tx, chat_id, topic_id):
            return
        ended = await ended_subscription(tx, chat_id, topic_id, tx.now - UNDO_WITHIN)
        if ended is None:
            raise UndoIsOver
        await _refuse_one_more(tx, chat_id, limits=limits)
        await resume_subscription(tx, ended)
        await replan(tx, chat)


async def change_query(
    storage: Storage, chat_id: int, topic_id: int, typed: str, *, after: str | None = None
) -> ChangedTopic:
    """Set the topic's query to *typed*; a public topic is replaced by one of the chat's own.

    *after*: undo a change, only if this is still the checksum of the query. Raises QueryError,
    NothingToUndo, or AlreadySubscribed if another topic of the chat has that query.
    """
    query = await parse_for(storage, chat_id, typed)
    line = one_line(typed if is_readable(typed) else shown(query))
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        topic, subscription = await subscription_of(tx, chat_id, topic_id)
        before, public_id = topic.typed, 0 if topic.chat_id else topic.id
        subscription.import_id = None  # undoing an import keeps what was changed since
        if after not in {None, checksum(before)}:
            raise NothingToUndo
        query_id = (await query_for(tx, query.canonical)).id
        if await _drop_ended_twin(tx, topic, chat_id, query_id):
            await query_for(tx, query.canonical)  # it may have been retired with that
        if public_id:
            topic = await _replace_by_own(tx, chat_id, topic, subscription, (query_id, line))
        else:
            await _set_query(tx, topic, query_id, line)
        reaches_back, since = subscription.mode.digests, tx.now - FIRST_REACH
    if reaches_back:
        await backfill(storage, query_id, query, since, chat_id=chat_id)
    return ChangedTopic(topic.id, line, before, public_id)


async def undo_replacement(
    storage: Storage, chat_id: int, topic_id: int, *, after: str, public_id: int
) -> None:
    """Subscribe to the public topic again that `change_query` replaced by the chat's own.

    Raises NothingToUndo if the own topic changed again, or the public topic is gone.
    """
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        own, subscription = await subscription_of(tx, chat_id, topic_id)
        public = await topic_seen_by(tx, chat_id, public_id)
        if checksum(own.typed) != after or not own.chat_id or public is None or public.chat_id:
            raise NothingToUndo
        if await subscription_to(tx, chat_id, public_id):
            raise AlreadySubscribed(public.name)
        await delete_ended(tx, chat_id, public_id)
        await move_topic_mute(tx, chat_id, own.id, public_id)
        subscription.topic_id = public_id
        await tx.flush()
        await drop_topic(tx, own)
        await replan(tx, chat)


async def rename_topic(storage: Storage, chat_id: int, topic_id: int, name: str) -> None:
    """Rename a topic of the chat's own; raise NotAName if the name is empty or invisible."""
    name = name_for(name)
    if not name:
        raise NotAName
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        topic, _ = await subscription_of(tx, chat_id, topic_id)
        if topic.chat_id is None:
            raise NoSuchTopic
        topic.name = name


async def move_topic(storage: Storage, chat_id: int, topic_id: int, *, is_up: bool) -> None:
    """Exchange the topic with the one before it, or after it, in the list and in digests.

    The first and the last topic stay where they are.
    """
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await subscription_of(tx, chat_id, topic_id)
        rows = [subscription for _, subscription in await subscriptions_of(tx, chat_id)]
        place = next(at for at, row in enumerate(rows) if row.topic_id == topic_id)
        other = place + (-1 if is_up else 1)
        if 0 <= other < len(rows):
            rows[place], rows[other] = rows[other], rows[place]
            for position, row in enumerate(rows, 1):
                row.position = position


async def set_headlines(storage: Storage, chat_id: int, topic_id: int, *, wanted: bool) -> None:
    """Choose whether digests list only the titles of the topic's stories."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        _, subscription = await subscription_of(tx, chat_id, topic_id)
        subscription.headlines = wanted


async def subscription_of(
    tx: Transaction, chat_id: int, topic_id: int
) -> tuple[Topic, Subscription]:
    """Return a topic with the chat's subscription; raise NoSuchTopic if there is none."""
    topic = await topic_seen_by(tx, chat_id, topic_id)
    subscription = await subscription_to(tx, chat_id, topic_id)
    if topic is None or subscription is None:
        raise NoSuchTopic
    return topic, subscription


async def _subscribe(
    tx: Transaction, chat: Chat, topic: Topic, mode: Mode, *, limits: Limits
) -> Subscribed:
    """Begin the subscription or change its mode; a second call changes nothing."""
    chat_id, topic_id = chat.id, topic.id
    subscription = await subscription_to(tx, chat_id, topic_id)
    was = subscription.mode if subscription else None
    if subscription is None:
        await _refuse_one_more(tx, chat_id, limits=limits)
        subscription = await begin_subscription(tx, chat_id, topic_id, mode)
    else:
        subscription.mode, subscription.import_id = mode, None
    is_first_digest = chat.next_digest_at is None
    await replan(tx, chat)
    subscribed = await _subscribed(tx, chat, topic, subscription, was)
    return replace(subscribed, zone_guessed=chat.zone_guessed and is_first_digest)


async def _subscribed(
    tx: Transaction, chat: Chat, topic: Topic, subscription: Subscription, was: Mode | None
) -> Subscribed:
    return Subscribed(
        topic_id=topic.id,
        subscription_id=subscription.id,
        name=topic.name,
        mode=subscription.mode,
        plan=Plan(chat.zone, await schedule_of(tx, chat.id)),
        zone_guessed=False,
        is_paused=chat.state is ChatState.PAUSED,
        was=was,
        is_muted=bool(await mute_of(tx, chat.id, MuteSubject(MuteKind.TOPIC, topic.id))),
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
    stored_query: tuple[int, ParsedQuery],
    now: datetime,
) -> None:
    """Match the stories of the last day, so that the first digest of a new topic has some."""
    if subscribed.is_new and subscribed.mode.digests:
        await backfill(storage, *stored_query, now - FIRST_REACH, chat_id=chat_id)


async def own_topic(tx: Transaction, chat_id: int, query: ParsedQuery, typed: str) -> Topic:
    """Return the chat's own topic with *query*; add it, as *typed*, if there is none."""
    query_id = (await query_for(tx, query.canonical)).id
    if topic := await topic_of(tx, chat_id, query_id):
        return topic
    line = one_line(typed)
    name = name_of_query(line)
    if await has_topic_named(tx, chat_id, name):
        name = name_for(line)
    return await add_own_topic(tx, chat_id, name=name, typed=line, query_id=query_id)


async def _drop_ended_twin(tx: Transaction, topic: Topic, chat_id: int, query_id: int) -> bool:
    """Delete another topic with the same query whose subscription has ended, if there is one."""
    twin = await topic_of(tx, chat_id, query_id)
    if twin is None or twin.id == topic.id:
        return False
    if await subscription_to(tx, chat_id, twin.id):
        raise AlreadySubscribed(twin.name)
    await drop_topic(tx, twin)
    return True


async def _replace_by_own(
    tx: Transaction, chat_id: int, topic: Topic, subscription: Subscription, query: tuple[int, str]
) -> Topic:
    """Replace a public *topic* by a topic of the chat's own with the same name."""
    query_id, typed = query
    own = await add_own_topic(tx, chat_id, name=topic.name, typed=typed, query_id=query_id)
    await move_topic_mute(tx, chat_id, topic.id, own.id)
    subscription.topic_id = own.id
    return own


async def _set_query(tx: Transaction, topic: Topic, query_id: int, line: str) -> None:
    former = topic.query_id
    if topic.name in {
        name_of_query(topic.typed),
        name_for(topic.typed),
    }:  # the name was made from the query
        topic.name = name_of_query(line)
    topic.typed, topic.query_id = line, query_id
    await tx.flush()
    if former != query_id:
        await retire_query(tx, former)
