"""All that there is of a chat, for whoever asks what is kept of it."""

from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import SQLModel, col, select

from storage.alerts import Alert
from storage.deliveries import Delivery
from storage.editions import Edition
from storage.engine import Unit
from storage.mailboxes import Mailbox
from storage.mutes import Mute
from storage.sources import Follow, Source
from storage.subscriptions import Subscription
from storage.topics import Topic


class Watched(NamedTuple):
    topic: Topic
    subscription: Subscription


async def all_watched(unit: Unit, chat_id: int) -> list[Watched]:
    """Return every topic of the chat, in the order in which it began."""
    rows = await unit.session.exec(
        select(Topic, Subscription)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id)
        .order_by(col(Subscription.id))
    )
    return [Watched(*row) for row in rows]


async def all_followed(unit: Unit, chat_id: int) -> list[Source]:
    rows = await unit.session.exec(
        select(Source)
        .join(Follow, col(Follow.source_id) == Source.id)
        .where(col(Follow.chat_id) == chat_id)
        .order_by(col(Source.id))
    )
    return list(rows)


async def all_editions(unit: Unit, chat_id: int, limit: int) -> list[Edition]:
    """Return the newest of them, the oldest first."""
    rows = await unit.session.exec(
        select(Edition)
        .where(col(Edition.chat_id) == chat_id)
        .order_by(col(Edition.id).desc())
        .limit(limit)
    )
    return list(rows)[::-1]


class Kept(NamedTuple):
    """How many rows there are of each."""

    topics: int
    sources: int
    mutes: int
    mailboxes: int
    editions: int
    alerts: int
    messages: int


async def kept_of(unit: Unit, chat_id: int) -> Kept:
    tables = (Subscription, Follow, Mute, Mailbox, Edition, Alert, Delivery)
    return Kept(*[await _count(unit, table, chat_id) for table in tables])


async def _count(unit: Unit, table: type[SQLModel], chat_id: int) -> int:
    ours = table.__table__.c.chat_id == chat_id  # type: ignore[attr-defined]
    return (await unit.session.exec(select(func.count()).select_from(table).where(ours))).one()
