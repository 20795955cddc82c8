"""Rendered messages as rows of the outbox."""

from collections.abc import Sequence
from typing import Any

from bot.rendering.messages import Message
from storage.deliveries import Delivery
from storage.engine import Unit
from storage.insert import insert_new
from storage.words import DeliveryKind, Hint, edit_key


def delivery(
    unit: Unit, kind: DeliveryKind, key: str, chat_id: int, message: Message
) -> dict[str, Any]:
    return {
        "key": key,
        "kind": kind,
        "chat_id": chat_id,
        "priority": kind.priority,
        "body": message.to_json(),
        "fallback": message.plain().to_json(),
        "due_at": unit.now,
        "created_at": unit.now,
    }


def edit_of(
    unit: Unit, delivery_id: int, version: int, chat_id: int, message: Message
) -> dict[str, Any]:
    """A row that changes what another delivery says; of several the newest version wins."""
    key = edit_key(delivery_id, version)
    row = delivery(unit, DeliveryKind.EDIT, key, chat_id, message)
    return row | {"target_id": delivery_id, "version": version}


async def put_out(unit: Unit, rows: Sequence[dict[str, Any]]) -> None:
    if await insert_new(unit, Delivery, rows, returning=Delivery.id):
        unit.hints.add(Hint.DELIVERIES)
