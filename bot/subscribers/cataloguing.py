"""The public catalogue, changed by those who run the bot.

A topic that is retired leaves the catalogue at once; each chat that watches it keeps it as its own.
"""

import re
from dataclasses import dataclass

from bot.matching.query import is_readable, parse
from bot.matching.showing import shown
from bot.subscribers.lines import one_line
from bot.subscribers.names import name_for
from bot.subscribers.pages import Page, page_number
from bot.subscribers.refusals import NoSuchTopic, NotAName
from bot.subscribers.watching import FIRST_REACH, Backfills
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


@dataclass(frozen=True, slots=True)
class Cataloguing:
    """Each verb raises NoSuchTopic where the catalogue has no such topic any more."""

    storage: Storage
    past: Backfills

    async def page(self, wanted: int = 0) -> Page[TopicListed]:
        async with self.storage.reading() as unit:
            total = await count_public_topics(unit)
            number = page_number(wanted, total, PER_PAGE)
            rows = await catalogue_listed(unit, offset=number * PER_PAGE, limit=PER_PAGE)
        return Page(rows, number, total, PER_PAGE)

    async def one(self, topic_id: int) -> TopicListed:
        async with self.storage.reading() as unit:
            listed = await catalogue_listed(unit)
        found = next((topic for topic in listed if topic.id == topic_id), None)
        if found is None:
            raise NoSuchTopic
        return found

    async def add(self, name: str, typed: str, *, by: int | None = None) -> int:
        """Put a topic at the end; QueryError if *typed* is no query, NotAName for no name."""
        query, name = parse(typed), _named(name)
        async with self.storage.writing() as unit:
            there = await whole_catalogue(unit)
            topic = Topic(
                name=name,
                query_id=(await query_for(unit, query.canonical)).id,
                typed=one_line(typed if is_readable(typed) else shown(query)),
                slug=await _free_slug(unit, name),
                position=1 + max((topic.position for topic in there), default=-1),
                created_at=unit.now,
            )
            unit.session.add(topic)
            await unit.session.flush()
            await _note(unit, topic, AuditAction.TOPIC_ADDED, by, name=name, query=topic.typed)
        return topic.id

    async def rename(self, topic_id: int, name: str, *, by: int | None = None) -> None:
        name = _named(name)
        async with self.storage.writing() as unit:
            topic = await _found(unit, topic_id)
            before, topic.name = topic.name, name
            unit.session.add(topic)
            await _note(unit, topic, AuditAction.TOPIC_RENAMED, by, before=before, after=name)

    async def reword(self, topic_id: int, typed: str, *, by: int | None = None) -> None:
        """Let it have the query *typed*, for all who watch it; QueryError if it is none."""
        query = parse(typed)
        async with self.storage.writing() as unit:
            topic = await _found(unit, topic_id)
            former, before = topic.query_id, topic.typed
            topic.query_id = (await query_for(unit, query.canonical)).id
            topic.typed = one_line(typed if is_readable(typed) else shown(query))
            unit.session.add(topic)
            await unit.session.flush()
            if former != topic.query_id:
                await retire_query(unit, former)
            await _note(
                unit, topic, AuditAction.TOPIC_REWORDED, by, before=before, after=topic.typed
            )
            since = unit.now - FIRST_REACH
        await self.past.backfill(topic.query_id, query, since)

    async def move(self, topic_id: int, places: int, *, by: int | None = None) -> None:
        """Move it so many places down, or up where that is negative."""
        async with self.storage.writing() as unit:
            topic, there = await _found(unit, topic_id), await whole_catalogue(unit)
            at = next(place for place, one in enumerate(there) if one.id == topic_id)
            to = min(max(at + places, 0), len(there) - 1)
            if at == to:
                return
            there.insert(to, there.pop(at))
            for position, one in enumerate(there):
                if one.position != position:
                    one.position = position
                    unit.session.add(one)
                    await record_catalogue_change(unit, one.slug or "")
            await _note(unit, topic, AuditAction.TOPIC_MOVED, by, place=to + 1)

    async def retire(self, topic_id: int, *, by: int | None = None) -> None:
        """Take it out of the catalogue; who watches it keeps it as a topic of their own."""
        async with self.storage.writing() as unit:
            topic = await _found(unit, topic_id)
            await _note(unit, topic, AuditAction.TOPIC_RETIRED, by, name=topic.name)
            topic.slug = None
            unit.session.add(topic)
        await self.hand_over()

    async def hand_over(self) -> None:
        """Give what was retired to those who watch it, also where that was cut off before."""
        async with self.storage.reading() as unit:
            leaving = await retiring_topics(unit)
        for topic_id in leaving:
            while await self._hand_over_some(topic_id):
                pass

    async def _hand_over_some(self, topic_id: int) -> bool:
        """Return whether there may be more to do."""
        async with self.storage.writing() as unit:
            topic = await unit.session.get(Topic, topic_id)
            if topic is None:
                return False
            chats = await subscribers_of(unit, topic_id, CHATS_IN_A_UNIT)
            for chat_id in chats:
                await _keep_as_own(unit, topic, chat_id)
            if not chats:
                await unit.session.delete(topic)
                await unit.session.flush()
                await retire_query(unit, topic.query_id)
            return bool(chats)


async def _keep_as_own(unit: Transaction, topic: Topic, chat_id: int) -> None:
    """Put a topic of the chat's own into the place of *topic*, or the one that it has already."""
    await lock_chat(unit, chat_id)
    subscription = await subscription_to(unit, chat_id, topic.id)
    if subscription is None:  # stopped meanwhile
        return
    own = await topic_of(unit, chat_id, topic.query_id)
    watched = own and await subscription_to(unit, chat_id, own.id)
    if watched:
        watched.mode = watched.mode if watched.mode is subscription.mode else Mode.BOTH
        unit.session.add(watched)
        await unit.session.delete(subscription)
    else:
        own = own or await _made_own(unit, topic, chat_id)
        await move_topic_mute(unit, chat_id, topic.id, own.id)
        subscription.topic_id = own.id
        unit.session.add(subscription)
    await unit.session.flush()


async def _made_own(unit: Transaction, topic: Topic, chat_id: int) -> Topic:
    values = topic.model_dump(include={"name", "query_id", "typed"})
    own = Topic(**values, chat_id=chat_id, created_at=unit.now)
    unit.session.add(own)
    await unit.session.flush()
    return own


async def _found(unit: Transaction, topic_id: int) -> Topic:
    topic = await public_topic(unit, topic_id)
    if topic is None:
        raise NoSuchTopic
    return topic


async def _note(
    unit: Transaction, topic: Topic, deed: AuditAction, by: int | None, **details: object
) -> None:
    await record_catalogue_change(unit, topic.slug or "")
    await record_event(unit, by, deed, topic.slug, **details)


def _named(name: str) -> str:
    name = name_for(name)
    if not name:
        raise NotAName
    return name


async def _free_slug(unit: Transaction, name: str) -> str:
    """Return what links call the topic: its name in plain letters, numbered where it is taken."""
    plain = _SLUG.sub("_", name.lower()).strip("_")[:_LONGEST_SLUG]
    base = plain if plain and not plain.isdigit() else f"topic_{plain}".strip("_")
    number, slug = 1, base
    while await topic_named(unit, slug):
        number += 1
        slug = f"{base}_{number}"
    return slug


def parts_of(typed: str) -> tuple[str, str]:
    """`Ports: port OR harbour` → name and query; without a name the words are both."""
    name, colon, query = typed.partition(": ")
    return (name.strip(), query.strip()) if colon and query.strip() else (typed, typed)
