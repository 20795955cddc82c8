"""Deliveries that wait for the operator, and letting them go again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, or_, true, update
from sqlmodel import col, select

from storage.chats import Chat
from storage.deliveries import Delivery
from storage.words import DeliveryKind, DeliveryState, Hint

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement

    from storage.engine import Unit

RELEASABLE = (DeliveryState.HELD, DeliveryState.FAILED)


async def deliveries_in(
    unit: Unit, states: Collection[DeliveryState], limit: int, *, offset: int = 0
) -> list[tuple[Delivery, Chat]]:
    """Return *limit* deliveries in *states*, the newest first, with their chats."""
    statement = (
        select(Delivery, Chat)
        .join(Chat, col(Chat.id) == col(Delivery.chat_id))
        .where(or_(*(col(Delivery.state) == state for state in states)))
        .order_by(col(Delivery.id).desc())
        .offset(offset)
        .limit(limit)
    )
    return list((await unit.session.exec(statement)).all())


async def count_deliveries_in(unit: Unit, states: Collection[DeliveryState]) -> int:
    wanted = or_(*(col(Delivery.state) == state for state in states))
    counted = select(func.count()).select_from(Delivery).where(wanted)
    return (await unit.session.exec(counted)).one()


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


async def drop_deliveries(unit: Unit, ids: Sequence[int]) -> int:
    """Give up held and failed deliveries; return how many. Nothing waits behind such ones."""
    chosen = (col(Delivery.id).in_(ids), col(Delivery.state).in_(RELEASABLE))
    return await _become(unit, chosen, DeliveryState.DROPPED)


async def undrop_delivery(unit: Unit, delivery_id: int, state: DeliveryState) -> int:
    """Let a dropped one wait again in *state*; an edit that came too late stays dropped."""
    chosen = (
        col(Delivery.id) == delivery_id,
        col(Delivery.state) == DeliveryState.DROPPED,
        col(Delivery.kind) != DeliveryKind.EDIT,
    )
    return await _become(unit, chosen, state)


async def _become(unit: Unit, chosen: tuple[ColumnElement[bool], ...], state: DeliveryState) -> int:
    changed = update(Delivery).where(*chosen).values(state=state)
    silently = changed.execution_options(synchronize_session=False)
    return (await unit.session.exec(silently)).rowcount
