"""Deliveries: one rendered message each, on its way; the outbox is their table."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, text
from sqlmodel import Field

from storage.columns import NUMBERED, ROW_ID, Leased, stored_as
from storage.words import DeliveryKind, DeliveryState, Medium

# Literal, since a partial index serves only a condition that the planner can read. Most deliveries
# are sent ones; each index holds the few that its question is about.
PENDING = "state = 'pending'"
NEXT = f"{PENDING} AND NOT waits"
IN_HAND = "state IN ('claimed', 'sending', 'unknown')"
IN_THE_WAY = "state IN ('pending', 'claimed', 'sending', 'unknown')"
IN_TROUBLE = "state IN ('held', 'failed')"
OF_A_BROADCAST = "broadcast_id IS NOT NULL"
REPLIES = "reply_to_id IS NOT NULL"

# Deliveries of a suspended chat are due only when it comes back, so that no claim steps over them.
WHEN_IT_COMES_BACK = datetime(9000, 1, 1, tzinfo=UTC)


def _of(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Delivery(Leased, table=True):
    __table_args__ = (
        Index("ix_delivery_next", "medium", "priority", "due_at", "id", "chat_id", **_of(NEXT)),
        Index("ix_delivery_line", "chat_id", "medium", "id", **_of(IN_THE_WAY)),
        Index("ix_delivery_in_hand", "state", "lease_until", **_of(IN_HAND)),
        Index("ix_delivery_in_trouble", "id", **_of(IN_TROUBLE)),
        Index("ix_delivery_broadcast_id", "broadcast_id", **_of(OF_A_BROADCAST)),
        Index("ix_delivery_reply_to_id", "reply_to_id", **_of(REPLIES)),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    key: str = Field(max_length=200, unique=True)
    kind: DeliveryKind = Field(sa_type=stored_as(DeliveryKind))
    medium: Medium = Field(default=Medium.TELEGRAM, sa_type=stored_as(Medium))
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    mailbox_id: int | None = Field(  # of an e-mail
        default=None, foreign_key="mailbox.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    priority: int
    state: DeliveryState = Field(default=DeliveryState.PENDING, sa_type=stored_as(DeliveryState))
    body: dict[str, Any] = Field(sa_type=JSON)  # frozen when the row is made
    fallback: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    target_id: int | None = Field(  # of an edit: the delivery that it changes
        default=None, foreign_key="delivery.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    reply_to_id: int | None = Field(  # the delivery whose message it answers, if that is there
        default=None, foreign_key="delivery.id", ondelete="SET NULL", sa_type=ROW_ID
    )
    version: int = 0  # of an edit: the newest wins
    silent: bool = False
    broadcast_id: int | None = Field(default=None, sa_type=ROW_ID)
    waits: bool = False  # behind another of its address: no claim need look at it
    attempts: int = 0
    resent: bool = False  # an unknown is resent once
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None = None
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    trouble: str | None = None  # the last refusal, for the operator
