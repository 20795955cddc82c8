"""WebSub: our subscriptions at hubs, which push new entries of sources to us."""

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
    """A subscription to one source at one hub. It is kept until the hub confirms its end."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    source_id: int | None = Field(
        default=None, foreign_key="source.id", ondelete="SET NULL", sa_type=ROW_ID, unique=True
    )
    hub: str
    topic: str
    public: bool = False  # of a public source
    inside: bool = False  # the hub may be in the operator's own network
    token: str = Field(max_length=64, unique=True)  # part of the URL that the hub calls
    secret: str = Field(max_length=64)

    due_at: datetime  # when the hub is requested again
    asking: str | None = None  # the `hub.mode` of the last request, until the hub confirms it
    ends_at: datetime | None = None  # None: the subscription is not confirmed
    failures: int = 0  # in a row
    pushed_at: datetime | None = None  # of a push after which the source was not made due yet


class ExpectedPush(NamedTuple):
    """The subscription of a push. *is_pending*: an earlier push was not handled yet."""

    id: int
    source_id: int
    hub: str
    secret: str
    is_pending: bool
    is_public: bool


def _is_wanted() -> ColumnElement[bool]:
    """Build the condition that a `Source` is active, and public or followed."""
    followed = exists().where(col(Follow.source_id) == col(Source.id))
    return and_(col(Source.state) == SourceState.ACTIVE, or_(col(Source.public), followed))


async def sources_without_push(tx: Transaction, limit: int) -> list[Source]:
    """Return sources that have a hub but no subscription there yet."""
    subscribed = select(PushSubscription.id).where(
        col(PushSubscription.source_id) == col(Source.id)
    )
    return list(
        await tx.rows(
            select(Source)
            .where(col(Source.hub).is_not(None), _is_wanted(), ~subscribed.exists())
            .order_by(~col(Source.public), col(Source.id))
            .limit(limit)
        )
    )


async def add_pushes(tx: Transaction, rows: list[Mapping[str, Any]]) -> None:
    """Store the subscriptions, except for those that another process has just stored."""
    await insert_new(tx, PushSubscription, rows)


async def unsubscribe_unused(tx: Transaction) -> None:
    """Detach the subscriptions of sources that are no longer read or now name another hub.

    A private source is no longer read once its last follower has left.
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
    detached = {"source_id": None, "due_at": tx.now, "failures": 0, "pushed_at": None}
    await tx.change(
        update(PushSubscription).where(col(PushSubscription.id).in_(stale)).values(**detached)
    )


async def claim_pushes(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta
) -> list[PushSubscription]:
    """Claim subscriptions whose hub must be asked now; those of removed sources are due at once.

    Those of public sources come first, because users can add any number of other hubs.
    """
    is_detached = and_(
        col(PushSubscription.source_id).is_(None),
        col(PushSubscription.asking).is_distinct_from("unsubscribe"),
    )
    public = exists().where(col(Source.id) == col(PushSubscription.source_id), col(Source.public))
    order = (not_(public), col(PushSubscription.due_at), col(PushSubscription.id))
    due = or_(col(PushSubscription.due_at) <= tx.now, is_detached)
    return await claim(
        tx, PushSubscription, due, order=order, limit=limit, owner=owner, lease=lease
    )


async def push_of(tx: Transaction, token: str) -> PushSubscription | None:
    push: PushSubscription | None = await tx.first(
        select(PushSubscription).where(col(PushSubscription.token) == token)
    )
    return push


async def expected_push(tx: Transaction, token: str) -> ExpectedPush | None:
    """Return the subscription of *token*; None if its source is no longer read."""
    row = await tx.first(
        select(PushSubscription, Source.id, Source.public)
        .join(Source, col(Source.id) == col(PushSubscription.source_id))
        .where(col(PushSubscription.token) == token, _is_wanted())
    )
    if row is None:
        return None
    push, source_id, is_public = row
    is_pending = push.pushed_at is not None
    return ExpectedPush(push.id, source_id, push.hub, push.secret, is_pending, is_public)


async def change_push(tx: Transaction, push_id: int, values: Mapping[str, Any]) -> None:
    await tx.change(
        update(PushSubscription).where(col(PushSubscription.id) == push_id).values(**values)
    )


async def forget_push(tx: Transaction, push_id: int) -> None:
    await tx.change(delete(PushSubscription).where(col(PushSubscription.id) == push_id))


async def poll_soon(tx: Transaction, apart: timedelta, push_id: int | None = None) -> int:
    """Make the sources of pending pushes due; return their number. *push_id*: only this push.

    A push stays pending while its source is being read, was read less than *apart* ago, or has an
    error.
    """
    is_free = (
        select(Source.id)
        .where(
            col(Source.id) == col(PushSubscription.source_id),
            col(Source.owner).is_(None),
            col(Source.error).is_(None),
            or_(col(Source.fetched_at).is_(None), col(Source.fetched_at) <= tx.now - apart),
        )
        .exists()
    )
    pushed = [col(PushSubscription.pushed_at).is_not(None), is_free]
    if push_id is not None:
        pushed.append(col(PushSubscription.id) == push_id)
    taken = await tx.rows(
        update(PushSubscription)
        .where(*pushed)
        .values(pushed_at=None)
        .returning(col(PushSubscription.source_id))
    )
    ids = [source_id for (source_id,) in taken]
    if ids:
        due_now = {"next_fetch_at": tx.now, "hinted_at": tx.now}
        await tx.change(update(Source).where(among(col(Source.id), ids)).values(**due_now))
    return len(ids)
