"""Deliveries left behind: by a process that died, or by an answer that never came.

Each medium has a sender of its own, which asks for what it left behind itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, or_, text, update
from sqlmodel import col, select

from storage.deliveries import IN_HAND, Delivery
from storage.deliveries_claimed import change_state
from storage.words import DeliveryState, Medium

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import ColumnElement, TextClause

    from storage.engine import Unit


async def work_left_behind(unit: Unit, medium: Medium = Medium.TELEGRAM) -> bool:
    """Whether a claim or a call has outlived its lease, or an unknown waits to be resent."""
    left = or_(_lease_over(unit), _unknown_due(unit))
    found = exists().where(*_in_hand(medium), left)
    return (await unit.session.exec(select(found))).one()


async def free_unbegun(unit: Unit, medium: Medium = Medium.TELEGRAM) -> None:
    """Make claims due again whose lease is over: no call was made."""
    statement = (
        update(Delivery)
        .where(*_in_hand(medium), col(Delivery.state) == DeliveryState.CLAIMED, _lease_over(unit))
        .values(state=DeliveryState.PENDING, owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    await unit.session.exec(statement)


async def begun_and_left(
    unit: Unit, owner: str, lease: timedelta, medium: Medium = Medium.TELEGRAM
) -> list[Delivery]:
    """Take over the calls whose owner has not come back with an answer; they may have arrived."""
    statement = (
        select(Delivery)
        .where(*_in_hand(medium), col(Delivery.state) == DeliveryState.SENDING, _lease_over(unit))
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


async def resend_unknown(unit: Unit, medium: Medium = Medium.TELEGRAM) -> None:
    """Make what may have arrived due once more, without a sound."""
    statement = (
        update(Delivery)
        .where(*_in_hand(medium), _unknown_due(unit))
        .values(state=DeliveryState.PENDING, resent=True, silent=True)
        .execution_options(synchronize_session=False)
    )
    await unit.session.exec(statement)


def _in_hand(medium: Medium) -> tuple[TextClause, ColumnElement[bool]]:
    return text(IN_HAND), col(Delivery.medium) == medium


def _lease_over(unit: Unit) -> ColumnElement[bool]:
    return and_(
        col(Delivery.state).in_((DeliveryState.CLAIMED, DeliveryState.SENDING)),
        or_(col(Delivery.lease_until).is_(None), col(Delivery.lease_until) <= unit.now),
    )


def _unknown_due(unit: Unit) -> ColumnElement[bool]:
    return and_(col(Delivery.state) == DeliveryState.UNKNOWN, col(Delivery.due_at) <= unit.now)
