"""Topics: named queries, in the public catalogue or private to one chat."""

from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, insert_new


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


async def topic_of(tx: Transaction, chat_id: int, query_id: int) -> Topic | None:
    """The chat's own topic with this query."""
    own = (col(Topic.chat_id) == chat_id, col(Topic.query_id) == query_id)
    return (await tx.session.exec(select(Topic).where(*own).limit(1))).first()


async def has_topic_named(tx: Transaction, chat_id: int, name: str) -> bool:
    """Say whether a topic of the chat's own is called exactly so."""
    own = (col(Topic.chat_id) == chat_id, col(Topic.name) == name)
    return (await tx.session.exec(select(Topic.id).where(*own).limit(1))).first() is not None


async def topic_seen_by(tx: Transaction, chat_id: int, topic_id: int) -> Topic | None:
    """The topic, if it is public or the chat's own."""
    seen = or_(col(Topic.chat_id).is_(None), col(Topic.chat_id) == chat_id)
    return (await tx.session.exec(select(Topic).where(col(Topic.id) == topic_id, seen))).first()


async def public_topics(
    tx: Transaction, *, offset: int = 0, limit: int | None = None
) -> list[Topic]:
    """The catalogue, in its order: all of it, unless there is a *limit*."""
    wanted = select(Topic).where(col(Topic.slug).is_not(None))
    ordered = wanted.order_by(col(Topic.position), col(Topic.id))
    return list(await tx.session.exec(ordered.offset(offset).limit(limit)))


async def count_public_topics(tx: Transaction) -> int:
    wanted = select(func.count()).select_from(Topic).where(col(Topic.slug).is_not(None))
    return (await tx.session.exec(wanted)).one()


async def topic_named(tx: Transaction, slug: str) -> Topic | None:
    """The public topic that links call *slug*."""
    return (await tx.session.exec(select(Topic).where(col(Topic.slug) == slug))).one_or_none()


async def add_public_topic(
    tx: Transaction, slug: str, *, name: str, typed: str, query_id: int, position: int
) -> int | None:
    """Add a topic to the catalogue and return its id; None if its slug is taken by now."""
    row = {"slug": slug, "name": name, "typed": typed, "query_id": query_id, "position": position}
    ids = await insert_new(tx, Topic, [row | {"created_at": tx.now}], returning=Topic.id)
    return ids[0] if ids else None


async def add_own_topic(
    tx: Transaction, chat_id: int, *, name: str, typed: str, query_id: int
) -> Topic:
    """Add a topic that only this chat can see."""
    topic = Topic(name=name, typed=typed, query_id=query_id, chat_id=chat_id, created_at=tx.now)
    return await tx.add(topic)


async def queries_of_chat(tx: Transaction, chat_id: int) -> list[int]:
    """The queries of the chat's own topics."""
    own = select(Topic.query_id).where(col(Topic.chat_id) == chat_id).order_by(col(Topic.query_id))
    return list(await tx.session.exec(own))
