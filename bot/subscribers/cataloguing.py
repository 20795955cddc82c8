"""The public catalogue, changed by those who run the bot.

A topic that is retired leaves the catalogue at once; each chat that watches it keeps it as its own.
"""

import re

from bot.matching import search
from bot.matching.query import is_readable, parse
from bot.matching.query.canonical import shown
from bot.subscribers.errors import NoSuchTopic, NotAName
from bot.subscribers.names import name_for
from bot.subscribers.paging import Page, page_number
from bot.subscribers.text import one_line
from bot.subscribers.watching import FIRST_REACH
from storage.access import record_event
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import AuditAction, Mode
from storage.mutes import move_topic_mute
from storage.queries import query_for, retire_query
from storage.subscriptions import (
    TopicListed,
    catalogue_listed,
    public_topic,
    record_catalogue_change,
    retiring_topics,
    subscribers_of,
    subscription_to,
    whole_catalogue,
)
from storage.topics import Topic, count_public_topics, topic_named, topic_of

PER_PAGE = 8
CHATS_IN_A_UNIT = 100
_SLUG = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 40


async def catalogue_topics(storage: Storage, wanted: int = 0) -> Page[TopicListed]:
    async with storage.reading() as tx:
        total = await count_public_topics(tx)
        number = page_number(wanted, total, PER_PAGE)
        rows = await catalogue_listed(tx, offset=number * PER_PAGE, limit=PER_PAGE)
    return Page(rows, number, total, PER_PAGE)


async def catalogue_topic(storage: Storage, topic_id: int) -> TopicListed:
    async with storage.reading() as tx:
        listed = await catalogue_listed(tx)
    found = next((topic for topic in listed if topic.id == topic_id), None)
    if found is None:
        raise NoSuchTopic
    return found


async def add_topic(storage: Storage, name: str, typed: str, *, by: int | None = None) -> int:
    """Put a topic at the end; QueryError if *typed* is no query, NotAName for no name."""
    query, name = parse(typed), _named(name)
    async with storage.writing() as tx:
        there = await whole_catalogue(tx)
        topic = Topic(
            name=name,
            query_id=(await query_for(tx, query.canonical)).id,
            typed=one_line(typed if is_readable(typed) else shown(query)),
            slug=await _free_slug(tx, name),
            position=1 + max((topic.position for topic in there), default=-1),
            created_at=tx.now,
        )
        tx.session.add(topic)
        await tx.session.flush()
        await _note(tx, topic, AuditAction.TOPIC_ADDED, by, name=name, query=topic.typed)
    return topic.id


async def rename_topic(
    storage: Storage, topic_id: int, name: str, *, by: int | None = None
) -> None:
    name = _named(name)
    async with storage.writing() as tx:
        topic = await _found(tx, topic_id)
        before, topic.name = topic.name, name
        tx.session.add(topic)
        await _note(tx, topic, AuditAction.TOPIC_RENAMED, by, before=before, after=name)


async def change_query(
    storage: Storage, topic_id: int, typed: str, *, by: int | None = None
) -> None:
    """Let it have the query *typed*, for all who watch it; QueryError if it is none."""
    query = parse(typed)
    async with storage.writing() as tx:
        topic = await _found(tx, topic_id)
        former, before = topic.query_id, topic.typed
        topic.query_id = (await query_for(tx, query.canonical)).id
        topic.typed = one_line(typed if is_readable(typed) else shown(query))
        tx.session.add(topic)
        await tx.session.flush()
        if former != topic.query_id:
            await retire_query(tx, former)
        await _note(tx, topic, AuditAction.TOPIC_REWORDED, by, before=before, after=topic.typed)
        since = tx.now - FIRST_REACH
    await search.backfill(storage, topic.query_id, query, since)


async def move_topic(
    storage: Storage, topic_id: int, places: int, *, by: int | None = None
) -> None:
    """Move it so many places down, or up where that is negative."""
    async with storage.writing() as tx:
        topic, there = await _found(tx, topic_id), await whole_catalogue(tx)
        at = next(place for place, one in enumerate(there) if one.id == topic_id)
        to = min(max(at + places, 0), len(there) - 1)
        if at == to:
            return
        there.insert(to, there.pop(at))
        for position, one in enumerate(there):
            if one.position != position:
                one.position = position
                tx.session.add(one)
                await record_catalogue_change(tx, one.slug or "")
        await _note(tx, topic, AuditAction.TOPIC_MOVED, by, place=to + 1)


async def remove_topic(storage: Storage, topic_id: int, *, by: int | None = None) -> None:
    """Take it out of the catalogue; who watches it keeps it as a topic of their own."""
    async with storage.writing() as tx:
        topic = await _found(tx, topic_id)
        await _note(tx, topic, AuditAction.TOPIC_RETIRED, by, name=topic.name)
        topic.slug = None
        tx.session.add(topic)
    await hand_over_topics(storage)


async def hand_over_topics(storage: Storage) -> None:
    """Give what was retired to those who watch it, also where that was cut off before."""
    async with storage.reading() as tx:
        leaving = await retiring_topics(tx)
    for topic_id in leaving:
        while await _hand_over_some(storage, topic_id):
            pass


async def _hand_over_some(storage: Storage, topic_id: int) -> bool:
    """Return whether there may be more to do."""
    async with storage.writing() as tx:
        topic = await tx.session.get(Topic, topic_id)
        if topic is None:
            return False
        chats = await subscribers_of(tx, topic_id, CHATS_IN_A_UNIT)
        for chat_id in chats:
            await _keep_as_own(tx, topic, chat_id)
        if not chats:
            await tx.session.delete(topic)
            await tx.session.flush()
            await retire_query(tx, topic.query_id)
        return bool(chats)


async def _keep_as_own(tx: Transaction, topic: Topic, chat_id: int) -> None:
    """Put a topic of the chat's own into the place of *topic*, or the one that it has already."""
    await lock_chat(tx, chat_id)
    subscription = await subscription_to(tx, chat_id, topic.id)
    if subscription is None:  # stopped meanwhile
        return
    own = await topic_of(tx, chat_id, topic.query_id)
    watched = own and await subscription_to(tx, chat_id, own.id)
    if watched:
        watched.mode = watched.mode if watched.mode is subscription.mode else Mode.BOTH
        tx.session.add(watched)
        await tx.session.delete(subscription)
    else:
        own = own or await _made_own(tx, topic, chat_id)
        await move_topic_mute(tx, chat_id, topic.id, own.id)
        subscription.topic_id = own.id
        tx.session.add(subscription)
    await tx.session.flush()


async def _made_own(tx: Transaction, topic: Topic, chat_id: int) -> Topic:
    values = topic.model_dump(include={"name", "query_id", "typed"})
    own = Topic(**values, chat_id=chat_id, created_at=tx.now)
    tx.session.add(own)
    await tx.session.flush()
    return own


async def _found(tx: Transaction, topic_id: int) -> Topic:
    topic = await public_topic(tx, topic_id)
    if topic is None:
        raise NoSuchTopic
    return topic


async def _note(
    tx: Transaction, topic: Topic, action: AuditAction, by: int | None, **details: object
) -> None:
    await record_catalogue_change(tx, topic.slug or "")
    await record_event(tx, by, action, topic.slug, **details)


def _named(name: str) -> str:
    name = name_for(name)
    if not name:
        raise NotAName
    return name


async def _free_slug(tx: Transaction, name: str) -> str:
    """Return what links call the topic: its name in plain letters, numbered where it is taken."""
    plain = _SLUG.sub("_", name.lower()).strip("_")[:_LONGEST_SLUG]
    base = plain if plain and not plain.isdigit() else f"topic_{plain}".strip("_")
    number, slug = 1, base
    while await topic_named(tx, slug):
        number += 1
        slug = f"{base}_{number}"
    return slug


def parts_of(typed: str) -> tuple[str, str]:
    """`Ports: port OR harbour` → name and query; without a name the words are both."""
    name, colon, query = typed.partition(": ")
    return (name.strip(), query.strip()) if colon and query.strip() else (typed, typed)
