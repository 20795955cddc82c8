"""Importing people: what the file has joins what is there. Nothing of that changes or goes.

1. A chat that is there keeps the settings that it has chosen; a new one gets those of the file.
2. A topic, feed, mute or mailbox that is there stays as it is, also where the file differs.
3. Limits hold. What is one too many is counted with its reason, and so is what cannot be read.
4. Of another bot: chats sleep until somebody comes, since this one may not write to them.
5. A chat that the database refuses takes nobody with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.matching.query import QueryError, is_readable, parse
from bot.matching.showing import shown
from bot.sources.articles.intake import url_hash
from bot.subscribers.allowing import limits_of
from bot.subscribers.exports import TopicWish
from bot.subscribers.importing import merge_settings
from bot.subscribers.limits import USUAL_LIMITS, Limits
from bot.subscribers.names import name_for
from bot.subscribers.people import Feed, MailboxWish, MuteWish, Wished
from bot.subscribers.people_tally import Outcome, Part, Reason, Tally
from bot.subscribers.planning import replan
from bot.subscribers.watching import own_topic
from storage.allowances import allowance_of
from storage.bans import ban
from storage.chats import Chat, chat_at, chat_to_change, open_chat
from storage.engine import DatabaseError, Storage, Unit
from storage.follows import count_followed, follow, source_followed
from storage.invites import admit
from storage.mailboxes import Mailbox, mailbox_of
from storage.mutes import Subject, mute, mute_of
from storage.queries import query_for
from storage.sources import add_source, source_of
from storage.subscriptions import (
    Subscription,
    count_subscriptions,
    subscription_to,
    topic_watched_with,
)
from storage.topics import Topic, topic_named, topic_of
from storage.words import ChatKind, ChatState, MuteKind


@dataclass(frozen=True, slots=True)
class ImportingPeople:
    """*asleep*: the chats are another bot's; with *dry_run* all is done and then taken back."""

    storage: Storage
    limits: Limits = USUAL_LIMITS
    asleep: bool = False
    dry_run: bool = False

    async def take(self, people: Sequence[Wished]) -> Tally:
        """Take in some, in one unit of work."""
        try:
            return await self._take(people)
        except DatabaseError:
            if len(people) > 1:
                return await self._take_each(people)
            tally = Tally()
            tally.refuse(Part.CHATS, Reason.NOT_STORED, people[0].line)
            return tally

    async def _take_each(self, people: Sequence[Wished]) -> Tally:
        tally = Tally()
        for wished in people:
            tally.add(await self.take([wished]))
        return tally

    async def _take(self, people: Sequence[Wished]) -> Tally:
        tally = Tally()
        async with self.storage.writing() as unit:
            for wished in people:
                await self._chat(unit, wished, tally)
            if self.dry_run:
                await unit.session.rollback()
        return tally

    async def _chat(self, unit: Unit, wished: Wished, tally: Tally) -> None:
        there = await chat_at(unit, wished.telegram_id, wished.thread_id)
        opened = there or await open_chat(unit, self._row(wished))
        tally.note(Part.CHATS, Outcome.THERE if there else Outcome.ADDED)
        chat = await chat_to_change(unit, opened.id or 0)
        is_any = await merge_settings(unit, chat, wished.export)
        tally.note(Part.SETTINGS, Outcome.ADDED if is_any or not there else Outcome.THERE)
        if there is None:
            await _let_in(unit, chat, wished)
        taking = _Taking(unit, chat, wished.line, tally, is_new=there is None)
        for _ in wished.export.unreadable:
            tally.refuse(Part.TOPICS, Reason.UNREADABLE, wished.line)
        limits = await limits_of(unit, chat.id or 0, self.limits)
        for topic in wished.export.topics:
            await taking.topic(topic, limits.topics)
        for feed in wished.feeds:
            await taking.feed(feed, limits.feeds)
        for one in wished.mutes:
            await taking.mute(one)
        if wished.mailbox:
            await taking.mailbox(wished.mailbox)
        await replan(unit, chat)

    def _row(self, wished: Wished) -> dict[str, Any]:
        facts = dict(wished.facts)
        if facts["state"] is ChatState.BANNED:
            facts["state"] = ChatState.ACTIVE  # `ban` knows what else there is to a ban
        if self.asleep and facts["state"] is ChatState.ACTIVE:
            is_person = facts["kind"] is ChatKind.PRIVATE
            facts["state"] = ChatState.BLOCKED if is_person else ChatState.KICKED
        return facts | {"telegram_id": wished.telegram_id, "thread_id": wished.thread_id}


async def _let_in(unit: Unit, chat: Chat, wished: Wished) -> None:
    if wished.limits:
        said = await allowance_of(unit, chat.id or 0)
        for kind, number in wished.limits.items():
            setattr(said, kind, number)
        unit.session.add(said)
        await unit.session.flush()
    if wished.is_admitted:
        await admit(unit, wished.telegram_id)
    if wished.is_banned:
        await ban(unit, wished.telegram_id)


@dataclass(frozen=True, slots=True)
class _Taking:
    """Takes what one chat wishes, and counts it.

    Of a new chat *subscribed* is all that it watches, by canonical query: nothing need be asked.
    """

    unit: Unit
    chat: Chat
    line: int
    tally: Tally
    is_new: bool = False
    subscribed: list[str] = field(default_factory=list)

    @property
    def chat_id(self) -> int:
        return self.chat.id or 0

    async def topic(self, wish: TopicWish, most: int) -> None:
        try:
            query = parse(wish.query)
        except QueryError:
            self.tally.refuse(Part.TOPICS, Reason.NO_QUERY, self.line)
            return
        public = await topic_named(self.unit, wish.slug) if wish.slug else None
        if public is None or public.typed != wish.query:
            public = None
        if await self._is_watched(public, query.canonical):
            self.tally.note(Part.TOPICS, Outcome.THERE)
        elif await self._count() >= most:
            self.tally.refuse(Part.TOPICS, Reason.TOO_MANY, self.line)
        else:
            typed = wish.query if is_readable(wish.query) else shown(query)
            topic = public or await self._own(query.canonical, typed, wish.name)
            await self._subscribe(topic, wish)
            self.subscribed.append(query.canonical)

    async def _count(self) -> int:
        if self.is_new:
            return len(self.subscribed)
        return await count_subscriptions(self.unit, self.chat_id)

    async def _is_watched(self, public: Topic | None, canonical: str) -> bool:
        if public is not None:
            return await subscription_to(self.unit, self.chat_id, public.id or 0) is not None
        if self.is_new:
            return canonical in self.subscribed
        return await topic_watched_with(self.unit, self.chat_id, canonical) is not None

    async def _own(self, canonical: str, typed: str, name: str) -> Topic:
        query_id = (await query_for(self.unit, canonical)).id or 0
        topic = None if self.is_new else await topic_of(self.unit, self.chat_id, query_id)
        if topic is None:
            named = name_for(name)
            topic = await own_topic(self.unit, self.chat_id, query_id, typed, named)
        return topic

    async def _subscribe(self, topic: Topic, wish: TopicWish) -> None:
        topic_id = topic.id or 0
        self.unit.session.add(
            Subscription(
                chat_id=self.chat_id,
                topic_id=topic_id,
                mode=wish.mode,
                created_at=self.unit.now,
                paused=wish.is_paused,
            )
        )
        await self.unit.session.flush()
        self.tally.note(Part.TOPICS, Outcome.ADDED)
        is_muted = wish.muted_until is None or wish.muted_until > self.unit.now
        if wish.is_muted and is_muted:
            subject = Subject(MuteKind.TOPIC, topic_id)
            await mute(self.unit, self.chat_id, subject, wish.muted_until)

    async def feed(self, feed: Feed, most: int) -> None:
        """Follow it as it stood there; it is read when its turn comes."""
        hashed = url_hash(feed.url)
        source = await source_of(self.unit, hashed)
        if source and await source_followed(self.unit, self.chat_id, source.id or 0):
            self.tally.note(Part.FEEDS, Outcome.THERE)
        elif source and source.own_network and not source.public:
            self.tally.refuse(Part.FEEDS, Reason.INSIDE, self.line)
        elif await count_followed(self.unit, self.chat_id) >= most:
            self.tally.refuse(Part.FEEDS, Reason.TOO_MANY, self.line)
        else:
            source_id = source.id if source else await self._source(feed, hashed)
            await follow(self.unit, self.chat_id, source_id or 0)
            self.tally.note(Part.FEEDS, Outcome.ADDED)

    async def _source(self, feed: Feed, hashed: str) -> int | None:
        host = urlsplit(feed.url).hostname or ""
        facts = {"url": feed.url, "url_hash": hashed, "host": host, "kind": feed.kind}
        moments = {"created_at": self.unit.now, "next_fetch_at": self.unit.now}
        return await add_source(self.unit, facts | moments | {"title": feed.title or host})

    async def mute(self, wish: MuteWish) -> None:
        source = await source_of(self.unit, url_hash(wish.url))
        if source is None:
            self.tally.refuse(Part.MUTES, Reason.NO_SOURCE, self.line)
            return
        if wish.until and wish.until <= self.unit.now:
            self.tally.refuse(Part.MUTES, Reason.OVER, self.line)
            return
        subject = Subject(wish.kind, source.id or 0)
        if await mute_of(self.unit, self.chat_id, subject):
            self.tally.note(Part.MUTES, Outcome.THERE)
        else:
            await mute(self.unit, self.chat_id, subject, wish.until)
            self.tally.note(Part.MUTES, Outcome.ADDED)

    async def mailbox(self, wish: MailboxWish) -> None:
        there = await mailbox_of(self.unit, self.chat_id)
        if there and there.address == wish.address:
            self.tally.note(Part.MAILBOXES, Outcome.THERE)
        elif there:
            self.tally.refuse(Part.MAILBOXES, Reason.ANOTHER, self.line)
        elif wish.state is None:
            self.tally.refuse(Part.MAILBOXES, Reason.UNCONFIRMED, self.line)
        else:
            now = self.unit.now
            self.unit.session.add(
                Mailbox(
                    chat_id=self.chat_id,
                    address=wish.address,
                    state=wish.state,
                    alerts=wish.alerts,
                    state_since=now,
                    created_at=now,
                    asked_at=now,
                )
            )
            await self.unit.session.flush()
            self.tally.note(Part.MAILBOXES, Outcome.ADDED)
