"""Deliveries that wait for the operator: listing, releasing and dropping them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.access import record_event
from storage.enums import AuditAction
from storage.outbox import (
    count_deliveries_in,
    deliveries_in,
    drop_deliveries,
    release_deliveries,
    restore_delivery,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from storage.db.engine import Storage, Transaction
    from storage.enums import DeliveryKind, DeliveryState

_LONGEST_BEGINNING = 60


@dataclass(frozen=True, slots=True)
class DeliveryListed:
    """One delivery as the operator sees it; `chat` is Telegram's id."""

    id: int
    kind: DeliveryKind
    state: DeliveryState
    chat: int
    chat_name: str
    created_at: datetime
    attempts: int
    error: str
    begins: str


async def list_deliveries(
    storage: Storage, states: Collection[DeliveryState], limit: int = 100, offset: int = 0
) -> list[DeliveryListed]:
    """Return *limit* deliveries in *states*, the newest first."""
    async with storage.reading() as tx:
        rows = await deliveries_in(tx, states, limit, offset=offset)
    return [
        DeliveryListed(
            id=row.id,
            kind=row.kind,
            state=row.state,
            chat=chat.telegram_id,
            chat_name=chat.name,
            created_at=row.created_at,
            attempts=row.attempts,
            error=row.last_error or "",
            begins=_first_line(row.body.get("text", "")),
        )
        for row, chat in rows
    ]


async def count_deliveries(storage: Storage, states: Collection[DeliveryState]) -> int:
    async with storage.reading() as tx:
        return await count_deliveries_in(tx, states)


async def release_stuck(
    storage: Storage, ids: Sequence[int] | None = None, *, by: int | None = None
) -> int:
    """Make held and failed deliveries due again; return how many. *ids*: only these; None: all."""
    async with storage.writing() as tx:
        count = await release_deliveries(tx, ids)
        await _record(tx, by, AuditAction.RELEASED, ids, count)
    return count


async def drop_stuck(storage: Storage, ids: Sequence[int], *, by: int | None = None) -> int:
    """Give up held and failed deliveries; return how many."""
    async with storage.writing() as tx:
        count = await drop_deliveries(tx, ids)
        await _record(tx, by, AuditAction.DROPPED, ids, count)
    return count


async def restore_dropped(
    storage: Storage, delivery_id: int, state: DeliveryState, *, by: int | None = None
) -> int:
    """Put a dropped delivery back into *state*; return how many were restored, 0 or 1."""
    async with storage.writing() as tx:
        count = await restore_delivery(tx, delivery_id, state)
        await _record(tx, by, AuditAction.UNDROPPED, [delivery_id], count)
    return count


async def _record(
    tx: Transaction, by: int | None, action: AuditAction, ids: Sequence[int] | None, count: int
) -> None:
    if count:
        subject = "all" if ids is None else ", ".join(map(str, ids))
        await record_event(tx, by, action, subject, deliveries=count)


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= _LONGEST_BEGINNING else f"{line[: _LONGEST_BEGINNING - 1]}…"
