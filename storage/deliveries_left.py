"""Deliveries left behind: by a process that died, or by an answer that never came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, or_, text, update
from sqlmodel import col, select

from storage.deliveries import IN_HAND, Delivery
from storage.deliveries_claimed import change_state
from storage.words import DeliveryState

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import ColumnElement

    from storage.engine import Unit


async def work_left_behind(unit: Unit) -> bool:
    """Whether a claim or a call has outlived its lease, or an unknown waits to be resent."""
    found = exists().where(text(IN_HAND), or_(_lease_over(unit), _unknown_due(unit)))
    return (await unit.session.exec(select(found))).one()


async def free_unbegun(unit: Unit) -> None:
    """Make claims due again whose lease is over: no call was made."""
    statement = (
        update(Delivery)
        .where(text(IN_HAND), col(Delivery.state) == DeliveryState.CLAIMED, _lease_over(unit))
        .values(state=DeliveryState.PENDING, owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    await unit.session.exec(statement)


async def begun_and_left(unit: Unit, owner: str, lease: timedelta) -> list[Delivery]:
    """Take over the calls whose owner has not come back with an answer; they may have arrived."""
    statement = (
        select(Delivery)
        .where(text(IN_HAND), col(Delivery.state) == DeliveryState.SENDING, _lease_over(unit))
        .with_for_update(skip_locked=True)
    )
    rows = list(await unit.session.exec(statement))
    await change_state(
        unit,
        [row.id for row in rows if row.id],
        state=DeliveryState.SENDING,
        owner=owner,
        lease_until=unit.now + lease,
    )
    return rows


async def resend_unknown(unit: Unit) -> None:
    """Make what may have arrived due once more, without a sound."""
    statement = (
        update(Delivery)
        .where(text(IN_HAND), _unknown_due(unit))
        .values(state=DeliveryState.PENDING, resent=True, silent=True)
        .execution_options(synchronize_session=False)
    )
    await unit.session.exec(statement)


def _lease_over(unit: Unit) -> ColumnElement[bool]:
    return and_(
        col(Delivery.state).in_((DeliveryState.CLAIMED, DeliveryState.SENDING)),
        or_(col(Delivery.lease_until).is_(None), col(Delivery.lease_until) <= unit.now),
    )


def _unknown_due(unit: Unit) -> ColumnElement[bool]:
    return and_(col(Delivery.state) == DeliveryState.UNKNOWN, col(Delivery.due_at) <= unit.now)
