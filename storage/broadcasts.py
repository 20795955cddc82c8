"""Broadcasts: messages of the operator to many chats, and their progress.

A broadcast's deliveries are made only a little ahead of the pace. A pending delivery blocks those
behind it in its chat, and an alert must not wait for a broadcast that takes an hour.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    and_,
    delete,
    exists,
    func,
    or_,
    text,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from storage.chats import ERASED_USER, Chat, effective_language
from storage.db.engine import Transaction
from storage.db.leases import claim
from storage.db.sql import NUMBERED, ROW_ID, Leased, enum_column
from storage.enums import Audience, BroadcastState, ChatKind, ChatState, DeliveryState
from storage.outbox import BLOCKING_SQL, Delivery


class Broadcast(Leased, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    made_at: datetime
    user_id: int = Field(sa_type=BigInteger)  # its author
    body: dict[str, Any] = Field(sa_type=JSON)  # a message, without the footer
    audience: Audience = Field(default=Audience.ALL, sa_type=enum_column(Audience))
    language: str = Field(default="", max_length=16)  # only chats in this language; "": all
    state: BroadcastState = Field(default=BroadcastState.DRAFT, sa_type=enum_column(BroadcastState))
    recipients: int = 0  # counted when it began
    through: int = Field(default=0, sa_type=ROW_ID)  # the last chat with a delivery of it
    made: int = 0  # the number of its deliveries

    # The message that shows its progress. `is_reported`: the final report was sent.
    status_chat_id: int | None = Field(default=None, sa_type=BigInteger)
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    reported_at: datetime | None = None
    is_reported: bool = False


_AT_WORK = (BroadcastState.RUNNING, BroadcastState.STOPPING)


class BroadcastCounts(NamedTuple):
    """The number of deliveries of one broadcast, by progress."""

    sent: int = 0
    moving: int = 0  # due, or being sent
    waiting: int = 0  # suspended with their chat
    failed: int = 0  # refused, or held for the operator
    expired: int = 0


async def add_draft(tx: Transaction, user_id: int, body: dict[str, Any]) -> Broadcast:
    """Add a broadcast of this admin as a draft, which is not sent yet."""
    return await tx.add(Broadcast(made_at=tx.now, user_id=user_id, body=body))


async def lock_broadcast(tx: Transaction, broadcast_id: int) -> Broadcast | None:
    """Lock the broadcast until the transaction ends, and return it; None if it does not exist."""
    locked = select(Broadcast).where(col(Broadcast.id) == broadcast_id).with_for_update()
    broadcast: Broadcast | None = await tx.first(locked.execution_options(populate_existing=True))
    return broadcast


async def claim_broadcasts(
    tx: Transaction, *, limit: int, owner: str, lease: timedelta
) -> list[Broadcast]:
    due = col(Broadcast.state).in_(_AT_WORK)
    order = (col(Broadcast.id),)
    return await claim(tx, Broadcast, due, order=order, limit=limit, owner=owner, lease=lease)


async def count_recipients(tx: Transaction, audience: Audience, language: str) -> int:
    is_recipient = _is_recipient(audience, language)
    return await tx.one(select(func.count()).select_from(Chat).where(is_recipient))


async def next_recipients(
    tx: Transaction, broadcast: Broadcast, limit: int
) -> Sequence[tuple[int, str]]:
    """Return the next chats without a delivery of the broadcast, with their language tags."""
    is_recipient = _is_recipient(broadcast.audience, broadcast.language)
    return await tx.rows(
        select(Chat.id, effective_language())
        .where(is_recipient, col(Chat.id) > broadcast.through)
        .order_by(col(Chat.id))
        .limit(limit)
    )


async def languages_of_chats(tx: Transaction) -> Mapping[str, int]:
    """Return the number of recipients of each language, by its tag."""
    language = effective_language()
    is_recipient = _is_recipient(Audience.ALL, "")
    rows = await tx.rows(select(language, func.count()).where(is_recipient).group_by(language))
    return dict(rows)


async def count_moving(tx: Transaction, broadcast_id: int) -> int:
    """Return how many of its deliveries are waiting or being sent, other than suspended ones."""
    return await tx.one(
        select(func.count()).where(
            col(Delivery.broadcast_id) == broadcast_id,
            text(f"delivery.{BLOCKING_SQL}"),
            text("delivery.state <> 'sent'"),
        )
    )


async def counts_of(tx: Transaction, broadcast: Broadcast) -> BroadcastCounts:
    # Counts only unsent deliveries, because a partial index holds them. The others are sent.
    rows = await tx.rows(
        select(Delivery.state, func.count())
        .where(col(Delivery.broadcast_id) == broadcast.id, text("delivery.state <> 'sent'"))
        .group_by(col(Delivery.state))
    )
    counts = dict.fromkeys(BroadcastCounts._fields, 0)
    for state, count in rows:
        counts[_counted_as(DeliveryState(state))] += count
    counts["sent"] = max(broadcast.made - sum(counts.values()), 0)
    return BroadcastCounts(**counts)


def _counted_as(state: DeliveryState) -> str:
    match state:
        case DeliveryState.SUSPENDED:
            return "waiting"
        case DeliveryState.EXPIRED | DeliveryState.DROPPED:
            return "expired"
        case _:
            return "moving" if state.is_blocking else "failed"


async def claim_progress_reports(tx: Transaction, every: timedelta) -> list[Broadcast]:
    """Return the broadcasts whose status message is due for an update, each once per *every*."""
    reported_at = col(Broadcast.reported_at)
    due = (
        update(Broadcast)
        .where(
            col(Broadcast.state) != BroadcastState.DRAFT,
            col(Broadcast.message_id).is_not(None),
            ~col(Broadcast.is_reported),
            or_(reported_at.is_(None), reported_at <= tx.now - every),
        )
        .values(reported_at=tx.now)
        .returning(Broadcast)
    )
    return [broadcast for (broadcast,) in await tx.rows(due)]


async def forget_author(tx: Transaction, user_id: int) -> None:
    """Delete the user's drafts, and remove the user's id from other broadcasts."""
    own = col(Broadcast.user_id) == user_id
    await tx.change(delete(Broadcast).where(own, col(Broadcast.state) == BroadcastState.DRAFT))
    erased = {"user_id": ERASED_USER, "status_chat_id": None, "message_id": None}
    await tx.change(update(Broadcast).where(own).values(**erased))


def _is_recipient(audience: Audience, language: str) -> ColumnElement[bool]:
    """Build the condition that a `Chat` gets the broadcast; only one thread of a group does."""
    twin = aliased(Chat, name="twin")
    is_first = ~exists().where(
        twin.telegram_id == Chat.telegram_id,  # type: ignore[arg-type]
        twin.state == ChatState.ACTIVE,  # type: ignore[arg-type]
        twin.id < Chat.id,  # type: ignore[arg-type]
    )
    conditions = [col(Chat.state) == ChatState.ACTIVE, is_first]
    if audience is Audience.PRIVATE:
        conditions.append(col(Chat.kind) == ChatKind.PRIVATE)
    if language:
        spoken = func.lower(effective_language())
        conditions.append(or_(spoken == language, spoken.like(f"{language}-%")))
    return and_(*conditions)
