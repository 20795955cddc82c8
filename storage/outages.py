"""Outages: dead sources, and the progress of notifying the chats that depend on them.

A source is dead if it is gone (410), or if every fetch has failed for a week. A source that
recovers and dies again has a new outage.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, UniqueConstraint, and_, delete, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from storage.chats import Chat, effective_language
from storage.db.engine import Transaction
from storage.db.leases import claim
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, insert_new
from storage.entries import Entry
from storage.enums import ChatState, SourceState
from storage.matches import Match
from storage.sources import Follow, Source
from storage.subscriptions import Subscription, is_muted_for_good
from storage.topics import Topic


class Outage(Leased, table=True):
    __table_args__ = (UniqueConstraint("source_id", "since"), NUMBERED)

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    source_id: int = Field(foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID)
    since: datetime  # when its errors began
    reported_through: int = Field(default=0, sa_type=ROW_ID)  # the last chat id that was checked
    reported_at: datetime | None = None  # None: not all chats were checked and notified yet


DEAD_AFTER = timedelta(days=7)

# After fewer failures the source is not taken for dead, because the bot may have been offline.
_FEWEST_FAILURES = 4


async def note_outages(tx: Transaction) -> None:
    """Store new outages, and delete those that have ended."""
    ended = (
        select(Outage.id)
        .join(Source, col(Source.id) == col(Outage.source_id))
        .where(col(Source.error_since).is_distinct_from(col(Outage.since)))
    )
    await tx.change(delete(Outage).where(col(Outage.id).in_(ended)))
    rows = [
        {"source_id": source_id, "since": since, "reported_through": 0}
        for source_id, since in await _dead_sources(tx)
    ]
    await insert_new(tx, Outage, rows)


async def claim_outages(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta
) -> list[Outage]:
    """Claim the oldest outages whose chats were not all notified."""
    pending = col(Outage.reported_at).is_(None)
    order = (col(Outage.id),)
    return await claim(tx, Outage, pending, order=order, limit=limit, owner=owner, lease=lease)


async def _dead_sources(tx: Transaction) -> list[tuple[int, datetime]]:
    """Return the dead sources, each with the start of its errors."""
    other = aliased(Source, name="other")
    others = select(other.id).where(col(other.id) != col(Source.id))
    # Our network was up if another source was read while this one failed.
    is_reachable = others.where(
        col(other.succeeded_at).between(col(Source.error_since), col(Source.fetched_at))
    )
    is_gone = col(Source.state) == SourceState.GONE
    is_failing = and_(
        col(Source.state) == SourceState.ACTIVE,
        col(Source.failures) >= _FEWEST_FAILURES,
        col(Source.error_since) <= tx.now - DEAD_AFTER,
        or_(is_reachable.exists(), ~others.exists()),
    )
    rows = await tx.rows(
        select(Source.id, Source.error_since, Source.fetched_at, Source.state).where(
            col(Source.error_since).is_not(None), or_(is_gone, is_failing)
        )
    )
    # A week must lie between the first and the last failure. Otherwise the source was not fetched
    # for a while.
    return [
        (source_id, since)
        for source_id, since, fetched_at, state in rows
        if since
        and (state is SourceState.GONE or (fetched_at and fetched_at - since >= DEAD_AFTER))
    ]


# Dependents: the chats that follow a source, or that get a third of their matches from it.
#
# The matches of a chat are those of its topics' queries in articles that reach it. Chats share
# queries, so each query is counted only once for all of them.


_COUNTED = timedelta(days=30)

_SHARE = 3  # a chat depends on a source that gives it one match in this many

_FEW_QUERIES = 500  # chats are selected by up to this many queries; beyond that all are checked


@dataclass(frozen=True, slots=True)
class Dependent:
    """A chat with the number of its matches: all *found*, and those *given* by the source."""

    chat_id: int
    zone: str
    follows: bool
    given: int = 0
    found: int = 0
    language: str = ""

    @property
    def depends(self) -> bool:
        return self.follows or 0 < self.found <= self.given * _SHARE


@dataclass(frozen=True, slots=True)
class SourceShare:
    """The number of matches in the 30 days before *until*, by query.

    *given*: in articles of the source. *found*: in all public articles; filled while chats are
    checked.
    """

    source: Source
    until: datetime
    given: dict[int, int]
    found: dict[int, int] = field(default_factory=dict)


async def source_share(tx: Transaction, source: Source, until: datetime) -> SourceShare:
    if not source.public:
        return SourceShare(source, until, {})  # a private source reaches only its followers
    given = await tx.rows(
        select(Match.query_id, func.count())
        .join(Entry, col(Entry.article_id) == Match.article_id)
        .where(col(Entry.source_id) == source.id, _is_counted(until))
        .group_by(col(Match.query_id))
    )
    return SourceShare(source, until, dict(given))


async def dependents(
    tx: Transaction, share: SourceShare, *, after: int, limit: int
) -> tuple[list[Dependent], int | None]:
    """Check up to *limit* active chats with ids above *after*; return those that depend.

    The second value is the last id that was checked; None at the end.
    """
    chats = await _candidates(tx, share, after, limit)
    queries = await _queries_of(tx, chats)
    given_to = {
        chat_id for chat_id, ids in queries.items() if not share.given.keys().isdisjoint(ids)
    }
    await _count_public(tx, share, {query for chat_id in given_to for query in queries[chat_id]})
    private = await _count_private(tx, share, given_to)
    followers = set(
        await tx.rows(
            select(Follow.chat_id).where(
                col(Follow.source_id) == share.source.id, among(col(Follow.chat_id), chats)
            )
        )
    )
    checked = [
        Dependent(
            chat_id,
            zone,
            chat_id in followers,
            sum(share.given.get(query, 0) for query in queries[chat_id]),
            sum(share.found.get(query, 0) for query in queries[chat_id]) + private.get(chat_id, 0),
            language,
        )
        for chat_id, (zone, language) in chats.items()
    ]
    last = max(chats) if len(chats) == limit else None
    return [chat for chat in checked if chat.depends], last


async def _candidates(
    tx: Transaction, share: SourceShare, after: int, limit: int
) -> dict[int, tuple[str, str]]:
    """Return chats that follow the source or may have matches from it, with zone and language."""
    following = select(Follow.chat_id).where(col(Follow.source_id) == share.source.id)
    subscribing = select(Subscription.chat_id).where(~is_muted_for_good())
    if len(share.given) <= _FEW_QUERIES:
        topics = select(Topic.id).where(among(col(Topic.query_id), share.given))
        subscribing = subscribing.where(col(Subscription.topic_id).in_(topics))
    rows = await tx.rows(
        select(Chat.id, Chat.zone, effective_language())
        .where(
            col(Chat.state) == ChatState.ACTIVE,
            col(Chat.id) > after,
            or_(col(Chat.id).in_(following), col(Chat.id).in_(subscribing)),
        )
        .order_by(col(Chat.id))
        .limit(limit)
    )
    return {chat_id: (zone, language) for chat_id, zone, language in rows}


async def _queries_of(tx: Transaction, chat_ids: Iterable[int]) -> dict[int, list[int]]:
    queries: defaultdict[int, list[int]] = defaultdict(list)
    for chat_id, query_id in await tx.rows(
        select(Subscription.chat_id, Topic.query_id)
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .where(among(col(Subscription.chat_id), chat_ids), ~is_muted_for_good())
    ):
        queries[chat_id].append(query_id)
    return queries


async def _count_public(tx: Transaction, share: SourceShare, queries: set[int]) -> None:
    """Add to `share.found` the public matches of those *queries* that were not counted yet."""
    new = queries - share.found.keys()
    if not new:
        return
    found = await tx.rows(
        select(Match.query_id, func.count())
        .where(among(col(Match.query_id), new), _is_counted(share.until), _is_public())
        .group_by(col(Match.query_id))
    )
    share.found.update(dict.fromkeys(new, 0) | dict(found))


async def _count_private(
    tx: Transaction, share: SourceShare, chat_ids: Collection[int]
) -> dict[int, int]:
    """Count, by chat, the matches in articles that only followed private sources carried."""
    own = (
        select(Follow.chat_id, Entry.article_id)
        .join(Source, col(Source.id) == Follow.source_id)
        .join(Entry, col(Entry.source_id) == Follow.source_id)
        .where(among(col(Follow.chat_id), chat_ids), ~col(Source.public))
        .distinct()
        .subquery()
    )
    found = await tx.rows(
        select(Subscription.chat_id, func.count())
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .join(Match, col(Match.query_id) == Topic.query_id)
        .join(own, own.c.chat_id == Subscription.chat_id)
        .where(
            own.c.article_id == Match.article_id,
            ~is_muted_for_good(),
            _is_counted(share.until),
            ~_is_public(),
        )
        .group_by(col(Subscription.chat_id))
    )
    return dict(found)


def _is_public() -> ColumnElement[bool]:
    """Build the condition that a public source carried the article of a `Match`."""
    return (
        select(Entry.article_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Entry.article_id) == Match.article_id, col(Source.public))
        .exists()
    )


def _is_counted(until: datetime) -> ColumnElement[bool]:
    return col(Match.news_at).between(until - _COUNTED, until)
