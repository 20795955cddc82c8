"""An outbox full of digests."""

from datetime import datetime

from sqlmodel import col, select

from benchmarks import rows
from bot.rendering.messages import Message
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatKind, DeliveryKind
from storage.outbox import Delivery

_BODY = Message("Your digest\n" + "Taiwan: the consul-general arrived in Osaka. " * 20).to_json()


async def fill_outbox(
    storage: Storage, chats: int, each: int, *, groups: int = 0, each_group: int = 0
) -> None:
    """Add *each* editions for every private chat, and *each_group* for every group."""
    async with storage.writing() as tx:
        await rows.add(tx, Chat, (rows.chat(n, tx.now) for n in range(1, chats + 1)))
        numbers = range(-groups, 0)
        await rows.add(tx, Chat, (rows.chat(n, tx.now, kind=ChatKind.GROUP) for n in numbers))
        stored = await tx.rows(select(col(Chat.id), Chat.kind).order_by(col(Chat.id)))
        deliveries = (
            _delivery(tx.now, chat_id)
            for chat_id, kind in stored
            for _ in range(each_group if kind is ChatKind.GROUP else each)
        )
        await rows.add(tx, Delivery, deliveries)
    await storage.analyze((Chat, Delivery))  # as autovacuum does after some minutes


def _delivery(now: datetime, chat_id: int) -> rows.Values:
    kind = DeliveryKind.EDITION
    return {
        "kind": kind,
        "chat_id": chat_id,
        "priority": kind.priority,
        "body": _BODY,
        "due_at": now,
        "created_at": now,
    }
