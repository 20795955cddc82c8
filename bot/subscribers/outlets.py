"""Where the stories of a topic come from, and hearing less of one of those."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.matching import search
from bot.matching.query import Query, parse
from bot.subscribers.errors import NoSuchOutlet, NoSuchTopic
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import SOURCE_MUTES, MuteKind
from storage.mutes import Mute, MuteSubject, mute, mute_of, unmute
from storage.publishers import Publisher, busiest_publishers, publishers_seen_by
from storage.topics import topic_seen_by

DAYS = 30
MOST = 10


class Told(Protocol):
    @property
    def story_id(self) -> int: ...


class Found(Protocol):
    @property
    def articles(self) -> Sequence[Told]: ...


class Looks(Protocol):
    async def stories(
        self, query: Query, *, chat_id: int | None = None, days: int = 7
    ) -> Found: ...


@dataclass(frozen=True, slots=True)
class WhereFrom:
    """Which publishers carried how many of the *stories* that a topic found in *days*."""

    topic_id: int
    name: str
    stories: int
    days: int
    publishers: Sequence[tuple[Publisher, int]]


@dataclass(frozen=True, slots=True)
class OutletSeen:
    """Who told an article; *mute* is what the chat has muted of it, if anything."""

    source_id: int
    article_id: int
    name: str
    mute: Mute | None


async def publishers_of_topic(storage: Storage, chat_id: int, topic_id: int) -> WhereFrom:
    async with storage.reading() as tx:
        topic = await topic_seen_by(tx, chat_id, topic_id)
    if topic is None:
        raise NoSuchTopic
    found = await search.find_stories(storage, parse(topic.typed), chat_id=chat_id, days=DAYS)
    stories = {article.story_id for article in found.articles}
    async with storage.reading() as tx:
        busiest = await busiest_publishers(tx, chat_id, stories, limit=MOST)
    return WhereFrom(topic_id, topic.name, len(stories), DAYS, busiest)


async def get_publisher(
    storage: Storage, chat_id: int, source_id: int, article_id: int
) -> OutletSeen:
    async with storage.reading() as tx:
        publisher = await _publisher(tx, chat_id, source_id, article_id)
        muted = [
            await mute_of(tx, chat_id, MuteSubject(kind, source_id, publisher.mutable_outlet))
            for kind in SOURCE_MUTES
        ]
    in_force = next((one for one in muted if one), None)
    return OutletSeen(source_id, article_id, publisher.name, in_force)


async def mute_publisher(
    storage: Storage, chat_id: int, source_id: int, article_id: int, days: int
) -> None:
    """Tell nothing of it for so many days; 0: in digests only, unless others tell it too."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        publisher = await _publisher(tx, chat_id, source_id, article_id)
        kind = MuteKind.SOURCE if days else MuteKind.LESS
        until = tx.now + timedelta(days=days) if days else None
        await mute(tx, chat_id, MuteSubject(kind, source_id, publisher.mutable_outlet), until)


async def unmute_publisher(storage: Storage, chat_id: int, source_id: int, article_id: int) -> None:
    seen = await get_publisher(storage, chat_id, source_id, article_id)
    if seen.mute is None:
        return
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await unmute(tx, chat_id, seen.mute.id)


async def _publisher(tx: Transaction, chat_id: int, source_id: int, article_id: int) -> Publisher:
    seen = await publishers_seen_by(tx, chat_id, [article_id])
    for publisher in seen.get(article_id, ()):
        if publisher.source_id == source_id:
            return publisher
    raise NoSuchOutlet
