"""What the kills have done, by the playground's count and the database's."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlmodel import col, func, select

from storage.alerts import Alert
from storage.chats import Chat
from storage.editions import Edition
from storage.enums import DeliveryState
from storage.outbox import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.chaos.town import Address, Town
    from storage.db.engine import Transaction

HELD_AT_MOST = 0.01  # of those due, where they are many: of few a bad day's chance holds more
MANY = 1_000


@dataclass(frozen=True)
class Verdict:
    """`due` counts every delivery; `lost` is what neither arrived nor is held."""

    kills: int
    due: int
    lost: int
    held: int
    repeated: int
    doubled_decisions: int
    in_flight_at_kills: int

    @property
    def is_good(self) -> bool:
        """Whether it is as it must be; what is held was in flight at two kills, at the least."""
        return (
            self.lost == 0
            and self.repeated <= self.in_flight_at_kills
            and 2 * self.held <= self.in_flight_at_kills
            and (self.held <= HELD_AT_MOST * self.due or self.due < MANY)
            and self.doubled_decisions == 0
        )

    def to_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True)
class Arrived:
    """How often each message came to each address, by Telegram's numbers."""

    copies: Counter[tuple[Address, str]]
    loud_repeats: int

    @classmethod
    def of(cls, chats: Mapping[int, Sequence[dict[str, Any]]]) -> Arrived:
        """Count what stands in the *chats*, which nobody but the bot writes to."""
        copies: Counter[tuple[Address, str]] = Counter()
        loud = 0
        for chat, messages in chats.items():
            for message in messages:
                what = (chat, message.get("message_thread_id") or 0), _content(message)
                loud += bool(copies[what]) and not message["silent"]
                copies[what] += 1
        return cls(copies, loud)

    @property
    def repeated(self) -> int:
        return self.copies.total() - len(self.copies)

    def at(self) -> Counter[Address]:
        """Return how many different ones came to each address."""
        return Counter(where for where, _ in self.copies)


def _content(message: dict[str, Any]) -> str:
    return str(message.get("text") or message.get("rich_message") or message.get("caption"))


async def verdict(town: Town, arrived: Arrived, kills: int, in_flight: int) -> Verdict:
    async with town.storage.reading() as tx:
        held = await _held(tx)
        doubled = await _doubled(tx, town)
    shown, there = Counter(held), arrived.at()
    missing = {where: number - there[where] for where, number in town.owed().items()}
    lost = sum(max(0, number - shown[where]) for where, number in missing.items())
    return Verdict(
        kills=kills,
        due=town.due,
        lost=lost,
        held=len(held),
        repeated=arrived.repeated,
        doubled_decisions=doubled,
        in_flight_at_kills=in_flight,
    )


async def _held(tx: Transaction) -> list[Address]:
    """Return the address of each delivery that waits for the operator."""
    rows = await tx.session.exec(
        select(Chat.telegram_id, Chat.thread_id)
        .join(Delivery, col(Delivery.chat_id) == Chat.id)
        .where(col(Delivery.state) == DeliveryState.HELD)
    )
    return [(chat, thread) for chat, thread in rows]


async def _doubled(tx: Transaction, town: Town) -> int:
    """Return how many decisions there are beyond one a story or a slot, delivered or not."""
    alerts, editions = await _number(tx, Alert.id), await _number(tx, Edition.id)
    deliveries = await _number(tx, Delivery.id)
    owed = town.alerts, len(town.subscribers), town.due
    return sum(max(0, n - m) for n, m in zip((alerts, editions, deliveries), owed, strict=True))


async def _number(tx: Transaction, column: object) -> int:
    return (await tx.session.exec(select(func.count(col(column))))).one()
