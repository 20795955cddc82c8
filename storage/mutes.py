"""Mutes: topics, stories and publishers of which a chat gets nothing, for some time or for good.

- A button names the story, not the alert, so that one rendered message serves all chats. The alert
  is that of the chat where the button is tapped. A chat that was not alerted to the story gets an
  error.
- A muted source is treated as if the chat did not see it; another publisher's article may still
  report the story. A mute of a search feed names the publisher. A mute of a story names the first
  story of its chain.
- Alerts, bundles and digests share one SQL condition (`is_not_muted`). Alerting evaluates it only
  for chats that muted something besides topics, because evaluating it for every chat made each
  alert slower.
- Expired rows have no effect. The chat's next mute deletes them.
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
from storage.enums import HOLDING_MUTES, SOURCE_MUTES, MuteKind, SourceKind
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
    """A mute in force. *name*: of the topic or publisher, or the title of the story.

    *is_public*: it is of a topic of the catalogue.
    """

    id: int
    kind: MuteKind
    name: str
    until: datetime | None
    is_public: bool = False


def is_active(now: Any) -> ColumnElement[bool]:
    """Build the condition that a `Mute` is in force at *now*, which may be a parameter."""
    return or_(col(Mute.until).is_(None), col(Mute.until) > now)


async def store_mute(
    tx: Transaction, chat_id: int, subject: MuteSubject, until: datetime | None
) -> int:
    """Mute the subject, or change the end of its mute; return the id. The chat must be locked."""
    await add_mutes(tx, [NewMute(chat_id, subject, until)])
    return await tx.one(select(Mute.id).where(*_is_of_subject(chat_id, subject)))


async def add_mutes(tx: Transaction, mutes: Collection[NewMute]) -> None:
    """Store *mutes*, or change the ends of existing ones; delete the chats' expired mutes.

    No two of *mutes* have the same chat and subject.
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


async def delete_mute(tx: Transaction, chat_id: int, mute_id: int) -> None:
    """Delete the mute if it exists and belongs to the chat."""
    own = (col(Mute.chat_id) == chat_id, col(Mute.id) == mute_id)
    await tx.change(delete(Mute).where(*own))


async def end_mute(tx: Transaction, chat_id: int, mute_id: int) -> Mute | None:
    """End the mute now, so that `resume_mute` can undo it; return it as it was if in force."""
    own = (col(Mute.chat_id) == chat_id, col(Mute.id) == mute_id)
    found: Mute | None = await tx.first(select(Mute).where(*own, is_active(tx.now)))
    if found is not None:
        found = Mute(**found.model_dump())
        await tx.change(update(Mute).where(*own).values(until=tx.now))
    return found


async def resume_mute(tx: Transaction, chat_id: int, mute_id: int, until: datetime | None) -> None:
    """Give a mute of the chat, ended or not, the end *until*."""
    own = (col(Mute.chat_id) == chat_id, col(Mute.id) == mute_id)
    await tx.change(update(Mute).where(*own).values(until=until))


async def unmute_subject(tx: Transaction, chat_id: int, subject: MuteSubject) -> None:
    """Delete the mute of the subject, if any."""
    await tx.change(delete(Mute).where(*_is_of_subject(chat_id, subject)))


async def mute_of(tx: Transaction, chat_id: int, subject: MuteSubject) -> Mute | None:
    """Return the mute of the subject; None if none is in force."""
    is_of_subject = _is_of_subject(chat_id, subject)
    mute: Mute | None = await tx.first(select(Mute).where(*is_of_subject, is_active(tx.now)))
    return mute


async def topics_muted(tx: Transaction, chat_id: int) -> dict[int, datetime | None]:
    """Return the chat's muted topics, each with the end of its mute; None: until it is unmuted."""
    rows = await tx.rows(
        select(Mute.subject_id, Mute.until).where(
            Mute.chat_id == chat_id, col(Mute.kind) == MuteKind.TOPIC, is_active(tx.now)
        )
    )
    return dict(rows)


async def move_topic_mute(tx: Transaction, chat_id: int, old: int, new: int) -> None:
    """Change the mute of topic *old* to topic *new*, which must have no mute yet."""
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
        select(  # type: ignore[call-overload]
            Mute.id, Mute.kind, func.coalesce(name, ""), Mute.until,
            col(Topic.id).is_not(None) & col(Topic.chat_id).is_(None),
        )
        .outerjoin(Source, of_source)
        .outerjoin(Topic, of_topic)
        .where(col(Mute.chat_id) == chat_id, is_active(tx.now))
        .order_by(col(Mute.id).desc())
        .offset(offset)
        .limit(limit)
    )  # fmt: skip
    return [ActiveMute(*row) for row in rows]


async def muted_sources(
    tx: Transaction, chat_id: int
) -> list[tuple[MuteKind, str, datetime | None]]:
    """Return the kind, URL and end of each mute of a whole source, not of a search's publisher."""
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


async def mutes_in_force(tx: Transaction, chat_id: int) -> list[Mute]:
    """Return all mutes of the chat that have not ended."""
    of_chat = col(Mute.chat_id) == chat_id
    return list(await tx.rows(select(Mute).where(of_chat, is_active(tx.now))))


async def subjects_muted(tx: Transaction, chat_id: int) -> set[tuple[MuteKind, int]]:
    """Return the kind and id of all subjects that the chat has muted."""
    return (await subjects_muted_of_each(tx, [chat_id])).get(chat_id, set())


async def subjects_muted_of_each(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, set[tuple[MuteKind, int]]]:
    """Return `subjects_muted` by chat; leaves out chats that have muted nothing."""
    muted: defaultdict[int, set[tuple[MuteKind, int]]] = defaultdict(set)
    for chat_id, kind, subject_id in await tx.rows(_MUTED_SUBJECTS, chats=chat_ids, now=tx.now):
        muted[chat_id].add((MuteKind(kind), subject_id))
    return muted


_MUTED_SUBJECTS: Final = select(Mute.chat_id, Mute.kind, Mute.subject_id).where(
    among(col(Mute.chat_id), bindparam("chats")), is_active(bindparam("now"))
)


# The rules as SQL conditions. Chats, articles and stories may be columns.
#
# - A chat gets nothing about a muted story, in any chapter of its chain.
# - A chat gets nothing about a muted topic.
# - An article counts only if a publisher that is not muted carried it. Its story may still reach
#   the chat by articles of other publishers.
# - An alert to an article that only publishers of a `SILENT` mute carried makes no sound.
# - A chat gets no alert, alone or in a bundle, to a story that only publishers of a `LESS` mute
#   report. Digests still list it.


def is_not_muted(
    now: Any, chat_id: Any, article_id: Any, story_id: Any, *, at_once: bool = False
) -> ColumnElement[bool]:
    """Build the condition that the chat sees the article and no mute forbids it.

    Does not check mutes of topics. *at_once*: for an alert; else for a digest. *now* may be a
    parameter of the statement.
    """
    allowed = and_(
        article_reaches(chat_id, article_id, ~_is_publisher_muted(now, chat_id, MuteKind.SOURCE)),
        ~is_muted(now, chat_id, story_id),
    )
    if not at_once:
        return allowed
    part = aliased(Article)
    unmuted = ~_is_publisher_muted(now, chat_id, *HOLDING_MUTES)
    return and_(
        allowed, article_reaches(chat_id, col(part.id), col(part.story_id) == story_id, unmuted)
    )


def is_muted(now: Any, chat_id: Any, story_id: Any) -> ColumnElement[bool]:
    """Build the condition that the chat has muted the chain of the story."""
    muted = exists().where(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == MuteKind.STORY,
        is_active(now),
        col(Mute.subject_id) == chain_of_story(Story),
        col(Story.id) == story_id,
    )
    return muted.correlate_except(Mute, Story)


def _is_publisher_muted(now: Any, chat_id: Any, *kinds: MuteKind) -> ColumnElement[bool]:
    """Build the condition that the chat has muted the publisher of an `Entry`."""
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
    """Return the pairs of article and chat for which mutes forbid an alert; ignores topic mutes.

    *chat_ids*: should name only chats with such mutes, because most chats have none.
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


async def silent_articles(
    tx: Transaction, article_ids: Collection[int], chat_ids: Collection[int]
) -> set[tuple[int, int]]:
    """Return the pairs of article and chat whose alert makes no sound, because of its publisher.

    *chat_ids*: should name only chats with such mutes.
    """
    if not article_ids or not chat_ids:
        return set()
    rows = await tx.rows(_silent_articles(), articles=article_ids, chats=chat_ids, now=tx.now)
    return set(rows)


@cache
def _silent_articles() -> Executable:
    is_silent = _is_publisher_muted(bindparam("now"), col(Chat.id), MuteKind.SILENT)
    return (
        select(Article.id, Chat.id)
        .join(Chat, among(col(Chat.id), bindparam("chats")))
        .where(
            among(col(Article.id), bindparam("articles")),
            ~article_reaches(col(Chat.id), col(Article.id), ~is_silent),
        )
    )
