"""The public catalogue of topics: what a new bot begins with, and what admins change in it.

A topic that is removed leaves the catalogue at once; each chat that subscribes to it keeps it as
its own. What an admin has changed no release brings back.
"""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from bot.matching import search
from bot.matching.query import is_readable, parse
from bot.matching.query.canonical import shown
from bot.subscribers.errors import NoSuchTopic, NotAName
from bot.subscribers.paging import ListPage, page_number
from bot.subscribers.subscriptions import FIRST_REACH
from bot.subscribers.text import one_line
from bot.subscribers.topic_names import name_for
from storage import subscriptions
from storage.access import record_event
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.db.sql import insert_new
from storage.enums import AuditAction, Mode
from storage.mutes import move_topic_mute
from storage.queries import query_for, retire_query
from storage.topics import Topic, count_public_topics, topic_named, topic_of

PER_PAGE = 8
_CHATS_TOGETHER = 100  # that take over a removed topic in one transaction
_SLUG = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 40


async def load_catalogue(storage: Storage) -> int:
    """Bring the public topics to what the file says; return how many were new or changed.

    Topics that are not in the file stay, and those that an admin has changed or retired.
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
    wanted = {"name": starter["name"], "typed": starter["query"], "position": position}
    topic = await topic_named(tx, slug)
    if topic is None:
        return await _add(tx, slug, wanted)
    if all(getattr(topic, key) == value for key, value in wanted.items()):
        return False
    former, query = topic.query_id, await query_for(tx, parse(starter["query"]).canonical)
    topic.sqlmodel_update({**wanted, "query_id": query.id})
    tx.session.add(topic)
    await tx.session.flush()
    if former != query.id:
        await retire_query(tx, former)
    return True


async def _add(tx: Transaction, slug: str, wanted: Mapping[str, Any]) -> bool:
    query = await query_for(tx, parse(wanted["typed"]).canonical)
    row = {**wanted, "slug": slug, "query_id": query.id, "created_at": tx.now}
    # Another process that starts at the same time may have made it since we looked.
    return bool(await insert_new(tx, Topic, [row], returning=Topic.id))


# What admins change.


async def catalogue_topics(
    storage: Storage, wanted: int = 0
) -> ListPage[subscriptions.TopicListed]:
    async with storage.reading() as tx:
        total = await count_public_topics(tx)
        number = page_number(wanted, total, PER_PAGE)
        rows = await subscriptions.catalogue_listed(tx, offset=number * PER_PAGE, limit=PER_PAGE)
    return ListPage(rows, number, total, PER_PAGE)


async def catalogue_topic(storage: Storage, topic_id: int) -> subscriptions.TopicListed:
    async with storage.reading() as tx:
        listed = await subscriptions.catalogue_listed(tx)
    found = next((topic for topic in listed if topic.id == topic_id), None)
    if found is None:
        raise NoSuchTopic
    return found


async def add_topic(storage: Storage, name: str, typed: str, *, by: int | None = None) -> int:
    """Put a topic at the end; QueryError if *typed* is no query, NotAName for no name."""
    query, name = parse(typed), _checked_name(name)
    async with storage.writing() as tx:
        there = await subscriptions.whole_catalogue(tx)
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
    name = _checked_name(name)
    async with storage.writing() as tx:
        topic = await _topic(tx, topic_id)
        before, topic.name = topic.name, name
        tx.session.add(topic)
        await _note(tx, topic, AuditAction.TOPIC_RENAMED, by, before=before, after=name)


async def change_query(
    storage: Storage, topic_id: int, typed: str, *, by: int | None = None
) -> None:
    """Let it have the query *typed*, for all that subscribe to it; QueryError if it is none."""
    query = parse(typed)
    async with storage.writing() as tx:
        topic = await _topic(tx, topic_id)
        former, before = topic.query_id, topic.typed
        topic.query_id = (await query_for(tx, query.canonical)).id
        topic.typed = one_line(typed if is_readable(typed) else shown(query))
        tx.session.add(topic)
        await tx.session.flush()
        if former != topic.query_id:
            await retire_query(tx, former)
        await _note(tx, topic, AuditAction.TOPIC_REWORDED, by, before=before, after=topic.typed)
        since = tx.now - FIRST_REACH
    await search.backfill(storage, topic.query_id, query, since, chat_id=None)


async def move_topic(
    storage: Storage, topic_id: int, places: int, *, by: int | None = None
) -> None:
    """Move it so many places down, or up where that is negative."""
    async with storage.writing() as tx:
        topic, there = await _topic(tx, topic_id), await subscriptions.whole_catalogue(tx)
        at = next(place for place, one in enumerate(there) if one.id == topic_id)
        to = min(max(at + places, 0), len(there) - 1)
        if at == to:
            return
        there.insert(to, there.pop(at))
        for position, one in enumerate(there):
            if one.position != position:
                one.position = position
                tx.session.add(one)
                await subscriptions.record_catalogue_change(tx, one.slug or "")
        await _note(tx, topic, AuditAction.TOPIC_MOVED, by, place=to + 1)


async def remove_topic(storage: Storage, topic_id: int, *, by: int | None = None) -> None:
    """Take it out of the catalogue; each chat that subscribes keeps it as its own."""
    async with storage.writing() as tx:
        topic = await _topic(tx, topic_id)
        await _note(tx, topic, AuditAction.TOPIC_RETIRED, by, name=topic.name)
        topic.slug = None
        tx.session.add(topic)
    await hand_over_topics(storage)


async def hand_over_topics(storage: Storage) -> None:
    """Give removed topics to their subscribers, also where that was interrupted before."""
    async with storage.reading() as tx:
        leaving = await subscriptions.retiring_topics(tx)
    for topic_id in leaving:
        while await _hand_over_some(storage, topic_id):
            pass


async def _hand_over_some(storage: Storage, topic_id: int) -> bool:
    """Return whether there may be more to do."""
    async with storage.writing() as tx:
        topic = await tx.session.get(Topic, topic_id)
        if topic is None:
            return False
        chats = await subscriptions.subscribers_of(tx, topic_id, _CHATS_TOGETHER)
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
    subscription = await subscriptions.subscription_to(tx, chat_id, topic.id)
    if subscription is None:  # unsubscribed meanwhile
        return
    own = await topic_of(tx, chat_id, topic.query_id)
    kept = own and await subscriptions.subscription_to(tx, chat_id, own.id)
    if kept:
        kept.mode = kept.mode if kept.mode is subscription.mode else Mode.BOTH
        tx.session.add(kept)
        await tx.session.delete(subscription)
    else:
        own = own or await _add_own(tx, topic, chat_id)
        await move_topic_mute(tx, chat_id, topic.id, own.id)
        subscription.topic_id = own.id
        tx.session.add(subscription)
    await tx.session.flush()


async def _add_own(tx: Transaction, topic: Topic, chat_id: int) -> Topic:
    values = topic.model_dump(include={"name", "query_id", "typed"})
    own = Topic(**values, chat_id=chat_id, created_at=tx.now)
    tx.session.add(own)
    await tx.session.flush()
    return own


async def _topic(tx: Transaction, topic_id: int) -> Topic:
    topic = await subscriptions.public_topic(tx, topic_id)
    if topic is None:
        raise NoSuchTopic
    return topic


async def _note(
    tx: Transaction, topic: Topic, action: AuditAction, by: int | None, **details: object
) -> None:
    await subscriptions.record_catalogue_change(tx, topic.slug or "")
    await record_event(tx, by, action, topic.slug, **details)


def _checked_name(name: str) -> str:
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
    """`Ports: port OR harbour` → name and query; without a name the query is both."""
    name, colon, query = typed.partition(": ")
    return (name.strip(), query.strip()) if colon and query.strip() else (typed, typed)
