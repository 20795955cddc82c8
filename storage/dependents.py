"""Which chats depend on a source: those that follow it, and those that it gave a third of all.

And whose business it is besides: of those who look after the sources.

Counted are the matches of the chat's topics in the articles that reach it. Chats share queries, so
that a query is counted once for all of them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select

from storage.admins import admin_ids
from storage.chats import Chat, spoken_to
from storage.engine import Unit
from storage.entries import Entry
from storage.matches import Match
from storage.sources import Follow, Source
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.words import ChatKind, ChatState

_COUNTED = timedelta(days=30)
_SHARE = 3  # one in so many
_FEW = 500  # queries by which chats are found; for more of them all chats are looked at


@dataclass(frozen=True, slots=True)
class Dependent:
    """`given` of the `found` matches came from the source; both 0 if it just follows it."""

    chat_id: int
    zone: str
    follows: bool
    given: int = 0
    found: int = 0
    language: str = ""  # the tag of what it is spoken to in

    @property
    def depends(self) -> bool:
        return self.follows or 0 < self.found <= self.given * _SHARE


@dataclass(frozen=True, slots=True)
class Shares:
    """What *source* gave in the 30 days before *until*, by query; and all that was found there.

    `found` grows as it is asked for.
    """

    source: Source
    until: datetime
    given: dict[int, int]
    found: dict[int, int] = field(default_factory=dict)

    @property
    def in_time(self) -> ColumnElement[bool]:
        return _between(self.until)


async def shares_of(unit: Unit, source: Source, until: datetime) -> Shares:
    if not source.public:
        return Shares(source, until, {})  # it reaches those alone that follow it
    rows = await unit.session.exec(
        select(Match.query_id, func.count())
        .join(Entry, col(Entry.article_id) == Match.article_id)
        .where(col(Entry.source_id) == source.id, _between(until))
        .group_by(col(Match.query_id))
    )
    return Shares(source, until, dict(rows.all()))


async def dependents(
    unit: Unit, shares: Shares, *, after: int, limit: int
) -> tuple[list[Dependent], int | None]:
    """Look at up to *limit* active chats above the row *after*; return those that depend.

    The second is the last row that was looked at, None at the end.
    """
    chats = await _concerned(unit, shares, after, limit)
    queries = await _queries_of(unit, chats)
    fed = {chat for chat, asked in queries.items() if not shares.given.keys().isdisjoint(asked)}
    await _count(unit, shares, {query for chat in fed for query in queries[chat]})
    more = await _found_in_private(unit, shares, fed)
    followers = await _followers(unit, shares.source, chats)
    found = [
        Dependent(
            chat,
            zone,
            chat in followers,
            sum(shares.given.get(query, 0) for query in queries[chat]),
            sum(shares.found.get(query, 0) for query in queries[chat]) + more.get(chat, 0),
            language,
        )
        for chat, (zone, language) in chats.items()
    ]
    last = max(chats) if len(chats) == limit else None
    return [each for each in found if each.depends], last


async def keepers(unit: Unit, person_ids: Collection[int]) -> list[Dependent]:
    """The private chats of those who look after the sources: *person_ids* and who was appointed."""
    people = {*person_ids, *await admin_ids(unit)}
    rows = await unit.session.exec(
        select(Chat.id, Chat.zone, spoken_to()).where(
            col(Chat.telegram_id).in_(people),
            col(Chat.kind) == ChatKind.PRIVATE,
            col(Chat.state) == ChatState.ACTIVE,
        )
    )
    return [
        Dependent(chat_id, zone, follows=False, language=language)
        for chat_id, zone, language in rows
        if chat_id
    ]


async def _concerned(
    unit: Unit, shares: Shares, after: int, limit: int
) -> dict[int, tuple[str, str]]:
    """Return chats that follow the source or may have had something from it: zone and language."""
    following = select(Follow.chat_id).where(col(Follow.source_id) == shares.source.id)
    asking = select(Subscription.chat_id).where(~col(Subscription.paused))
    if len(shares.given) <= _FEW:
        topics = select(Topic.id).where(col(Topic.query_id).in_(shares.given))
        asking = asking.where(col(Subscription.topic_id).in_(topics))
    rows = await unit.session.exec(
        select(Chat.id, Chat.zone, spoken_to())
        .where(
            col(Chat.state) == ChatState.ACTIVE,
            col(Chat.id) > after,
            or_(col(Chat.id).in_(following), col(Chat.id).in_(asking)),
        )
        .order_by(col(Chat.id))
        .limit(limit)
    )
    return {chat_id: (zone, language) for chat_id, zone, language in rows if chat_id}


async def _queries_of(unit: Unit, chats: Iterable[int]) -> dict[int, list[int]]:
    rows = await unit.session.exec(
        select(Subscription.chat_id, Topic.query_id)
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .where(col(Subscription.chat_id).in_(chats), ~col(Subscription.paused))
    )
    queries: defaultdict[int, list[int]] = defaultdict(list)
    for chat_id, query_id in rows:
        queries[chat_id].append(query_id)
    return queries


async def _count(unit: Unit, shares: Shares, queries: set[int]) -> None:
    """Count what was found for *queries* in public sources, unless that was done before."""
    new = queries - shares.found.keys()
    if not new:
        return
    rows = await unit.session.exec(
        select(Match.query_id, func.count())
        .where(col(Match.query_id).in_(new), shares.in_time, _is_public())
        .group_by(col(Match.query_id))
    )
    shares.found.update(dict.fromkeys(new, 0) | dict(rows.all()))


async def _found_in_private(unit: Unit, shares: Shares, chats: Collection[int]) -> dict[int, int]:
    """Count what reached *chats* only from sources that they follow and that are not public."""
    theirs = (
        select(Follow.chat_id, Entry.article_id)
        .join(Source, col(Source.id) == Follow.source_id)
        .join(Entry, col(Entry.source_id) == Follow.source_id)
        .where(col(Follow.chat_id).in_(chats), ~col(Source.public))
        .distinct()
        .subquery()
    )
    rows = await unit.session.exec(
        select(Subscription.chat_id, func.count())
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .join(Match, col(Match.query_id) == Topic.query_id)
        .join(theirs, theirs.c.chat_id == Subscription.chat_id)
        .where(
            theirs.c.article_id == Match.article_id,
            ~col(Subscription.paused),
            shares.in_time,
            ~_is_public(),
        )
        .group_by(col(Subscription.chat_id))
    )
    return dict(rows.all())


async def _followers(unit: Unit, source: Source, chats: Iterable[int]) -> set[int]:
    theirs = (col(Follow.source_id) == source.id, col(Follow.chat_id).in_(chats))
    return set(await unit.session.exec(select(Follow.chat_id).where(*theirs)))


def _is_public() -> ColumnElement[bool]:
    """Say of a `Match` whether any public source carried its article."""
    return (
        select(Entry.article_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Entry.article_id) == Match.article_id, col(Source.public))
        .exists()
    )


def _between(until: datetime) -> ColumnElement[bool]:
    return col(Match.news_at).between(until - _COUNTED, until)
