"""What a decision writes into the delivery's row."""

from datetime import datetime
from typing import Any, Protocol

from bot.delivery.errors import DeliveryError, ServerTrouble, Unknown
from bot.delivery.fallbacks import swapped_in
from bot.delivery.ledger import Decision
from storage.enums import DeliveryState

TROUBLE_LENGTH = 500


class Row(Protocol):
    """The part of a delivery's row that decides what is written, as it was before the call."""

    attempts: int
    silent: bool
    body: dict[str, Any]
    fallback: dict[str, Any] | None


def changes(
    row: Row,
    decision: Decision,
    now: datetime,
    *,
    message_id: int | None = None,
    trouble: DeliveryError | str | None = None,
) -> dict[str, Any]:
    """Return the columns that change, by name."""
    written: dict[str, Any] = {
        "state": decision.state,
        "silent": row.silent or decision.silent,
        "trouble": str(trouble)[:TROUBLE_LENGTH] if trouble else None,
    }
    if decision.state in {DeliveryState.PENDING, DeliveryState.UNKNOWN}:
        written["due_at"] = now + decision.pause
    if decision.state is DeliveryState.SENT:
        written |= {"sent_at": now, "message_id": message_id, "trouble": None}
    if not decision.counts:
        written["attempts"] = row.attempts
    if decision.swap and row.fallback is not None:
        written |= swapped_in(row.fallback)
    return written


def counts_for_pace(is_edit: bool, error: DeliveryError | None) -> bool:  # noqa: FBT001 - a fact
    """Whether Telegram may have counted the call as a message to the chat."""
    return not is_edit and (error is None or isinstance(error, (Unknown, ServerTrouble)))
