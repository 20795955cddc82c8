"""Lists chats for admins, and counts the rows that each chat has stored."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import SQLModel, col, select

from storage.alerts import Alert
from storage.chats import Chat, is_kept
from storage.db.engine import Transaction
from storage.editions import Edition
from storage.enums import ChatKind, ChatState
from storage.mailboxes import Mailbox
from storage.mutes import Mute
from storage.outbox import Delivery
from storage.saved_stories import SavedStory
from storage.sources import Follow
from storage.subscriptions import Subscription


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


async def count_chats(tx: Transaction) -> int:
    return await tx.one(select(func.count()).select_from(Chat).where(is_kept()))


async def chats_listed(tx: Transaction, *, offset: int, limit: int) -> list[ChatListed]:
    """Return the chats, the newest first."""
    newest = _listed().where(is_kept()).order_by(col(Chat.id).desc())
    return [ChatListed(*row) for row in await tx.rows(newest.offset(offset).limit(limit))]


async def chat_listed(tx: Transaction, chat_id: int) -> ChatListed | None:
    row = await tx.first(_listed().where(col(Chat.id) == chat_id))
    return ChatListed(*row) if row else None


def _listed() -> Any:
    topics = select(func.count()).where(col(Subscription.chat_id) == Chat.id)
    last_alert_at = select(func.max(Alert.made_at)).where(col(Alert.chat_id) == Chat.id)
    return select(  # type: ignore[call-overload]
        Chat.id, Chat.telegram_id, Chat.thread_id, Chat.kind, Chat.name, Chat.thread_name,
        Chat.state, Chat.state_since, Chat.created_at,
        topics.correlate(Chat).scalar_subquery(), last_alert_at.correlate(Chat).scalar_subquery(),
    )  # fmt: skip


class StoredCounts(NamedTuple):
    topics: int
    sources: int
    mutes: int
    saved: int
    mailboxes: int
    editions: int
    alerts: int
    messages: int


async def stored_counts(tx: Transaction, chat_id: int) -> StoredCounts:
    """Return how many rows the chat has of each kind."""
    tables = (Subscription, Follow, Mute, SavedStory, Mailbox, Edition, Alert, Delivery)
    counts = [
        await tx.one(
            select(func.count())
            .select_from(table)
            .where(SQLModel.metadata.tables[str(table.__tablename__)].c.chat_id == chat_id)
        )
        for table in tables
    ]
    return StoredCounts(*counts)
