"""Mutes: what a chat does not want to be told, for some time or until it lifts that."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, UniqueConstraint, and_, case, delete, func, or_, update
from sqlmodel import Field, SQLModel, col, select

from storage.among import as_one, by_dialect
from storage.articles import Article
from storage.columns import NUMBERED, ROW_ID, stored_as
from storage.engine import Unit
from storage.insert import put_all
from storage.sources import Source
from storage.sources_carrying import carried_to
from storage.topics import Topic
from storage.words import OF_A_SOURCE, MuteKind, SourceKind


class Mute(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "kind", "subject_id", "outlet"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    kind: MuteKind = Field(sa_type=stored_as(MuteKind))
    subject_id: int = Field(sa_type=ROW_ID)  # a topic, a source, or the first story of a chain
    outlet: str = Field(default="", max_length=200)  # of a search: whom it names
    until: datetime | None = None  # None: until it is lifted
    made_at: datetime


class Subject(NamedTuple):
    kind: MuteKind
    id: int
    outlet: str = ""


class NewMute(NamedTuple):
    chat_id: int
    subject: Subject
    until: datetime | None


class Muted(NamedTuple):
    """A mute in force; *name* is that of the topic or outlet, or the title of the story."""

    id: int
    kind: MuteKind
    name: str
    until: datetime | None


def in_force(unit: Unit) -> ColumnElement[bool]:
    return or_(col(Mute.until).is_(None), col(Mute.until) > unit.now)


async def mute(unit: Unit, chat_id: int, subject: Subject, until: datetime | None) -> int:
    """Make it, or change how long it is; return its row. Those of the chat that are over go.

    The chat is locked.
    """
    over = and_(col(Mute.chat_id) == chat_id, ~in_force(unit))
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


_OF_CHATS: Final = by_dialect("mute.chat_id", delete(Mute).where)


async def mute_all(unit: Unit, mutes: Collection[NewMute]) -> None:
    """`mute` of many, no subject of a chat twice."""
    if not mutes:
        return
    over = _OF_CHATS[unit.dialect].where(~in_force(unit))
    connection = await unit.session.connection()
    await connection.execute(over, {"ids": as_one(unit, {one.chat_id for one in mutes})})
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
    key = ["chat_id", "kind", "subject_id", "outlet"]
    await put_all(unit, Mute, rows, key=key, changing=["until"])


async def lift(unit: Unit, chat_id: int, mute_id: int) -> None:
    """End it, if it is the chat's and was not ended before."""
    own = and_(col(Mute.chat_id) == chat_id, col(Mute.id) == mute_id)
    await unit.session.exec(delete(Mute).where(own))


async def lift_subject(unit: Unit, chat_id: int, subject: Subject) -> None:
    """End what mutes the subject, if anything does."""
    await unit.session.exec(delete(Mute).where(*_of_subject(chat_id, subject)))


async def mute_of(unit: Unit, chat_id: int, subject: Subject) -> Mute | None:
    """Return what mutes the subject now."""
    ours = (*_of_subject(chat_id, subject), in_force(unit))
    return (await unit.session.exec(select(Mute).where(*ours))).one_or_none()


async def topics_muted(unit: Unit, chat_id: int) -> dict[int, datetime | None]:
    """Return until when each topic is muted that the chat has muted; None: until that is lifted."""
    ours = (col(Mute.chat_id) == chat_id, col(Mute.kind) == MuteKind.TOPIC, in_force(unit))
    rows = await unit.session.exec(select(Mute.subject_id, Mute.until).where(*ours))
    return dict(rows.all())


async def move_topic_mute(unit: Unit, chat_id: int, old: int, new: int) -> None:
    """Let what mutes the topic *old* mute *new* instead, which nothing mutes yet."""
    ours = _of_subject(chat_id, Subject(MuteKind.TOPIC, old))
    await unit.session.exec(update(Mute).where(*ours).values(subject_id=new))


def _of_subject(chat_id: int, subject: Subject) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == subject.kind,
        col(Mute.subject_id) == subject.id,
        col(Mute.outlet) == subject.outlet,
    )


async def count_mutes(unit: Unit, chat_id: int) -> int:
    ours = (col(Mute.chat_id) == chat_id, in_force(unit))
    return (await unit.session.exec(select(func.count()).select_from(Mute).where(*ours))).one()


async def mutes_of(unit: Unit, chat_id: int, *, offset: int, limit: int) -> list[Muted]:
    """What the chat has muted, the newest first."""
    of_source = and_(
        col(Mute.kind).in_(OF_A_SOURCE),
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
        .where(col(Mute.chat_id) == chat_id, in_force(unit))
        .order_by(col(Mute.id).desc())
        .offset(offset)
        .limit(limit)
    )
    return [Muted(*row) for row in rows]


async def subjects_muted(unit: Unit, chat_id: int) -> set[tuple[MuteKind, int]]:
    """Return the kind and the row of all that the chat has muted."""
    return (await subjects_muted_of_each(unit, [chat_id])).get(chat_id, set())


async def subjects_muted_of_each(
    unit: Unit, chat_ids: Collection[int]
) -> Mapping[int, set[tuple[MuteKind, int]]]:
    """Return the same by chat, for those of the chats that have muted anything."""
    theirs = (col(Mute.chat_id).in_(chat_ids), in_force(unit))
    rows = await unit.session.exec(select(Mute.chat_id, Mute.kind, Mute.subject_id).where(*theirs))
    muted: defaultdict[int, set[tuple[MuteKind, int]]] = defaultdict(set)
    for chat_id, kind, subject_id in rows:
        muted[chat_id].add((MuteKind(kind), subject_id))
    return muted
