"""Topics: named queries, in the public catalogue or private to one chat; and shared queries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, insert_new
from storage.enums import Sound


class Topic(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    name: str = Field(max_length=200)
    query_id: int = Field(foreign_key="query.id", sa_type=ROW_ID, index=True)
    typed: str  # the query as the user wrote it
    chat_id: int | None = Field(
        default=None, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    slug: str | None = Field(default=None, max_length=64, unique=True)  # of the public catalogue
    position: int = 0
    created_at: datetime


class Share(SQLModel, table=True):
    """A shared query that is too long for a link. The link has the unguessable *token* instead."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    token: str = Field(max_length=32, unique=True)
    typed: str
    created_at: datetime


class NamedTopic(NamedTuple):
    """A topic with its canonical query, and the sound of its alerts in a chat."""

    id: int
    name: str
    query: str
    is_public: bool  # of the catalogue, whose names are translated
    sound: Sound = Sound.NORMAL


async def topics_by_id(tx: Transaction, topic_ids: Collection[int]) -> dict[int, NamedTopic]:
    """Return those topics that still exist, the oldest first."""
    query = SQLModel.metadata.tables["query"]  # by name, because `storage.queries` imports this
    rows = await tx.rows(
        select(Topic.id, Topic.name, query.c.canonical, col(Topic.chat_id).is_(None))
        .join(query, query.c.id == col(Topic.query_id))
        .where(among(col(Topic.id), topic_ids))
        .order_by(col(Topic.id))
    )
    return {row[0]: NamedTopic(*row) for row in rows}


async def topic_of(tx: Transaction, chat_id: int, query_id: int) -> Topic | None:
    """Return the chat's own topic with this query."""
    own = (col(Topic.chat_id) == chat_id, col(Topic.query_id) == query_id)
    topic: Topic | None = await tx.first(select(Topic).where(*own).limit(1))
    return topic


async def add_own_topic(
    tx: Transaction, chat_id: int, *, name: str, typed: str, query_id: int
) -> Topic:
    """Add a topic that only this chat can see."""
    topic = Topic(name=name, typed=typed, query_id=query_id, chat_id=chat_id, created_at=tx.now)
    return await tx.add(topic)


async def has_topic_named(tx: Transaction, chat_id: int, name: str) -> bool:
    """Return whether one of the chat's own topics has exactly this name."""
    own = (col(Topic.chat_id) == chat_id, col(Topic.name) == name)
    return await tx.first(select(Topic.id).where(*own).limit(1)) is not None


async def topic_seen_by(tx: Transaction, chat_id: int, topic_id: int) -> Topic | None:
    """Return the topic if it is public or the chat's own."""
    is_seen = or_(col(Topic.chat_id).is_(None), col(Topic.chat_id) == chat_id)
    topic: Topic | None = await tx.first(select(Topic).where(col(Topic.id) == topic_id, is_seen))
    return topic


async def queries_of_chat(tx: Transaction, chat_id: int) -> Sequence[int]:
    """Return the queries of the chat's own topics."""
    own = select(Topic.query_id).where(col(Topic.chat_id) == chat_id)
    return await tx.rows(own.order_by(col(Topic.query_id)))


async def share_of(tx: Transaction, chat_id: int, typed: str) -> Share | None:
    """Return the chat's existing share of this query."""
    same = (col(Share.chat_id) == chat_id, col(Share.typed) == typed)
    share: Share | None = await tx.first(select(Share).where(*same).limit(1))
    return share


async def add_share(tx: Transaction, chat_id: int, typed: str, token: str) -> Share:
    return await tx.add(Share(chat_id=chat_id, typed=typed, token=token, created_at=tx.now))


async def share_by_token(tx: Transaction, token: str) -> Share | None:
    share: Share | None = await tx.first(select(Share).where(Share.token == token))
    return share


# The public catalogue.


async def public_topics(
    tx: Transaction, *, offset: int = 0, limit: int | None = None
) -> Sequence[Topic]:
    """Return the catalogue in its order."""
    public = select(Topic).where(col(Topic.slug).is_not(None))
    ordered = public.order_by(col(Topic.position), col(Topic.id))
    return await tx.rows(ordered.offset(offset).limit(limit))


async def catalogue_names(tx: Transaction) -> list[str]:
    """Return the English names of the public topics. Those of chats' own topics are private."""
    public = select(Topic.name).where(col(Topic.slug).is_not(None))
    return list(await tx.rows(public.order_by(col(Topic.position), col(Topic.id))))


async def count_public_topics(tx: Transaction) -> int:
    return await tx.one(select(func.count()).select_from(Topic).where(col(Topic.slug).is_not(None)))


async def topic_named(tx: Transaction, slug: str) -> Topic | None:
    """Return the public topic with this *slug*, which links contain."""
    topic: Topic | None = await tx.first(select(Topic).where(col(Topic.slug) == slug))
    return topic


async def add_public_topic(
    tx: Transaction, slug: str, *, name: str, typed: str, query_id: int, position: int
) -> int | None:
    """Add a topic to the catalogue and return its id; None if its slug is already taken."""
    row = {"slug": slug, "name": name, "typed": typed, "query_id": query_id, "position": position}
    ids = await insert_new(tx, Topic, [row | {"created_at": tx.now}], returning=Topic.id)
    return ids[0] if ids else None
