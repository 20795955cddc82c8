"""Chats as admins see them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func
from sqlmodel import SQLModel, col, select

from storage.alerts import Alert
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.editions import Edition
from storage.enums import (
    ChatKind,
    ChatState,
)
from storage.mailboxes import Mailbox
from storage.mutes import Mute
from storage.outbox import Delivery
from storage.sources import Follow, Source
from storage.subscriptions import Subscription
from storage.topics import Topic


class ChatListed(NamedTuple):
    id: int
    telegram_id: int
    thread_id: int
    kind: ChatKind
    name: str
    thread_name: str
    state: ChatState
    state_since: datetime
    created_at: datetime
    topics: int
    last_alert_at: datetime | None


_IS_THERE: Final = col(Chat.state) != ChatState.ERASED


async def count_chats(tx: Transaction) -> int:
    there = select(func.count()).select_from(Chat).where(_IS_THERE)
    return (await tx.session.exec(there)).one()


async def chats_listed(tx: Transaction, *, offset: int, limit: int) -> list[ChatListed]:
    """Return the chats, the newest first."""
    newest = _listed().where(_IS_THERE).order_by(col(Chat.id).desc()).offset(offset).limit(limit)
    return [ChatListed(*row) for row in await tx.session.exec(newest)]


async def chat_listed(tx: Transaction, chat_id: int) -> ChatListed | None:
    row = (await tx.session.exec(_listed().where(col(Chat.id) == chat_id))).first()
    return ChatListed(*row) if row else None


async def names_of_chats(tx: Transaction, telegram_ids: Collection[int]) -> dict[int, str]:
    """Return what Telegram's chats of these numbers are called, as far as we know them."""
    named = (
        among(col(Chat.telegram_id), telegram_ids),
        col(Chat.thread_id) == 0,
        col(Chat.name) != "",
    )
    rows = await tx.session.exec(select(Chat.telegram_id, Chat.name).where(*named))
    return dict(list(rows))


def _listed() -> Any:
    topics = select(func.count()).where(col(Subscription.chat_id) == Chat.id)
    last = select(func.max(Alert.made_at)).where(col(Alert.chat_id) == Chat.id)
    return select(  # type: ignore[call-overload]
        Chat.id, Chat.telegram_id, Chat.thread_id, Chat.kind, Chat.name, Chat.thread_name,
        Chat.state, Chat.state_since, Chat.created_at,
        topics.correlate(Chat).scalar_subquery(), last.correlate(Chat).scalar_subquery(),
    )  # fmt: skip


# All that there is of a chat, for what is kept of it.


class SubscribedTopic(NamedTuple):
    topic: Topic
    subscription: Subscription


async def all_subscriptions(tx: Transaction, chat_id: int) -> list[SubscribedTopic]:
    """Return every topic of the chat, in the order in which it began."""
    rows = await tx.session.exec(
        select(Topic, Subscription)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id)
        .order_by(col(Subscription.id))
    )
    return [SubscribedTopic(*row) for row in rows]


async def all_followed(tx: Transaction, chat_id: int) -> list[Source]:
    rows = await tx.session.exec(
        select(Source)
        .join(Follow, col(Follow.source_id) == Source.id)
        .where(col(Follow.chat_id) == chat_id)
        .order_by(col(Source.id))
    )
    return list(rows)


async def all_editions(tx: Transaction, chat_id: int, limit: int) -> list[Edition]:
    """Return the newest of them, the oldest first."""
    rows = await tx.session.exec(
        select(Edition)
        .where(col(Edition.chat_id) == chat_id)
        .order_by(col(Edition.id).desc())
        .limit(limit)
    )
    return list(rows)[::-1]


class StoredCounts(NamedTuple):
    """How many rows there are of each."""

    topics: int
    sources: int
    mutes: int
    mailboxes: int
    editions: int
    alerts: int
    messages: int


async def stored_counts(tx: Transaction, chat_id: int) -> StoredCounts:
    tables = (Subscription, Follow, Mute, Mailbox, Edition, Alert, Delivery)
    return StoredCounts(*[await _count(tx, table, chat_id) for table in tables])


async def _count(tx: Transaction, table: type[SQLModel], chat_id: int) -> int:
    ours = table.__table__.c.chat_id == chat_id  # type: ignore[attr-defined]
    return (await tx.session.exec(select(func.count()).select_from(table).where(ours))).one()
