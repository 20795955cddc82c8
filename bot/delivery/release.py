"""What the operator may do with deliveries that wait: see them, and let them go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.deliveries_held import deliveries_in, release_deliveries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from storage.engine import Storage
    from storage.words import DeliveryKind, DeliveryState


@dataclass(frozen=True, slots=True)
class Listed:
    """One delivery as the operator sees it; `chat` is Telegram's number."""

    id: int
    kind: DeliveryKind
    state: DeliveryState
    chat: int
    chat_name: str
    created_at: datetime
    attempts: int
    trouble: str
    begins: str


@dataclass(frozen=True, slots=True)
class Releasing:
    storage: Storage

    async def waiting(self, states: Collection[DeliveryState], limit: int = 100) -> list[Listed]:
        async with self.storage.reading() as unit:
            rows = await deliveries_in(unit, states, limit)
        return [
            Listed(
                id=row.id or 0,
                kind=row.kind,
                state=row.state,
                chat=chat.telegram_id,
                chat_name=chat.name,
                created_at=row.created_at,
                attempts=row.attempts,
                trouble=row.trouble or "",
                begins=_first_line(row.body.get("text", "")),
            )
            for row, chat in rows
        ]

    async def release(self, ids: Sequence[int] | None = None) -> int:
        """Make held and failed deliveries due again, all or those of *ids*; return how many."""
        async with self.storage.writing() as unit:
            return await release_deliveries(unit, ids)


def _first_line(text: str, limit: int = 60) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
