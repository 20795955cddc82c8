"""What one chat of an export of people adds to what it has here: decided without the database.

What is decided counts for what follows: a chat has what an entry before gave it, and a source is
here once somebody before follows it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from bot.matching.query import QueryError, parse
from bot.publishing.calendar import Plan
from bot.sources.drafts import url_hash
from bot.subscribers.exports import TopicWish
from bot.subscribers.importing import merge_settings
from bot.subscribers.limits import Limits
from bot.subscribers.lines import one_line
from bot.subscribers.names import name_for, name_of_query
from bot.subscribers.people import Feed, MailboxWish, MuteWish, Wished
from bot.subscribers.people_tally import Outcome, Part, Reason, Tally
from bot.subscribers.planning import set_next
from storage.chats import Chat
from storage.topics import Topic
from storage.users import KnownUsers, NewSourceMute, NewSubscription, NewUsers


@dataclass(frozen=True, slots=True)
class Wanted:
    """A chat of the file, with what need be worked out once only, whatever the database says.

    *queries* are the canonical texts of its topics, None for no query; *feeds* and *mutes* the
    hashes of their URLs.
    """

    wished: Wished
    queries: Sequence[str | None]
    feeds: Sequence[str]
    mutes: Sequence[str]

    @classmethod
    def of(cls, wished: Wished) -> "Wanted":
        return cls(
            wished,
            queries=[_canonical(topic.query) for topic in wished.export.topics],
            feeds=[url_hash(feed.url) for feed in wished.feeds],
            mutes=[url_hash(mute.url) for mute in wished.mutes],
        )

    @property
    def slugs(self) -> Iterable[str]:
        """How links call the topics of the catalogue that it names."""
        asked = zip(self.wished.export.topics, self.queries, strict=True)
        return (topic.slug for topic, query in asked if topic.slug and query is not None)


@lru_cache(maxsize=1 << 12)
def _canonical(typed: str) -> str | None:
    try:
        return parse(typed).canonical
    except QueryError:
        return None


@dataclass(frozen=True, slots=True)
class Here:
    """What is here for all: *catalogue* by slug; *sources* by hash, whether each is inside.

    *added* and *tally* take what comes of it.
    """

    now: datetime
    catalogue: Mapping[str, Topic]
    sources: dict[str, bool]
    tally: Tally
    added: NewUsers = field(default_factory=NewUsers)


@dataclass(frozen=True, slots=True)
class Joining:
    """What one chat wishes joins what is *known* of it."""

    here: Here
    chat: Chat
    known: KnownUsers
    line: int

    @property
    def chat_id(self) -> int:
        return self.chat.id

    def settings(self, wished: Wished, *, is_new: bool) -> None:
        merged = merge_settings(self.chat, self.known.slots, wished.export)
        if merged.slots:
            self.known.slots = self.here.added.slots[self.chat_id] = merged.slots
        self._note(Part.SETTINGS, Outcome.ADDED if merged.is_any or is_new else Outcome.THERE)

    def all(self, wanted: Wanted, limits: Limits) -> None:
        wished = wanted.wished
        for _ in wished.export.unreadable:
            self._refuse(Part.TOPICS, Reason.UNREADABLE)
        for topic, canonical in zip(wished.export.topics, wanted.queries, strict=True):
            self._topic(topic, canonical, limits.topics)
        for feed, hashed in zip(wished.feeds, wanted.feeds, strict=True):
            self._feed(feed, hashed, limits.feeds)
        for mute, hashed in zip(wished.mutes, wanted.mutes, strict=True):
            self._mute(mute, hashed)
        if wished.mailbox:
            self._mailbox(wished.mailbox)
        plan = Plan(self.chat.zone, self.known.slots)
        set_next(
            self.chat, plan, self.here.now, self.known.days if self.known.wants_digest else None
        )

    def _topic(self, wish: TopicWish, canonical: str | None, most: int) -> None:
        if canonical is None:
            self._refuse(Part.TOPICS, Reason.NO_QUERY)
            return
        public = self.here.catalogue.get(wish.slug or "")
        if public is None or public.typed != wish.query:
            public = None
        if self._is_watched(public, canonical):
            self._note(Part.TOPICS, Outcome.THERE)
        elif self.known.watched >= most:
            self._refuse(Part.TOPICS, Reason.TOO_MANY)
        else:
            self._watch(wish, public, canonical)
            self._note(Part.TOPICS, Outcome.ADDED)

    def _is_watched(self, public: Topic | None, canonical: str) -> bool:
        if public is not None:
            return public.id in self.known.topics
        return canonical in self.known.queries

    def _watch(self, wish: TopicWish, public: Topic | None, canonical: str) -> None:
        typed = one_line(wish.query)
        self.here.added.watches.append(
            NewSubscription(
                chat_id=self.chat_id,
                topic_id=public.id if public else self.known.own.get(canonical),
                canonical=None if public else canonical,
                name=name_for(wish.name) or name_of_query(typed),
                typed=typed,
                mode=wish.mode,
                is_paused=wish.is_paused,
                is_muted=wish.is_muted and self._lasts(wish.muted_until),
                muted_until=wish.muted_until,
            )
        )
        self.known.watched += 1
        self.known.queries.add(canonical)
        self.known.wants_digest |= wish.mode.digests and not wish.is_paused
        if public is not None:
            self.known.topics.add(public.id)

    def _feed(self, feed: Feed, hashed: str, most: int) -> None:
        """Follow it as it stood there; it is read when its turn comes."""
        if hashed in self.known.followed:
            self._note(Part.FEEDS, Outcome.THERE)
        elif self.here.sources.get(hashed):
            self._refuse(Part.FEEDS, Reason.INSIDE)
        elif len(self.known.followed) >= most:
            self._refuse(Part.FEEDS, Reason.TOO_MANY)
        else:
            self._follow(feed, hashed)
            self._note(Part.FEEDS, Outcome.ADDED)

    def _follow(self, feed: Feed, hashed: str) -> None:
        added = self.here.added
        if hashed not in self.here.sources:
            host = urlsplit(feed.url).hostname or ""
            source = {"url": feed.url, "url_hash": hashed, "host": host, "kind": feed.kind}
            added.sources.append(source | {"title": feed.title or host})
            self.here.sources[hashed] = False
        added.follows.append((self.chat_id, hashed))
        self.known.followed.add(hashed)

    def _mute(self, wish: MuteWish, hashed: str) -> None:
        if hashed not in self.here.sources:
            self._refuse(Part.MUTES, Reason.NO_SOURCE)
        elif not self._lasts(wish.until):
            self._refuse(Part.MUTES, Reason.OVER)
        elif (wish.kind, hashed) in self.known.muted:
            self._note(Part.MUTES, Outcome.THERE)
        else:
            self.here.added.mutes.append(NewSourceMute(self.chat_id, wish.kind, hashed, wish.until))
            self.known.muted.add((wish.kind, hashed))
            self._note(Part.MUTES, Outcome.ADDED)

    def _lasts(self, until: datetime | None) -> bool:
        return until is None or until > self.here.now

    def _mailbox(self, wish: MailboxWish) -> None:
        if self.known.address == wish.address:
            self._note(Part.MAILBOXES, Outcome.THERE)
        elif self.known.address is not None:
            self._refuse(Part.MAILBOXES, Reason.ANOTHER)
        elif wish.state is None:
            self._refuse(Part.MAILBOXES, Reason.UNCONFIRMED)
        else:
            box = {"address": wish.address, "state": wish.state, "alerts": wish.alerts}
            self.here.added.mailboxes.append(box | {"chat_id": self.chat_id})
            self._note(Part.MAILBOXES, Outcome.ADDED)

    def _note(self, part: Part, outcome: Outcome) -> None:
        self.here.tally.note(part, outcome)

    def _refuse(self, part: Part, reason: Reason) -> None:
        self.here.tally.refuse(part, reason, self.line)
