"""Deliveries that wait for the operator, and letting them go again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, or_, true, update
from sqlmodel import col, select

from storage.chats import Chat
from storage.deliveries import Delivery
from storage.words import DeliveryState, Hint

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from storage.engine import Unit

RELEASABLE = (DeliveryState.HELD, DeliveryState.FAILED)


async def deliveries_in(
    unit: Unit, states: Collection[DeliveryState], limit: int
) -> list[tuple[Delivery, Chat]]:
    """Return the newest *limit* deliveries in *states*, with their chats."""
    statement = (
        select(Delivery, Chat)
        .join(Chat, col(Chat.id) == col(Delivery.chat_id))
        .where(or_(*(col(Delivery.state) == state for state in states)))
        .order_by(col(Delivery.id).desc())
        .limit(limit)
    )
    return list((await unit.session.exec(statement)).all())


async def release_deliveries(unit: Unit, ids: Sequence[int] | None = None) -> int:
    """Make held and failed deliveries due, all or those of *ids*; return how many.

    A held one may have arrived, so it goes without a sound.
    """
    chosen = true() if ids is None else col(Delivery.id).in_(ids)
    was_held = col(Delivery.state) == DeliveryState.HELD
    statement = (
        update(Delivery)
        .where(col(Delivery.state).in_(RELEASABLE), chosen)
        .values(
            state=DeliveryState.PENDING,
            due_at=unit.now,
            attempts=0,
            resent=False,
            silent=case((was_held, True), else_=col(Delivery.silent)),
        )
        .execution_options(synchronize_session=False)
    )
    unit.hints.add(Hint.DELIVERIES)
    return (await unit.session.exec(statement)).rowcount
