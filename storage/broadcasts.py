"""Broadcasts: what the operator says to many chats, and how far it has come.

Its deliveries are made a few ahead of the pace, since what is on its way to a chat holds back what
comes behind it: an alert must not wait for a broadcast that has an hour to go.
"""

from collections.abc import Mapping
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

from storage.access import ERASED_USER
from storage.chats import Chat, effective_language
from storage.db.engine import Transaction
from storage.db.leases import claim
from storage.db.sql import NUMBERED, ROW_ID, Leased, enum_column
from storage.enums import Audience, BroadcastState, ChatKind, ChatState, DeliveryState
from storage.outbox import BLOCKING_SQL, Delivery


class Broadcast(Leased, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    made_at: datetime
    user_id: int = Field(sa_type=BigInteger)  # who says it
    body: dict[str, Any] = Field(sa_type=JSON)  # a message, without what is put under it
    audience: Audience = Field(default=Audience.ALL, sa_type=enum_column(Audience))
    language: str = Field(default="", max_length=16)  # of the chats; "": of any
    state: BroadcastState = Field(default=BroadcastState.DRAFT, sa_type=enum_column(BroadcastState))
    recipients: int = 0  # when it was begun
    through: int = Field(default=0, sa_type=ROW_ID)  # the last chat that has its delivery
    made: int = 0  # how many have one

    # The message that shows how far it is; the last report comes once.
    status_chat_id: int | None = Field(default=None, sa_type=BigInteger)
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    reported_at: datetime | None = None
    is_reported: bool = False


_AT_WORK = (BroadcastState.RUNNING, BroadcastState.STOPPING)


class BroadcastCounts(NamedTuple):
    """What has become of the deliveries of one broadcast so far."""

    sent: int = 0
    moving: int = 0  # due or in hand
    waiting: int = 0  # for a chat that has gone meanwhile
    failed: int = 0  # refused, or held for the operator
    expired: int = 0


async def add_draft(tx: Transaction, user_id: int, body: dict[str, Any]) -> Broadcast:
    """Add a broadcast of this admin, which goes to nobody yet."""
    return await tx.add(Broadcast(made_at=tx.now, user_id=user_id, body=body))


async def broadcast_to_change(tx: Transaction, broadcast_id: int) -> Broadcast | None:
    """Return it, locked till the transaction ends."""
    locked = select(Broadcast).where(col(Broadcast.id) == broadcast_id).with_for_update()
    fresh = locked.execution_options(populate_existing=True)
    return (await tx.session.exec(fresh)).one_or_none()


async def claim_broadcasts(
    tx: Transaction, *, limit: int, owner: str, lease: timedelta
) -> list[Broadcast]:
    due = col(Broadcast.state).in_(_AT_WORK)
    order = (col(Broadcast.id),)
    return await claim(tx, Broadcast, due, order=order, limit=limit, owner=owner, lease=lease)


async def count_recipients(tx: Transaction, audience: Audience, language: str) -> int:
    wanted = select(func.count()).select_from(Chat).where(_meant(audience, language))
    return (await tx.session.exec(wanted)).one()


async def next_recipients(
    tx: Transaction, broadcast: Broadcast, limit: int
) -> list[tuple[int, str]]:
    """Return the next chats that have no delivery of it yet, with the tags of their languages."""
    meant = _meant(broadcast.audience, broadcast.language)
    wanted = select(Chat.id, effective_language()).where(meant, col(Chat.id) > broadcast.through)
    rows = await tx.session.exec(wanted.order_by(col(Chat.id)).limit(limit))
    return [(chat_id, tag) for chat_id, tag in rows if chat_id]


async def languages_of_chats(tx: Transaction) -> Mapping[str, int]:
    """Return how many chats there are of each language, as their clients say it."""
    meant = _meant(Audience.ALL, "")
    counted = select(effective_language(), func.count()).where(meant).group_by(effective_language())
    return dict(list(await tx.session.exec(counted)))


async def count_moving(tx: Transaction, broadcast_id: int) -> int:
    """How many of its deliveries are due or in hand: as many as were made ahead, at most."""
    moving = (col(Delivery.broadcast_id) == broadcast_id, text(f"delivery.{BLOCKING_SQL}"))
    counted = select(func.count()).where(*moving, text("delivery.state <> 'sent'"))
    return (await tx.session.exec(counted)).one()


async def counts_of(tx: Transaction, broadcast: Broadcast) -> BroadcastCounts:
    """Count what is not sent, which an index holds; of all that was made the rest is."""
    rows = await tx.session.exec(
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
    """Return those whose status message is to show how far they are, once in *every*."""
    shown = (col(Broadcast.message_id).is_not(None), ~col(Broadcast.is_reported))
    due = or_(col(Broadcast.reported_at).is_(None), col(Broadcast.reported_at) <= tx.now - every)
    begun = col(Broadcast.state) != BroadcastState.DRAFT
    due_reports = update(Broadcast).where(begun, *shown, due).values(reported_at=tx.now)
    options = {"synchronize_session": False, "populate_existing": True}
    rows = await tx.session.exec(due_reports.returning(Broadcast), execution_options=options)
    return list(rows.scalars())


async def forget_sender(tx: Transaction, user_id: int) -> None:
    """Drop the user's drafts; what was sent stays, and no longer says who sent it."""
    theirs = col(Broadcast.user_id) == user_id
    drafts = delete(Broadcast).where(theirs, col(Broadcast.state) == BroadcastState.DRAFT)
    await tx.session.exec(drafts.execution_options(synchronize_session=False))
    values = {"user_id": ERASED_USER, "status_chat_id": None, "message_id": None}
    said = update(Broadcast).where(theirs).execution_options(synchronize_session=False)
    await tx.session.exec(said.values(**values))


def _meant(audience: Audience, language: str) -> ColumnElement[bool]:
    """Say whether a `Chat` is meant; of a group with several threads only the first is."""
    twin = aliased(Chat, name="twin")
    is_first = ~exists().where(
        twin.telegram_id == Chat.telegram_id,  # type: ignore[arg-type]
        twin.state == ChatState.ACTIVE,  # type: ignore[arg-type]
        twin.id < Chat.id,  # type: ignore[arg-type]
    )
    which = [col(Chat.state) == ChatState.ACTIVE, is_first]
    if audience is Audience.PRIVATE:
        which.append(col(Chat.kind) == ChatKind.PRIVATE)
    if language:
        spoken = func.lower(effective_language())
        which.append(or_(spoken == language, spoken.like(f"{language}-%")))
    return and_(*which)
