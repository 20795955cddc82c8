"""Which chats depend on a source: those that follow it, and those that it gave a third of all.

And whose business it is besides: of those who look after the sources.

Counted are the matches of the chat's topics in the articles that reach it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, union
from sqlmodel import col, select

from storage.admins import admin_ids
from storage.chats import Chat
from storage.engine import Unit
from storage.entries import Entry
from storage.matches import Match
from storage.sources import Follow, Source
from storage.sources_carrying import carried_to
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.words import ChatKind, ChatState

_COUNTED = timedelta(days=30)
_SHARE = 3  # one in so many


@dataclass(frozen=True, slots=True)
class Dependent:
    """`given` of the `found` matches came from the source; both 0 if it just follows it."""

    chat_id: int
    zone: str
    follows: bool
    given: int = 0
    found: int = 0

    @property
    def depends(self) -> bool:
        return self.follows or 0 < self.found <= self.given * _SHARE


async def dependents(
    unit: Unit, source: Source, until: datetime, *, after: int, limit: int
) -> tuple[list[Dependent], int | None]:
    """Look at up to *limit* active chats above the row *after*; return those that depend.

    The second is the last row that was looked at, None at the end. What counts are the 30 days
    before *until*.
    """
    span = (until - _COUNTED, until)
    chats = await _concerned(unit, source, span, after, limit)
    counts = await _counts(unit, source, span, [chat_id for chat_id, _ in chats])
    theirs = _followers(source).where(col(Follow.chat_id).in_([chat_id for chat_id, _ in chats]))
    followers = set(await unit.session.exec(theirs))
    found = [
        Dependent(chat_id, zone, chat_id in followers, *counts.get(chat_id, (0, 0)))
        for chat_id, zone in chats
    ]
    last = chats[-1][0] if len(chats) == limit else None
    return [each for each in found if each.depends], last


async def keepers(unit: Unit, person_ids: Collection[int]) -> list[Dependent]:
    """The private chats of those who look after the sources: *person_ids* and who was appointed."""
    people = {*person_ids, *await admin_ids(unit)}
    rows = await unit.session.exec(
        select(Chat.id, Chat.zone).where(
            col(Chat.telegram_id).in_(people),
            col(Chat.kind) == ChatKind.PRIVATE,
            col(Chat.state) == ChatState.ACTIVE,
        )
    )
    return [Dependent(chat_id, zone, follows=False) for chat_id, zone in rows if chat_id]


async def _concerned(
    unit: Unit, source: Source, span: tuple[datetime, datetime], after: int, limit: int
) -> list[tuple[int, str]]:
    """The chats that follow the source or that it has given anything, by row."""
    concerned: Any = _followers(source)
    if source.public:
        concerned = union(concerned, _fed_chats(source, span))
    rows = await unit.session.exec(
        select(Chat.id, Chat.zone)
        .where(
            col(Chat.state) == ChatState.ACTIVE,
            col(Chat.id) > after,
            col(Chat.id).in_(concerned),
        )
        .order_by(col(Chat.id))
        .limit(limit)
    )
    return [(chat_id, zone) for chat_id, zone in rows if chat_id]


def _followers(source: Source) -> Any:
    return select(Follow.chat_id).where(col(Follow.source_id) == source.id)


def _fed_chats(source: Source, span: tuple[datetime, datetime]) -> Any:
    queries = (
        select(Match.query_id)
        .join(Entry, col(Entry.article_id) == Match.article_id)
        .where(col(Entry.source_id) == source.id, _is_within(span))
    )
    return (
        select(Subscription.chat_id)
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .where(~col(Subscription.paused), col(Topic.query_id).in_(queries))
    )


async def _counts(
    unit: Unit, source: Source, span: tuple[datetime, datetime], chat_ids: list[int]
) -> dict[int, tuple[int, int]]:
    """What the source gave each chat, and what all of them gave."""
    from_it = and_(col(Entry.source_id) == source.id, col(Entry.article_id) == Match.article_id)
    is_given = select(literal(1)).where(from_it).exists()
    rows = await unit.session.exec(
        select(Subscription.chat_id, func.sum(case((is_given, 1), else_=0)), func.count())
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .join(Match, col(Match.query_id) == Topic.query_id)
        .where(
            col(Subscription.chat_id).in_(chat_ids),
            ~col(Subscription.paused),
            _is_within(span),
            carried_to(col(Subscription.chat_id), col(Match.article_id)),
        )
        .group_by(col(Subscription.chat_id))
    )
    return {chat_id: (given, found) for chat_id, given, found in rows}


def _is_within(span: tuple[datetime, datetime]) -> ColumnElement[bool]:
    return and_(col(Match.news_at) > span[0], col(Match.news_at) <= span[1])
