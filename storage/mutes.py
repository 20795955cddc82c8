"""Mutes: what a chat does not want to be told, for some time or until it lifts that."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    UniqueConstraint,
    and_,
    case,
    delete,
    exists,
    func,
    or_,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, enum_column, upsert
from storage.entries import Entry
from storage.enums import SOURCE_MUTES, MuteKind, SourceKind
from storage.publishers import carried_to, carrying, followed_among
from storage.sources import Source
from storage.stories import Story, chain_of_story
from storage.topics import Topic


class Mute(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "kind", "subject_id", "outlet"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    kind: MuteKind = Field(sa_type=enum_column(MuteKind))
    subject_id: int = Field(sa_type=ROW_ID)  # a topic, a source, or the first story of a chain
    outlet: str = Field(default="", max_length=200)  # of a search: whom it names
    until: datetime | None = None  # None: until it is lifted
    made_at: datetime


class MuteSubject(NamedTuple):
    kind: MuteKind
    id: int
    outlet: str = ""


class NewMute(NamedTuple):
    chat_id: int
    subject: MuteSubject
    until: datetime | None


class ActiveMute(NamedTuple):
    """A mute in force; *name* is that of the topic or outlet, or the title of the story."""

    id: int
    kind: MuteKind
    name: str
    until: datetime | None


def is_active(unit: Transaction) -> ColumnElement[bool]:
    return or_(col(Mute.until).is_(None), col(Mute.until) > unit.now)


async def mute(
    unit: Transaction, chat_id: int, subject: MuteSubject, until: datetime | None
) -> int:
    """Make it, or change how long it is; return its row. Those of the chat that are over go.

    The chat is locked.
    """
    over = and_(col(Mute.chat_id) == chat_id, ~is_active(unit))
    await unit.session.exec(delete(Mute).where(over))
    same = select(Mute).where(*_of_subject(chat_id, subject))
    row = (await unit.session.exec(same)).one_or_none() or Mute(
        chat_id=chat_id,
        kind=subject.kind,
        subject_id=subject.id,
        outlet=subject.outlet,
        made_at=unit.now,
    )
    row.until = until
    unit.session.add(row)
    await unit.session.flush()
    return row.id


async def add_mutes(unit: Transaction, mutes: Collection[NewMute]) -> None:
    """`mute` of many, no subject of a chat twice."""
    if not mutes:
        return
    over = and_(among(col(Mute.chat_id), {one.chat_id for one in mutes}), ~is_active(unit))
    await unit.session.exec(delete(Mute).where(over))
    rows = [
        {
            "chat_id": one.chat_id,
            "kind": one.subject.kind,
            "subject_id": one.subject.id,
            "outlet": one.subject.outlet,
            "until": one.until,
            "made_at": unit.now,
        }
        for one in mutes
    ]
    key = "chat_id, kind, subject_id, outlet"
    await upsert(unit, Mute, rows, key=key, changes="until = excluded.until")


async def unmute(unit: Transaction, chat_id: int, mute_id: int) -> None:
    """End it, if it is the chat's and was not ended before."""
    own = and_(col(Mute.chat_id) == chat_id, col(Mute.id) == mute_id)
    await unit.session.exec(delete(Mute).where(own))


async def unmute_subject(unit: Transaction, chat_id: int, subject: MuteSubject) -> None:
    """End what mutes the subject, if anything does."""
    await unit.session.exec(delete(Mute).where(*_of_subject(chat_id, subject)))


async def mute_of(unit: Transaction, chat_id: int, subject: MuteSubject) -> Mute | None:
    """Return what mutes the subject now."""
    ours = (*_of_subject(chat_id, subject), is_active(unit))
    return (await unit.session.exec(select(Mute).where(*ours))).one_or_none()


async def topics_muted(unit: Transaction, chat_id: int) -> dict[int, datetime | None]:
    """Return until when each topic is muted that the chat has muted; None: until that is lifted."""
    ours = (col(Mute.chat_id) == chat_id, col(Mute.kind) == MuteKind.TOPIC, is_active(unit))
    rows = await unit.session.exec(select(Mute.subject_id, Mute.until).where(*ours))
    return dict(rows.all())


async def move_topic_mute(unit: Transaction, chat_id: int, old: int, new: int) -> None:
    """Let what mutes the topic *old* mute *new* instead, which nothing mutes yet."""
    ours = _of_subject(chat_id, MuteSubject(MuteKind.TOPIC, old))
    await unit.session.exec(update(Mute).where(*ours).values(subject_id=new))


def _of_subject(chat_id: int, subject: MuteSubject) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == subject.kind,
        col(Mute.subject_id) == subject.id,
        col(Mute.outlet) == subject.outlet,
    )


async def count_mutes(unit: Transaction, chat_id: int) -> int:
    ours = (col(Mute.chat_id) == chat_id, is_active(unit))
    return (await unit.session.exec(select(func.count()).select_from(Mute).where(*ours))).one()


async def mutes_of(unit: Transaction, chat_id: int, *, offset: int, limit: int) -> list[ActiveMute]:
    """What the chat has muted, the newest first."""
    of_source = and_(
        col(Mute.kind).in_(SOURCE_MUTES),
        col(Mute.subject_id) == Source.id,
        col(Source.kind) != SourceKind.SEARCH,  # whose words are somebody's
    )
    of_topic = and_(col(Mute.kind) == MuteKind.TOPIC, col(Mute.subject_id) == Topic.id)
    of_story = and_(col(Article.story_id) == Mute.subject_id, carried_to(chat_id, col(Article.id)))
    title = select(Article.title).where(of_story)
    first = title.order_by(col(Article.id)).limit(1).scalar_subquery()
    name = case(
        (col(Mute.kind) == MuteKind.STORY, first),
        (col(Mute.kind) == MuteKind.TOPIC, col(Topic.name)),
        else_=func.coalesce(
            func.nullif(col(Mute.outlet), ""), func.nullif(col(Source.title), ""), Source.host
        ),
    )
    rows = await unit.session.exec(
        select(Mute.id, Mute.kind, func.coalesce(name, ""), Mute.until)
        .outerjoin(Source, of_source)
        .outerjoin(Topic, of_topic)
        .where(col(Mute.chat_id) == chat_id, is_active(unit))
        .order_by(col(Mute.id).desc())
        .offset(offset)
        .limit(limit)
    )
    return [ActiveMute(*row) for row in rows]


async def subjects_muted(unit: Transaction, chat_id: int) -> set[tuple[MuteKind, int]]:
    """Return the kind and the row of all that the chat has muted."""
    return (await subjects_muted_of_each(unit, [chat_id])).get(chat_id, set())


async def subjects_muted_of_each(
    unit: Transaction, chat_ids: Collection[int]
) -> Mapping[int, set[tuple[MuteKind, int]]]:
    """Return the same by chat, for those of the chats that have muted anything."""
    theirs = (among(col(Mute.chat_id), chat_ids), is_active(unit))
    rows = await unit.session.exec(select(Mute.chat_id, Mute.kind, Mute.subject_id).where(*theirs))
    muted: defaultdict[int, set[tuple[MuteKind, int]]] = defaultdict(set)
    for chat_id, kind, subject_id in rows:
        muted[chat_id].add((MuteKind(kind), subject_id))
    return muted


# What chats have muted of one article, and so are not alerted to; see `mutes_heard`.
#
# A round of alerts asks for all its chats at once what could bear on the article, and decides
# without the database: a condition for each chat is asked as often as there are chats.


class CarryingSource(NamedTuple):
    """Who carried an article of a story; *outlet* is named by a search."""

    article_id: int
    source_id: int
    is_public: bool
    outlet: str

    def is_muted(self, muted: Collection[MuteSubject], *kinds: MuteKind) -> bool:
        return any(
            MuteSubject(kind, self.source_id, outlet) in muted
            for kind in kinds
            for outlet in {"", self.outlet}
        )


async def sources_of_story(unit: Transaction, story_id: int) -> list[CarryingSource]:
    rows = await unit.session.exec(
        select(Entry.article_id, Entry.source_id, Source.public, Entry.outlet)
        .join(Article, col(Article.id) == Entry.article_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Article.story_id) == story_id)
    )
    return [CarryingSource(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class AlertMutes:
    """What each chat has muted that bears on the article, and which private carriers it follows."""

    article_id: int
    carriers: Collection[CarryingSource]
    subjects: Mapping[int, Collection[MuteSubject]]
    followed: Mapping[int, frozenset[int]]

    def hears(self, chat_id: int, topic_id: int) -> bool:
        """Say whether the chat is alerted to the article for the topic."""
        muted = self.subjects.get(chat_id)
        if not muted:
            return True
        if any(one.kind is MuteKind.STORY for one in muted):
            return False
        if MuteSubject(MuteKind.TOPIC, topic_id) in muted:
            return False
        followed = self.followed.get(chat_id, frozenset())
        known = [one for one in self.carriers if one.is_public or one.source_id in followed]
        by_anybody = any(
            one.article_id == self.article_id and not one.is_muted(muted, MuteKind.SOURCE)
            for one in known
        )
        return by_anybody and not all(one.is_muted(muted, *SOURCE_MUTES) for one in known)


async def mutes_affecting(
    unit: Transaction,
    article: Article,
    carriers: Collection[CarryingSource],
    *,
    chat_ids: Collection[int],
    topic_ids: Collection[int],
) -> AlertMutes:
    subjects = await _subjects(unit, article, carriers, chat_ids, topic_ids)
    private = {one.source_id for one in carriers if not one.is_public}
    followed = await followed_among(unit, private, subjects)
    return AlertMutes(article.id, carriers, subjects, followed)


async def _subjects(
    unit: Transaction,
    article: Article,
    carriers: Collection[CarryingSource],
    chat_ids: Collection[int],
    topic_ids: Collection[int],
) -> dict[int, set[MuteSubject]]:
    chain = select(chain_of_story(Story)).where(col(Story.id) == article.story_id).scalar_subquery()
    of_source = and_(
        col(Mute.kind).in_(SOURCE_MUTES),
        among(col(Mute.subject_id), {one.source_id for one in carriers}),
    )
    of_story = and_(col(Mute.kind) == MuteKind.STORY, col(Mute.subject_id) == chain)
    of_topic = and_(col(Mute.kind) == MuteKind.TOPIC, among(col(Mute.subject_id), topic_ids))
    rows = await unit.session.exec(
        select(Mute.chat_id, Mute.kind, Mute.subject_id, Mute.outlet).where(
            among(col(Mute.chat_id), chat_ids), or_(of_source, of_story, of_topic), is_active(unit)
        )
    )
    subjects: defaultdict[int, set[MuteSubject]] = defaultdict(set)
    for chat_id, kind, subject_id, outlet in rows:
        subjects[chat_id].add(MuteSubject(MuteKind(kind), subject_id, outlet))
    return subjects


# What a chat hears for all it has muted, as conditions: for bundles and digests.
#
# - of a muted story nothing, of none of its chapters
# - of a muted topic nothing
# - an article only from who is not muted; so other outlets still tell its story
# - no alert from whom the chat wants less of, unless another outlet tells the story too
#
# Chats, articles and stories may be columns. Alerts have the same rules for many chats at once
# (`mutes_at_once`).


def is_not_muted(
    unit: Transaction, chat_id: Any, article_id: Any, story_id: Any
) -> ColumnElement[bool]:
    """Say whether the chat is told the article, by anybody that it has not muted."""
    its_mute = and_(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == MuteKind.SOURCE,
        col(Mute.subject_id) == Entry.source_id,
        or_(col(Mute.outlet) == "", col(Mute.outlet) == Entry.outlet),
        is_active(unit),
    )
    carried = carrying(chat_id, col(Entry.article_id) == article_id)
    unmuted = carried.outerjoin(Mute, its_mute).where(col(Mute.id).is_(None))
    return and_(unmuted.exists(), ~is_muted(unit, chat_id, story_id))


def is_muted(unit: Transaction, chat_id: Any, story_id: Any) -> ColumnElement[bool]:
    """Say whether the chat has muted the chain of the story."""
    return exists().where(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == MuteKind.STORY,
        is_active(unit),
        col(Mute.subject_id) == chain_of_story(Story),
        col(Story.id) == story_id,
    )
