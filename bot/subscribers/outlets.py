"""Where the stories of a topic come from, and hearing less of one of those."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.matching.query import Query, parse
from bot.subscribers.refusals import NoSuchOutlet, NoSuchTopic
from storage.chats import chat_to_change
from storage.engine import Storage, Unit
from storage.mutes import Mute, Subject, lift, mute, mute_of
from storage.outlets import Outlet, Teller, outlet_that_told, tellers
from storage.topics import topic_seen_by
from storage.words import OF_A_SOURCE, MuteKind

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
    """Who told most of the *stories* that a topic found in *days*."""

    topic_id: int
    name: str
    stories: int
    days: int
    tellers: Sequence[Teller]


@dataclass(frozen=True, slots=True)
class OutletSeen:
    """Who told an article; *mute* is what the chat has muted of it, if anything."""

    source_id: int
    article_id: int
    name: str
    mute: Mute | None


@dataclass(frozen=True, slots=True)
class Outlets:
    """An outlet is named by a source and an article there; NoSuchOutlet if the chat has no such."""

    storage: Storage
    past: Looks

    async def of_topic(self, chat_id: int, topic_id: int) -> WhereFrom:
        async with self.storage.reading() as unit:
            topic = await topic_seen_by(unit, chat_id, topic_id)
        if topic is None:
            raise NoSuchTopic
        found = await self.past.stories(parse(topic.typed), chat_id=chat_id, days=DAYS)
        stories = {article.story_id for article in found.articles}
        async with self.storage.reading() as unit:
            told = await tellers(unit, chat_id, stories, limit=MOST)
        return WhereFrom(topic_id, topic.name, len(stories), DAYS, told)

    async def one(self, chat_id: int, source_id: int, article_id: int) -> OutletSeen:
        async with self.storage.reading() as unit:
            outlet = await _outlet(unit, chat_id, source_id, article_id)
            muted = [
                await mute_of(unit, chat_id, Subject(kind, source_id, outlet.outlet))
                for kind in OF_A_SOURCE
            ]
        in_force = next((one for one in muted if one), None)
        return OutletSeen(source_id, article_id, outlet.name, in_force)

    async def mute(self, chat_id: int, source_id: int, article_id: int, days: int) -> None:
        """Tell nothing of it for so many days; 0: in digests only, unless others tell it too."""
        async with self.storage.writing() as unit:
            await chat_to_change(unit, chat_id)
            outlet = await _outlet(unit, chat_id, source_id, article_id)
            kind = MuteKind.SOURCE if days else MuteKind.LESS
            until = unit.now + timedelta(days=days) if days else None
            await mute(unit, chat_id, Subject(kind, source_id, outlet.outlet), until)

    async def unmute(self, chat_id: int, source_id: int, article_id: int) -> None:
        seen = await self.one(chat_id, source_id, article_id)
        if seen.mute is None:
            return
        async with self.storage.writing() as unit:
            await chat_to_change(unit, chat_id)
            await lift(unit, chat_id, seen.mute.id)


async def _outlet(unit: Unit, chat_id: int, source_id: int, article_id: int) -> Outlet:
    outlet = await outlet_that_told(unit, chat_id, source_id, article_id)
    if outlet is None:
        raise NoSuchOutlet
    return outlet
