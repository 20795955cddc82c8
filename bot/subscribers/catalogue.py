"""The public catalogue of topics: the starter topics of a new bot, and the changes of admins.

A topic that is removed leaves the catalogue at once; each chat that subscribes to it keeps it as
its own. A new release never overwrites the changes of an admin.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import partial
from importlib.resources import files

from bot.matching.backfill import backfill
from bot.matching.query import is_readable, parse
from bot.matching.query.canonical import shown
from bot.subscribers.errors import NoSuchTopic, NotAName
from bot.subscribers.paging import ListPage, load_page
from bot.subscribers.subscriptions import FIRST_REACH
from bot.subscribers.text import one_line
from bot.subscribers.topics import name_for
from storage import subscriptions
from storage.access import record_event
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import AuditAction, Mode
from storage.mutes import move_topic_mute
from storage.queries import query_for, retire_query
from storage.topics import (
    Topic,
    add_own_topic,
    add_public_topic,
    count_public_topics,
    topic_named,
    topic_of,
)

_CHATS_TOGETHER = 100  # chats that take over a removed topic in one transaction
_SLUG = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 40


async def load_catalogue(storage: Storage) -> int:
    """Bring the public topics up to date with the file; return how many were new or changed.

    Topics that are not in the file stay, and so do those that an admin has changed or retired.
    """
    async with storage.writing() as tx:
        edited = await subscriptions.changed_slugs(tx)
        changed = [
            await _update(tx, position, slug, starter)
            for position, (slug, starter) in enumerate(starter_topics().items())
            if slug not in edited
        ]
    return sum(changed)


def starter_topics() -> dict[str, dict[str, str]]:
    """Return name and query of each topic by its slug."""
    text = files("bot.subscribers").joinpath("starter_topics.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


async def _update(tx: Transaction, position: int, slug: str, starter: Mapping[str, str]) -> bool:
    name, typed = starter["name"], starter["query"]
    topic = await topic_named(tx, slug)
    if topic and (topic.name, topic.typed, topic.position) == (name, typed, position):
        return False
    query = await query_for(tx, parse(typed).canonical)
    if topic is None:
        added = await add_public_topic(
            tx, slug, name=name, typed=typed, query_id=query.id, position=position
        )
        return added is not None  # False if another process that starts now was faster
    topic.name, topic.position = name, position
    await _set_query(tx, topic, query.id, typed)
    return True


async def _set_query(tx: Transaction, topic: Topic, query_id: int, typed: str) -> None:
    former = topic.query_id
    topic.query_id, topic.typed = query_id, typed
    await tx.flush()
    if former != query_id:
        await retire_query(tx, former)


# Changes by admins.


async def catalogue_topics(
    storage: Storage, wanted: int = 0
) -> ListPage[subscriptions.TopicListed]:
    async with storage.reading() as tx:
        total = await count_public_topics(tx)
        return await load_page(partial(subscriptions.catalogue_listed, tx), wanted, total)


async def catalogue_topic(storage: Storage, topic_id: int) -> subscriptions.TopicListed:
    async with storage.reading() as tx:
        listed = await subscriptions.catalogue_listed(tx)
    found = next((topic for topic in listed if topic.id == topic_id), None)
    if found is None:
        raise NoSuchTopic
    return found


async def add_topic(storage: Storage, name: str, typed: str, *, by: int | None = None) -> int:
    """Add a topic at the end. Raises QueryError, or NotAName if the name is empty."""
    query, name = parse(typed), _checked_name(name)
    typed = one_line(typed if is_readable(typed) else shown(query))
    async with storage.writing() as tx:
        topics = await subscriptions.whole_catalogue(tx)
        position = 1 + max((topic.position for topic in topics), default=-1)
        query_id = (await query_for(tx, query.canonical)).id
        topic_id = None
        while topic_id is None:
            slug = await _free_slug(tx, name)
            topic_id = await add_public_topic(
                tx, slug, name=name, typed=typed, query_id=query_id, position=position
            )
        await _record(tx, slug, AuditAction.TOPIC_ADDED, by, name=name, query=typed)
    return topic_id


async def rename_topic(
    storage: Storage, topic_id: int, name: str, *, by: int | None = None
) -> None:
    name = _checked_name(name)
    async with storage.writing() as tx:
        topic = await _topic(tx, topic_id)
        before, topic.name = topic.name, name
        await _record(tx, topic.slug, AuditAction.TOPIC_RENAMED, by, before=before, after=name)


async def change_query(
    storage: Storage, topic_id: int, typed: str, *, by: int | None = None
) -> None:
    """Set the topic's query for all subscribers; raise QueryError if *typed* is no query."""
    query = parse(typed)
    typed = one_line(typed if is_readable(typed) else shown(query))
    async with storage.writing() as tx:
        topic = await _topic(tx, topic_id)
        before = topic.typed
        await _set_query(tx, topic, (await query_for(tx, query.canonical)).id, typed)
        await _record(tx, topic.slug, AuditAction.TOPIC_REWORDED, by, before=before, after=typed)
        since = tx.now - FIRST_REACH
    await backfill(storage, topic.query_id, query, since, chat_id=None)


async def move_topic(
    storage: Storage, topic_id: int, places: int, *, by: int | None = None
) -> None:
    """Move the topic down by *places*, or up if the number is negative."""
    async with storage.writing() as tx:
        topic, topics = await _topic(tx, topic_id), await subscriptions.whole_catalogue(tx)
        old = topics.index(topic)
        new = min(max(old + places, 0), len(topics) - 1)
        if old == new:
            return
        topics.insert(new, topics.pop(old))
        for position, moved in enumerate(topics):
            if moved.position != position:
                moved.position = position
                await subscriptions.record_catalogue_change(tx, moved.slug or "")
        await _record(tx, topic.slug, AuditAction.TOPIC_MOVED, by, place=new + 1)


async def remove_topic(storage: Storage, topic_id: int, *, by: int | None = None) -> None:
    """Take the topic out of the catalogue; each chat that subscribes keeps it as its own."""
    async with storage.writing() as tx:
        topic = await _topic(tx, topic_id)
        await _record(tx, topic.slug, AuditAction.TOPIC_RETIRED, by, name=topic.name)
        topic.slug = None
    await hand_over_topics(storage)


async def hand_over_topics(storage: Storage) -> None:
    """Give removed topics to their subscribers; continues interrupted work."""
    async with storage.reading() as tx:
        leaving = await subscriptions.retiring_topics(tx)
    for topic_id in leaving:
        while await _hand_over_some(storage, topic_id):
            pass


async def _hand_over_some(storage: Storage, topic_id: int) -> bool:
    """Give the topic to some subscribers; return whether there may be more to do."""
    async with storage.writing() as tx:
        topic = await tx.get(Topic, topic_id)
        if topic is None:
            return False
        chats = await subscriptions.subscribers_of(tx, topic_id, _CHATS_TOGETHER)
        for chat_id in chats:
            await _keep_as_own(tx, topic, chat_id)
        if not chats:
            await subscriptions.drop_topic(tx, topic)
        return bool(chats)


async def _keep_as_own(tx: Transaction, topic: Topic, chat_id: int) -> None:
    """Replace *topic* by a topic of the chat's own, which may exist already."""
    await lock_chat(tx, chat_id)
    subscription = await subscriptions.subscription_to(tx, chat_id, topic.id)
    if subscription is None:  # unsubscribed meanwhile
        return
    own = await topic_of(tx, chat_id, topic.query_id)
    kept = own and await subscriptions.subscription_to(tx, chat_id, own.id)
    if kept:
        kept.mode = kept.mode if kept.mode is subscription.mode else Mode.BOTH
        await tx.delete(subscription)
    else:
        own = own or await add_own_topic(
            tx, chat_id, name=topic.name, typed=topic.typed, query_id=topic.query_id
        )
        await move_topic_mute(tx, chat_id, topic.id, own.id)
        subscription.topic_id = own.id


async def _topic(tx: Transaction, topic_id: int) -> Topic:
    topic = await subscriptions.public_topic(tx, topic_id)
    if topic is None:
        raise NoSuchTopic
    return topic


async def _record(
    tx: Transaction, slug: str | None, action: AuditAction, by: int | None, **details: object
) -> None:
    """Record what an admin did, and mark the topic so that no release overwrites it."""
    await subscriptions.record_catalogue_change(tx, slug or "")
    await record_event(tx, by, action, slug, **details)


def _checked_name(name: str) -> str:
    name = name_for(name)
    if not name:
        raise NotAName
    return name


async def _free_slug(tx: Transaction, name: str) -> str:
    """Return a slug for links: the name in plain letters, with a number if that is taken."""
    plain = _SLUG.sub("_", name.lower()).strip("_")[:_LONGEST_SLUG]
    base = plain if plain and not plain.isdigit() else f"topic_{plain}".strip("_")
    number, slug = 1, base
    while await topic_named(tx, slug):
        number += 1
        slug = f"{base}_{number}"
    return slug


def parts_of(typed: str) -> tuple[str, str]:
    """Split `Ports: port OR harbour` into name and query; without a name the query is both."""
    name, colon, query = typed.partition(": ")
    return (name.strip(), query.strip()) if colon and query.strip() else (typed, typed)
