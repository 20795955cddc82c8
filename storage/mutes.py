"""Mutes: topics, stories and publishers that a chat wants nothing of, for some time or for good.

- A button names the story, which is the same for all chats, so that one rendered alert serves them
  all. The chat that taps says whose alert it is; a chat that was not alerted to the story gets an
  error.
- To a chat, a muted source is one that it cannot see: another publisher's article still brings the
  story. A mute of a search names the publisher. A mute of a story names the first of its chain.
- One SQL condition serves alerts, bundles and digests. A round evaluates it only for chats that
  muted something besides topics, because evaluating it for every chat made each alert slower.
- Expired rows have no effect; the chat's next mute deletes them.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Executable,
    UniqueConstraint,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, enum_column, upsert
from storage.entries import Entry
from storage.enums import SOURCE_MUTES, MuteKind, SourceKind
from storage.publishers import article_reaches
from storage.sources import Source
from storage.stories import Story, chain_of_story
from storage.topics import Topic


class Mute(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("chat_id", "kind", "subject_id", "publisher"), NUMBERED)

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    kind: MuteKind = Field(sa_type=enum_column(MuteKind))
    subject_id: int = Field(sa_type=ROW_ID)  # a topic, a source, or the first story of a chain
    publisher: str = Field(default="", max_length=200)  # of a search: the publisher that it names
    until: datetime | None = None  # None: until it is unmuted
    made_at: datetime


class MuteSubject(NamedTuple):
    kind: MuteKind
    id: int
    publisher: str = ""


class NewMute(NamedTuple):
    chat_id: int
    subject: MuteSubject
    until: datetime | None


class ActiveMute(NamedTuple):
    """A mute in force; *name* is that of the topic or publisher, or the title of the story."""

    id: int
    kind: MuteKind
    name: str
    until: datetime | None


def is_active(now: Any) -> ColumnElement[bool]:
    """Return whether a `Mute` in the query is in force at *now*, which may be a parameter."""
    return or_(col(Mute.until).is_(None), col(Mute.until) > now)


async def mute(tx: Transaction, chat_id: int, subject: MuteSubject, until: datetime | None) -> int:
    """Mute the subject, or change until when it is muted; return the id. The chat is locked."""
    await add_mutes(tx, [NewMute(chat_id, subject, until)])
    return await tx.one(select(Mute.id).where(*_is_of_subject(chat_id, subject)))


async def add_mutes(tx: Transaction, mutes: Collection[NewMute]) -> None:
    """Do as `mute` for each of *mutes*, no two of which are of one subject of a chat.

    Deletes the expired mutes of the chats.
    """
    if not mutes:
        return
    chat_ids = {new.chat_id for new in mutes}
    expired = and_(among(col(Mute.chat_id), chat_ids), ~is_active(tx.now))
    await tx.change(delete(Mute).where(expired))
    rows = [
        {
            "chat_id": new.chat_id,
            "kind": new.subject.kind,
            "subject_id": new.subject.id,
            "publisher": new.subject.publisher,
            "until": new.until,
            "made_at": tx.now,
        }
        for new in mutes
    ]
    key = "chat_id, kind, subject_id, publisher"
    await upsert(tx, Mute, rows, key=key, changes="until = excluded.until")


async def unmute(tx: Transaction, chat_id: int, mute_id: int) -> None:
    """End the mute if it is the chat's and still exists."""
    own = (col(Mute.chat_id) == chat_id, col(Mute.id) == mute_id)
    await tx.change(delete(Mute).where(*own))


async def unmute_subject(tx: Transaction, chat_id: int, subject: MuteSubject) -> None:
    """End the mute of the subject, if there is one."""
    await tx.change(delete(Mute).where(*_is_of_subject(chat_id, subject)))


async def mute_of(tx: Transaction, chat_id: int, subject: MuteSubject) -> Mute | None:
    """Return the mute of the subject that is in force."""
    is_of_subject = _is_of_subject(chat_id, subject)
    mute: Mute | None = await tx.first(select(Mute).where(*is_of_subject, is_active(tx.now)))
    return mute


async def topics_muted(tx: Transaction, chat_id: int) -> dict[int, datetime | None]:
    """Return until when each muted topic of the chat is muted; None: until it is unmuted."""
    rows = await tx.rows(
        select(Mute.subject_id, Mute.until).where(
            Mute.chat_id == chat_id, col(Mute.kind) == MuteKind.TOPIC, is_active(tx.now)
        )
    )
    return dict(rows)


async def move_topic_mute(tx: Transaction, chat_id: int, old: int, new: int) -> None:
    """Let the mute of the topic *old* mute *new* instead, which has no mute yet."""
    of_old = _is_of_subject(chat_id, MuteSubject(MuteKind.TOPIC, old))
    await tx.change(update(Mute).where(*of_old).values(subject_id=new))


def _is_of_subject(chat_id: int, subject: MuteSubject) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == subject.kind,
        col(Mute.subject_id) == subject.id,
        col(Mute.publisher) == subject.publisher,
    )


async def count_mutes(tx: Transaction, chat_id: int) -> int:
    of_chat = (col(Mute.chat_id) == chat_id, is_active(tx.now))
    return await tx.one(select(func.count()).select_from(Mute).where(*of_chat))


async def mutes_of(tx: Transaction, chat_id: int, *, offset: int, limit: int) -> list[ActiveMute]:
    """Return the chat's mutes, the newest first."""
    of_source = and_(
        col(Mute.kind).in_(SOURCE_MUTES),
        col(Mute.subject_id) == Source.id,
        col(Source.kind) != SourceKind.SEARCH,  # its title is the query of some user
    )
    of_topic = and_(col(Mute.kind) == MuteKind.TOPIC, col(Mute.subject_id) == Topic.id)
    first_title = (
        select(Article.title)
        .where(col(Article.story_id) == Mute.subject_id, article_reaches(chat_id, col(Article.id)))
        .order_by(col(Article.id))
        .limit(1)
        .scalar_subquery()
    )
    name = case(
        (col(Mute.kind) == MuteKind.STORY, first_title),
        (col(Mute.kind) == MuteKind.TOPIC, col(Topic.name)),
        else_=func.coalesce(
            func.nullif(col(Mute.publisher), ""), func.nullif(col(Source.title), ""), Source.host
        ),
    )
    rows = await tx.rows(
        select(Mute.id, Mute.kind, func.coalesce(name, ""), Mute.until)
        .outerjoin(Source, of_source)
        .outerjoin(Topic, of_topic)
        .where(col(Mute.chat_id) == chat_id, is_active(tx.now))
        .order_by(col(Mute.id).desc())
        .offset(offset)
        .limit(limit)
    )
    return [ActiveMute(*row) for row in rows]


async def muted_sources(
    tx: Transaction, chat_id: int
) -> list[tuple[MuteKind, str, datetime | None]]:
    """Return kind, URL and end of each source that the chat mutes, without publishers."""
    rows = await tx.rows(
        select(Mute.kind, Source.url, Mute.until)
        .join(Source, col(Source.id) == Mute.subject_id)
        .where(
            Mute.chat_id == chat_id,
            col(Mute.kind).in_(SOURCE_MUTES),
            col(Mute.publisher) == "",
            is_active(tx.now),
        )
        .order_by(col(Mute.id))
    )
    return [(MuteKind(kind), url, until) for kind, url, until in rows]


async def subjects_muted(tx: Transaction, chat_id: int) -> set[tuple[MuteKind, int]]:
    """Return the kind and id of all subjects that the chat has muted."""
    return (await subjects_muted_of_each(tx, [chat_id])).get(chat_id, set())


async def subjects_muted_of_each(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, set[tuple[MuteKind, int]]]:
    """Do as `subjects_muted` for each chat; return those that have muted anything."""
    muted: defaultdict[int, set[tuple[MuteKind, int]]] = defaultdict(set)
    for chat_id, kind, subject_id in await tx.rows(_MUTED_SUBJECTS, chats=chat_ids, now=tx.now):
        muted[chat_id].add((MuteKind(kind), subject_id))
    return muted


_MUTED_SUBJECTS: Final = select(Mute.chat_id, Mute.kind, Mute.subject_id).where(
    among(col(Mute.chat_id), bindparam("chats")), is_active(bindparam("now"))
)


# The rules. Chats, articles and stories may be columns.
#
# - A chat is sent nothing of a muted story, in any chapter of its chain.
# - A chat is sent nothing of a muted topic.
# - An article counts only if a publisher that is not muted carried it. Other publishers still bring
#   its story.
# - At once, alone or in a bundle, a chat is sent nothing from publishers that it wants less of,
#   unless another publisher reports the story too.


def is_not_muted(
    now: Any, chat_id: Any, article_id: Any, story_id: Any, *, at_once: bool = False
) -> ColumnElement[bool]:
    """Return whether the chat sees the article and no mute but a topic's forbids it.

    *at_once*: in an alert, else in a digest. *now* may be a parameter of the statement.
    """
    allowed = and_(
        article_reaches(chat_id, article_id, ~_is_publisher_muted(now, chat_id, MuteKind.SOURCE)),
        ~is_muted(now, chat_id, story_id),
    )
    if not at_once:
        return allowed
    part = aliased(Article)
    unmuted = ~_is_publisher_muted(now, chat_id, *SOURCE_MUTES)
    return and_(
        allowed, article_reaches(chat_id, col(part.id), col(part.story_id) == story_id, unmuted)
    )


def is_muted(now: Any, chat_id: Any, story_id: Any) -> ColumnElement[bool]:
    """Return whether the chat has muted the chain of the story."""
    muted = exists().where(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == MuteKind.STORY,
        is_active(now),
        col(Mute.subject_id) == chain_of_story(Story),
        col(Story.id) == story_id,
    )
    return muted.correlate_except(Mute, Story)


def _is_publisher_muted(now: Any, chat_id: Any, *kinds: MuteKind) -> ColumnElement[bool]:
    """Return whether the chat has muted the publisher of an `Entry` in the query."""
    muted = exists().where(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind).in_(kinds),
        col(Mute.subject_id) == Entry.source_id,
        or_(col(Mute.publisher) == "", col(Mute.publisher) == Entry.publisher),
        is_active(now),
    )
    return muted.correlate_except(Mute)


async def muted_at_once(
    tx: Transaction, article_ids: Collection[int], chat_ids: Collection[int]
) -> set[tuple[int, int]]:
    """Return article and chat of each alert that the chat's mutes forbid.

    *chat_ids*: only chats that have muted something besides topics, because most have not.
    """
    if not article_ids or not chat_ids:
        return set()
    rows = await tx.rows(_muted_at_once(), articles=article_ids, chats=chat_ids, now=tx.now)
    return set(rows)


@cache
def _muted_at_once() -> Executable:
    not_muted = is_not_muted(
        bindparam("now"), col(Chat.id), col(Article.id), col(Article.story_id), at_once=True
    )
    return (
        select(Article.id, Chat.id)
        .join(Chat, among(col(Chat.id), bindparam("chats")))
        .where(among(col(Article.id), bindparam("articles")), ~not_muted)
    )
