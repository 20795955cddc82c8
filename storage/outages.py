"""Outages: sources that are dead, and how far the chats that depend on them have been notified.

A source is dead when it is gone, or when nothing was read there for a week in which it failed again
and again. One that recovers and dies once more is a new outage.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, UniqueConstraint, and_, delete, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from storage.access import admin_ids
from storage.chats import Chat, effective_language
from storage.db.engine import Transaction
from storage.db.leases import claim
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, insert_new
from storage.entries import Entry
from storage.enums import ChatKind, ChatState, SourceState
from storage.queries import Match
from storage.sources import Follow, Source
from storage.subscriptions import Subscription, is_muted_for_good
from storage.topics import Topic


class Outage(Leased, table=True):
    __table_args__ = (UniqueConstraint("source_id", "since"), NUMBERED)

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    source_id: int = Field(foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID)
    since: datetime  # when its errors began
    reported_through: int = Field(default=0, sa_type=ROW_ID)  # chats up to this row are done
    reported_at: datetime | None = None  # None: there are chats left to notify


DEAD_AFTER = timedelta(days=7)

# Asked less often than that, it may have been we who were away.
_FEWEST_FAILURES = 4

_other = aliased(Source, name="other")


async def note_outages(tx: Transaction) -> None:
    """Store the sources that have died; forget the outages that are over."""
    over = (
        select(Outage.id)
        .join(Source, col(Source.id) == col(Outage.source_id))
        .where(col(Source.error_since).is_distinct_from(col(Outage.since)))
    )
    await tx.session.exec(delete(Outage).where(col(Outage.id).in_(over)))
    rows = [
        {"source_id": source_id, "since": since, "reported_through": 0}
        for source_id, since in await _dead_sources(tx)
    ]
    await insert_new(tx, Outage, rows)


async def claim_outages(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta
) -> list[Outage]:
    """Lease the oldest outages of which not every chat was notified."""
    pending = col(Outage.reported_at).is_(None)
    order = (col(Outage.id),)
    return await claim(tx, Outage, pending, order=order, limit=limit, owner=owner, lease=lease)


async def _dead_sources(tx: Transaction) -> list[tuple[int, datetime]]:
    gone = col(Source.state) == SourceState.GONE
    another = select(_other.id).where(col(_other.id) != col(Source.id))
    # Another source was read before this one last failed: the network here works.
    between = col(_other.succeeded_at).between(col(Source.error_since), col(Source.fetched_at))
    was_read = another.where(between).exists()
    silent = and_(
        col(Source.state) == SourceState.ACTIVE,
        col(Source.failures) >= _FEWEST_FAILURES,
        col(Source.error_since) <= tx.now - DEAD_AFTER,
        or_(was_read, ~another.exists()),
    )
    found = await tx.session.exec(
        select(Source.id, Source.error_since, Source.fetched_at, Source.state).where(
            col(Source.error_since).is_not(None), or_(gone, silent)
        )
    )
    # Until its last failure comes a week after the first we have only not asked.
    return [
        (source_id, since)
        for source_id, since, fetched_at, state in found
        if source_id
        and since
        and (state is SourceState.GONE or (fetched_at and fetched_at - since >= DEAD_AFTER))
    ]


# Which chats depend on a source: those that follow it, and those that it gave a third of all.
#
# And the admins, who are responsible for the sources.
#
# Counted are the matches of the chat's topics in the articles that reach it. Chats share queries,
# so that a query is counted once for all of them.


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
class SourceShare:
    """What *source* gave in the 30 days before *until*, by query; and all that was found there.

    `found` grows as it is asked for.
    """

    source: Source
    until: datetime
    given: dict[int, int]
    found: dict[int, int] = field(default_factory=dict)


async def source_share(tx: Transaction, source: Source, until: datetime) -> SourceShare:
    if not source.public:
        return SourceShare(source, until, {})  # it reaches those alone that follow it
    rows = await tx.session.exec(
        select(Match.query_id, func.count())
        .join(Entry, col(Entry.article_id) == Match.article_id)
        .where(col(Entry.source_id) == source.id, _between(until))
        .group_by(col(Match.query_id))
    )
    return SourceShare(source, until, dict(rows.all()))


async def dependents(
    tx: Transaction, shares: SourceShare, *, after: int, limit: int
) -> tuple[list[Dependent], int | None]:
    """Look at up to *limit* active chats above the row *after*; return those that depend.

    The second is the last row that was looked at, None at the end.
    """
    chats = await _concerned(tx, shares, after, limit)
    queries = await _queries_of(tx, chats)
    fed = {chat for chat, asked in queries.items() if not shares.given.keys().isdisjoint(asked)}
    await _count(tx, shares, {query for chat in fed for query in queries[chat]})
    more = await _found_in_private(tx, shares, fed)
    of_source = (col(Follow.source_id) == shares.source.id, among(col(Follow.chat_id), chats))
    followers = set(await tx.session.exec(select(Follow.chat_id).where(*of_source)))
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


async def admins_of_source(tx: Transaction, user_ids: Collection[int]) -> list[Dependent]:
    """Return the private chats of the admins: *user_ids*, and those who were added in the chat."""
    admins = {*user_ids, *await admin_ids(tx)}
    rows = await tx.session.exec(
        select(Chat.id, Chat.zone, effective_language()).where(
            among(col(Chat.telegram_id), admins),
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
    tx: Transaction, shares: SourceShare, after: int, limit: int
) -> dict[int, tuple[str, str]]:
    """Return chats that follow the source or may have had something from it: zone and language."""
    following = select(Follow.chat_id).where(col(Follow.source_id) == shares.source.id)
    asking = select(Subscription.chat_id).where(~is_muted_for_good())
    if len(shares.given) <= _FEW:
        topics = select(Topic.id).where(among(col(Topic.query_id), shares.given))
        asking = asking.where(col(Subscription.topic_id).in_(topics))
    rows = await tx.session.exec(
        select(Chat.id, Chat.zone, effective_language())
        .where(
            col(Chat.state) == ChatState.ACTIVE,
            col(Chat.id) > after,
            or_(col(Chat.id).in_(following), col(Chat.id).in_(asking)),
        )
        .order_by(col(Chat.id))
        .limit(limit)
    )
    return {chat_id: (zone, language) for chat_id, zone, language in rows if chat_id}


async def _queries_of(tx: Transaction, chats: Iterable[int]) -> dict[int, list[int]]:
    rows = await tx.session.exec(
        select(Subscription.chat_id, Topic.query_id)
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .where(among(col(Subscription.chat_id), chats), ~is_muted_for_good())
    )
    queries: defaultdict[int, list[int]] = defaultdict(list)
    for chat_id, query_id in rows:
        queries[chat_id].append(query_id)
    return queries


async def _count(tx: Transaction, shares: SourceShare, queries: set[int]) -> None:
    """Count what was found for *queries* in public sources, unless that was done before."""
    new = queries - shares.found.keys()
    if not new:
        return
    rows = await tx.session.exec(
        select(Match.query_id, func.count())
        .where(among(col(Match.query_id), new), _between(shares.until), _is_public())
        .group_by(col(Match.query_id))
    )
    shares.found.update(dict.fromkeys(new, 0) | dict(rows.all()))


async def _found_in_private(
    tx: Transaction, shares: SourceShare, chats: Collection[int]
) -> dict[int, int]:
    """Count what reached *chats* only from sources that they follow and that are not public."""
    theirs = (
        select(Follow.chat_id, Entry.article_id)
        .join(Source, col(Source.id) == Follow.source_id)
        .join(Entry, col(Entry.source_id) == Follow.source_id)
        .where(among(col(Follow.chat_id), chats), ~col(Source.public))
        .distinct()
        .subquery()
    )
    rows = await tx.session.exec(
        select(Subscription.chat_id, func.count())
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .join(Match, col(Match.query_id) == Topic.query_id)
        .join(theirs, theirs.c.chat_id == Subscription.chat_id)
        .where(
            theirs.c.article_id == Match.article_id,
            ~is_muted_for_good(),
            _between(shares.until),
            ~_is_public(),
        )
        .group_by(col(Subscription.chat_id))
    )
    return dict(rows.all())


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
