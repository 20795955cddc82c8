"""What hubs have promised us: to tell when a source has something new (WebSub)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, not_, or_, update
from sqlmodel import Field, col, select

from storage.db.engine import Transaction
from storage.db.leases import claim
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, insert_new
from storage.enums import SourceState
from storage.sources import Follow, Source


class PushSubscription(Leased, table=True):
    """One source at one hub. It outlives its source, until the hub knows."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    source_id: int | None = Field(
        default=None, foreign_key="source.id", ondelete="SET NULL", sa_type=ROW_ID, unique=True
    )
    hub: str
    topic: str
    public: bool = False  # the source is
    inside: bool = False  # the hub may stand in the operator's own network
    token: str = Field(max_length=64, unique=True)  # in the address that the hub calls
    secret: str = Field(max_length=64)

    due_at: datetime  # when the hub is asked again
    asking: str | None = None  # what it was asked and has not confirmed: its `hub.mode`
    ends_at: datetime | None = None  # None: nothing is confirmed
    failures: int = 0  # in a row
    pushed_at: datetime | None = (
        None  # the hub notified us, and the source has not been hastened yet
    )


class ExpectedPush(NamedTuple):
    """A subscription that a push came for. *is_pending*: one has come that is not done with."""

    id: int
    source_id: int
    hub: str
    secret: str
    is_pending: bool
    is_public: bool


def _is_wanted() -> ColumnElement[bool]:
    """Whether the `Source` of the query is read, and for somebody."""
    followed = exists().where(col(Follow.source_id) == col(Source.id))
    return and_(col(Source.state) == SourceState.ACTIVE, or_(col(Source.public), followed))


async def sources_without_push(tx: Transaction, limit: int) -> list[Source]:
    """Return sources that offer a hub which was not asked yet."""
    asked = select(PushSubscription.id).where(col(PushSubscription.source_id) == col(Source.id))
    found = await tx.session.exec(
        select(Source)
        .where(col(Source.hub).is_not(None), _is_wanted(), ~asked.exists())
        .order_by(~col(Source.public), col(Source.id))
        .limit(limit)
    )
    return list(found)


async def add_pushes(tx: Transaction, rows: list[Mapping[str, Any]]) -> None:
    """Store *rows*; another process may have stored some of them just now."""
    await insert_new(tx, PushSubscription, rows)


async def unsubscribe_unused(tx: Transaction) -> None:
    """Part the pushes from sources that are read no more or now offer another hub.

    A feed of users is read no more when its last follower leaves it.
    """
    stale = (
        select(PushSubscription.id)
        .join(Source, col(Source.id) == col(PushSubscription.source_id))
        .where(
            or_(
                not_(_is_wanted()),
                col(Source.hub).is_distinct_from(col(PushSubscription.hub)),
                col(Source.hub_topic).is_distinct_from(col(PushSubscription.topic)),
            )
        )
    )
    parted = {"source_id": None, "due_at": tx.now, "failures": 0, "pushed_at": None}
    await tx.session.exec(
        update(PushSubscription).where(col(PushSubscription.id).in_(stale)).values(**parted)
    )


async def claim_pushes(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta
) -> list[PushSubscription]:
    """Claim what a hub must be asked now; what a removed source left behind is due at once.

    Hubs of public sources come first, because users can name any number of others.
    """
    left_behind = and_(
        col(PushSubscription.source_id).is_(None),
        col(PushSubscription.asking).is_distinct_from("unsubscribe"),
    )
    public = exists().where(col(Source.id) == col(PushSubscription.source_id), col(Source.public))
    order = (not_(public), col(PushSubscription.due_at), col(PushSubscription.id))
    due = or_(col(PushSubscription.due_at) <= tx.now, left_behind)
    return await claim(
        tx, PushSubscription, due, order=order, limit=limit, owner=owner, lease=lease
    )


async def push_of(tx: Transaction, token: str) -> PushSubscription | None:
    return (
        await tx.session.exec(select(PushSubscription).where(col(PushSubscription.token) == token))
    ).first()


async def expected_push(tx: Transaction, token: str) -> ExpectedPush | None:
    """Return the subscription of *token*, unless nobody needs its pushes."""
    found = await tx.session.exec(
        select(PushSubscription, Source.public)
        .join(Source, col(Source.id) == col(PushSubscription.source_id))
        .where(col(PushSubscription.token) == token, _is_wanted())
    )
    row = found.first()
    if row is None:
        return None
    push, public = row
    is_pending = push.pushed_at is not None
    return ExpectedPush(push.id, push.source_id or 0, push.hub, push.secret, is_pending, public)


async def change_push(tx: Transaction, push_id: int, values: Mapping[str, Any]) -> None:
    await tx.session.exec(
        update(PushSubscription).where(col(PushSubscription.id) == push_id).values(**values)
    )


async def forget_push(tx: Transaction, push_id: int) -> None:
    await tx.session.exec(delete(PushSubscription).where(col(PushSubscription.id) == push_id))


async def poll_soon(tx: Transaction, apart: timedelta, push_id: int | None = None) -> int:
    """Make due what hubs notified us of, or the source of one push alone; return how many.

    A source that is being read, was read less than *apart* ago, or is unhealthy keeps its hint
    until that is over.
    """
    free = select(Source.id).where(
        col(Source.id) == col(PushSubscription.source_id),
        col(Source.owner).is_(None),
        col(Source.error).is_(None),
        or_(col(Source.fetched_at).is_(None), col(Source.fetched_at) <= tx.now - apart),
    )
    pushed = [col(PushSubscription.pushed_at).is_not(None), free.exists()]
    if push_id is not None:
        pushed.append(col(PushSubscription.id) == push_id)
    taken = await tx.session.exec(
        update(PushSubscription)
        .where(*pushed)
        .values(pushed_at=None)
        .returning(col(PushSubscription.source_id))
    )
    ids = list(taken.scalars())
    if ids:
        await tx.session.exec(
            update(Source)
            .where(among(col(Source.id), ids))
            .values(next_fetch_at=tx.now, hinted_at=tx.now)
        )
    return len(ids)
