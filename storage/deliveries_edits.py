"""Edits and replies in the outbox: which message each one changes or answers, if it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, not_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.deliveries import Delivery
from storage.words import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.engine import Unit

_newer = aliased(Delivery, name="newer")
_target = aliased(Delivery, name="target")


async def messages_to_edit(unit: Unit, edits: Iterable[int]) -> dict[int, int]:
    """Return the message of each of *edits*; none where a newer edit overtook it, or none is."""
    overtaken = exists().where(
        col(_newer.target_id) == col(Delivery.target_id),
        col(_newer.version) > col(Delivery.version),
        col(_newer.state).not_in((DeliveryState.FAILED, DeliveryState.DROPPED)),
    )
    statement = (
        select(col(Delivery.id), col(_target.message_id))
        .join(_target, col(_target.id) == col(Delivery.target_id))
        .where(
            col(Delivery.id).in_(edits),
            col(_target.state) == DeliveryState.SENT,
            col(_target.message_id).is_not(None),
            not_(overtaken),
        )
    )
    found = await unit.session.exec(statement)
    return {edit: message for edit, message in found if edit is not None and message is not None}


async def messages_to_answer(unit: Unit, replies: Iterable[int]) -> dict[int, int]:
    """Return the message that each of *replies* answers; none where it never was sent."""
    statement = (
        select(col(Delivery.id), col(_target.message_id))
        .join(_target, col(_target.id) == col(Delivery.reply_to_id))
        .where(col(Delivery.id).in_(replies), col(_target.state) == DeliveryState.SENT)
    )
    found = await unit.session.exec(statement)
    return {reply: message for reply, message in found if reply is not None and message is not None}
