"""Pins: the chats whose newest digest is pinned, and what is pinned there.

1. The transaction that stores a sent digest also stores that its message is to be pinned, so that
   a crash forgets no pin.
2. The stage of pins claims such rows. Pinning a message twice does no harm.
3. A later digest replaces an earlier one that still waits.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Index, bindparam, delete, update
from sqlmodel import Field, col, select

from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, Leased, insert_new, partial_index


class Pin(Leased, table=True):
    """A chat that wants its digests pinned. Ids of messages are those of Telegram.

    *pinned_id* is the digest that is pinned, *wanted_id* the one to pin at *due_at*. *refused_at*:
    since when the bot lacks the right to pin, of which its user was notified.
    """

    __table_args__ = (
        Index("ix_pin_due", "due_at", **partial_index("wanted_id IS NOT NULL")),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, unique=True)
    pinned_id: int | None = Field(default=None, sa_type=BigInteger)
    wanted_id: int | None = Field(default=None, sa_type=BigInteger)
    due_at: datetime
    attempts: int = 0
    refused_at: datetime | None = None


class PinToSet(NamedTuple):
    """A claimed pin with the chat that it is in."""

    pin: Pin
    chat: Chat


async def pin_of(tx: Transaction, chat_id: int) -> Pin | None:
    pin: Pin | None = await tx.first(select(Pin).where(col(Pin.chat_id) == chat_id))
    return pin


async def begin_pinning(tx: Transaction, chat_id: int) -> None:
    await insert_new(tx, Pin, [{"chat_id": chat_id, "due_at": tx.now}])


async def end_pinning(tx: Transaction, chat_id: int) -> None:
    """Pin no more digests; the one that is pinned stays."""
    await tx.change(delete(Pin).where(col(Pin.chat_id) == chat_id))


async def forget_pins(tx: Transaction, chat_id: int) -> None:
    """Forget which messages are pinned, or are to be; the next digest is pinned as usual."""
    of_chat = col(Pin.chat_id) == chat_id
    await tx.change(update(Pin).where(of_chat).values(pinned_id=None, wanted_id=None))


async def want_pins(tx: Transaction, message_ids: Mapping[int, int]) -> None:
    """Store which message is to be pinned, by chat, in those chats that want it."""
    many = [
        {"chat": chat_id, "message": message_ids[chat_id], "at": tx.now}
        for chat_id in sorted(message_ids)
    ]
    if many:
        await tx.change(_WANT, many)


_WANT: Final = (
    update(Pin)
    .where(col(Pin.chat_id) == bindparam("chat"))
    .values(wanted_id=bindparam("message"), due_at=bindparam("at"), attempts=0)
)


async def chats_of_pins(tx: Transaction, pins: list[Pin]) -> list[PinToSet]:
    return [PinToSet(pin, await tx.get_one(Chat, pin.chat_id)) for pin in pins]
