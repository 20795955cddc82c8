"""Rendered messages as rows of the outbox."""

from collections.abc import Sequence
from typing import Any, Protocol

from storage.db.engine import Transaction
from storage.db.sql import insert_new
from storage.enums import DeliveryKind, Notification, edit_key
from storage.outbox import Delivery


class Body(Protocol):
    """What a delivery's row freezes: a message of Telegram's, a mail."""

    def to_json(self) -> dict[str, Any]: ...

    def fallback(self) -> dict[str, Any] | None:
        """Return the body that goes out where this one is refused for its form."""


def delivery(
    unit: Transaction, kind: DeliveryKind, key: str, chat_id: int, body: Body
) -> dict[str, Any]:
    return {
        "key": key,
        "kind": kind,
        "chat_id": chat_id,
        "priority": kind.priority,
        "body": body.to_json(),
        "fallback": body.fallback(),
        "due_at": unit.now,
        "created_at": unit.now,
    }


def edit_of(
    unit: Transaction, delivery_id: int, version: int, chat_id: int, body: Body
) -> dict[str, Any]:
    """A row that changes what another delivery says; of several the newest version wins."""
    key = edit_key(delivery_id, version)
    row = delivery(unit, DeliveryKind.EDIT, key, chat_id, body)
    return row | {"target_id": delivery_id, "version": version}


async def put_out(unit: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    if await insert_new(unit, Delivery, rows, returning=Delivery.id):
        unit.hints.add(Notification.DELIVERIES)
