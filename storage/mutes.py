"""Mutes: what a chat wants nothing of, for some time or until it unmutes it.

- A button names the story, which is the same for all chats, so that one rendered alert serves them
  all. The chat that taps says whose alert it is; one that was not alerted to the story is refused.
- A muted source counts as one that the chat cannot see: an article of another publisher still
  brings the story. Of a search, the publisher is muted. A story is muted by the first of its chain.
- The condition is SQL, one for alerts, bundles and digests. A round asks it only of the chats of a
  page that muted something of the story, because asking every chat made each alert slower.
- Rows that are over count for nothing; the chat's next mute deletes them.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
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
    publisher: str = Field(default="", max_length=200)  # of a search: whom it names
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
    """Say of a `Mute` in the query whether it is in force at *now*, which may be a parameter."""
    return or_(col(Mute.until).is_(None), col(Mute.until) > now)


async def mute(tx: Transaction, chat_id: int, subject: MuteSubject, until: datetime | None) -> int:
    """Make it, or change how long it is; return its row. Those of the chat that are over go.

    The chat is locked.
    """
    await add_mutes(tx, [NewMute(chat_id, subject, until)])
    made = select(Mute.id).where(*_of_subject(chat_id, subject))
    return (await tx.session.exec(made)).one()


async def add_mutes(tx: Transaction, mutes: Collection[NewMute]) -> None:
    """`mute` of many, no subject of a chat twice."""
    if not mutes:
        return
    over = and_(among(col(Mute.chat_id), {one.chat_id for one in mutes}), ~is_active(tx.now))
    await tx.session.exec(delete(Mute).where(over))
    rows = [
        {
            "chat_id": one.chat_id,
            "kind": one.subject.kind,
            "subject_id": one.subject.id,
            "publisher": one.subject.publisher,
            "until": one.until,
            "made_at": tx.now,
        }
        for one in mutes
    ]
    key = "chat_id, kind, subject_id, publisher"
    await upsert(tx, Mute, rows, key=key, changes="until = excluded.until")


async def unmute(tx: Transaction, chat_id: int, mute_id: int) -> None:
    """End it, if it is the chat's and was not ended before."""
    own = and_(col(Mute.chat_id) == chat_id, col(Mute.id) == mute_id)
    await tx.session.exec(delete(Mute).where(own))


async def unmute_subject(tx: Transaction, chat_id: int, subject: MuteSubject) -> None:
    """End what mutes the subject, if anything does."""
    await tx.session.exec(delete(Mute).where(*_of_subject(chat_id, subject)))


async def mute_of(tx: Transaction, chat_id: int, subject: MuteSubject) -> Mute | None:
    """Return what mutes the subject now."""
    of_chat = (*_of_subject(chat_id, subject), is_active(tx.now))
    return (await tx.session.exec(select(Mute).where(*of_chat))).one_or_none()


async def topics_muted(tx: Transaction, chat_id: int) -> dict[int, datetime | None]:
    """Return until when each muted topic of the chat is muted; None: until it is unmuted."""
    of_chat = (col(Mute.chat_id) == chat_id, col(Mute.kind) == MuteKind.TOPIC, is_active(tx.now))
    rows = await tx.session.exec(select(Mute.subject_id, Mute.until).where(*of_chat))
    return dict(rows.all())


async def move_topic_mute(tx: Transaction, chat_id: int, old: int, new: int) -> None:
    """Let what mutes the topic *old* mute *new* instead, which nothing mutes yet."""
    of_chat = _of_subject(chat_id, MuteSubject(MuteKind.TOPIC, old))
    await tx.session.exec(update(Mute).where(*of_chat).values(subject_id=new))


def _of_subject(chat_id: int, subject: MuteSubject) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == subject.kind,
        col(Mute.subject_id) == subject.id,
        col(Mute.publisher) == subject.publisher,
    )


async def count_mutes(tx: Transaction, chat_id: int) -> int:
    of_chat = (col(Mute.chat_id) == chat_id, is_active(tx.now))
    return (await tx.session.exec(select(func.count()).select_from(Mute).where(*of_chat))).one()


async def mutes_of(tx: Transaction, chat_id: int, *, offset: int, limit: int) -> list[ActiveMute]:
    """What the chat has muted, the newest first."""
    of_source = and_(
        col(Mute.kind).in_(SOURCE_MUTES),
        col(Mute.subject_id) == Source.id,
        col(Source.kind) != SourceKind.SEARCH,  # whose words are somebody's
    )
    of_topic = and_(col(Mute.kind) == MuteKind.TOPIC, col(Mute.subject_id) == Topic.id)
    of_story = and_(
        col(Article.story_id) == Mute.subject_id, article_reaches(chat_id, col(Article.id))
    )
    title = select(Article.title).where(of_story)
    first = title.order_by(col(Article.id)).limit(1).scalar_subquery()
    name = case(
        (col(Mute.kind) == MuteKind.STORY, first),
        (col(Mute.kind) == MuteKind.TOPIC, col(Topic.name)),
        else_=func.coalesce(
            func.nullif(col(Mute.publisher), ""), func.nullif(col(Source.title), ""), Source.host
        ),
    )
    rows = await tx.session.exec(
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
    """Return kind, URL and end of each source that the chat mutes; publishers have no URL."""
    rows = await tx.session.exec(
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
    """Return the kind and the row of all that the chat has muted."""
    return (await subjects_muted_of_each(tx, [chat_id])).get(chat_id, set())


_MUTED_SUBJECTS: Final = select(Mute.chat_id, Mute.kind, Mute.subject_id).where(
    among(col(Mute.chat_id), bindparam("chats")), is_active(bindparam("now"))
)


async def subjects_muted_of_each(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, set[tuple[MuteKind, int]]]:
    """Return the same by chat, for those of the chats that have muted anything."""
    connection = await tx.session.connection()
    rows = await connection.execute(_MUTED_SUBJECTS, {"chats": chat_ids, "now": tx.now})
    muted: defaultdict[int, set[tuple[MuteKind, int]]] = defaultdict(set)
    for chat_id, kind, subject_id in rows:
        muted[chat_id].add((MuteKind(kind), subject_id))
    return muted


# The rules, said once. Chats, articles and stories may be columns.
#
# - of a muted story a chat is sent nothing, no chapter of its chain
# - of a muted topic nothing
# - an article only from a publisher that is not muted; so other publishers still report its story
# - at once, alone or in a bundle, nothing from publishers that the chat wants less of, unless
#   another publisher reports the story too


def is_not_muted(
    now: Any, chat_id: Any, article_id: Any, story_id: Any, *, at_once: bool = False
) -> ColumnElement[bool]:
    """Say whether the chat sees a publisher of the article, and no mute but a topic's forbids it.

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
    """Say whether the chat has muted the chain of the story."""
    muted = exists().where(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == MuteKind.STORY,
        is_active(now),
        col(Mute.subject_id) == chain_of_story(Story),
        col(Story.id) == story_id,
    )
    return muted.correlate_except(Mute, Story)


def _is_publisher_muted(now: Any, chat_id: Any, *kinds: MuteKind) -> ColumnElement[bool]:
    """Say of an `Entry` in the query whether the chat has muted who published it."""
    muted = exists().where(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind).in_(kinds),
        col(Mute.subject_id) == Entry.source_id,
        or_(col(Mute.publisher) == "", col(Mute.publisher) == Entry.publisher),
        is_active(now),
    )
    return muted.correlate_except(Mute)


_MUTED_AT_ONCE: Final = (
    select(Article.id, Chat.id)
    .join(Chat, among(col(Chat.id), bindparam("chats")))
    .where(
        among(col(Article.id), bindparam("articles")),
        ~is_not_muted(
            bindparam("now"), col(Chat.id), col(Article.id), col(Article.story_id), at_once=True
        ),
    )
)


async def muted_at_once(
    tx: Transaction, article_ids: Collection[int], chat_ids: Collection[int]
) -> set[tuple[int, int]]:
    """Return the articles to which a chat is not alerted because of its mutes, with the chat.

    It is asked only about chats that have muted something besides topics: most have not.
    """
    if not article_ids or not chat_ids:
        return set()
    connection = await tx.session.connection()
    asked = {"articles": article_ids, "chats": chat_ids, "now": tx.now}
    return {(row[0], row[1]) for row in await connection.execute(_MUTED_AT_ONCE, asked)}
