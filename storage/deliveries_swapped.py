"""Deliveries whose fallback takes the place of a body that was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update
from sqlmodel import col

from storage.chats import Chat
from storage.deliveries import Delivery
from storage.insert import insert_new
from storage.words import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage.engine import Unit


async def swap_in(unit: Unit, refused: Delivery, further: Sequence[Mapping[str, Any]]) -> None:
    """Put out what follows the fallback of *refused*; remember where rich messages are refused.

    *further*: body and fallback of each. Their keys go on counting where that of *refused* ends.
    """
    if "rich" in refused.body:
        await _refuse_rich(unit, refused.chat_id)
    stem, _, part = refused.key.rpartition(":")
    for number, bodies in enumerate(further, int(part) + 1 if part.isdecimal() else 2):
        row = {
            "key": f"{stem}:{number}",
            "kind": refused.kind,
            "medium": refused.medium,
            "chat_id": refused.chat_id,
            "priority": refused.priority,
            "silent": refused.silent,
            "due_at": unit.now,
            "created_at": unit.now,
            **bodies,
        }
        # One by one, so that the parts stand in the outbox in their order.
        await insert_new(unit, Delivery, [row], returning=Delivery.id)


async def _refuse_rich(unit: Unit, chat_id: int) -> None:
    await unit.session.exec(
        update(Chat)
        .where(col(Chat.id) == chat_id, col(Chat.layout) == Layout.RICH)
        .values(layout=Layout.REFUSED)
        .execution_options(synchronize_session=False)
    )
