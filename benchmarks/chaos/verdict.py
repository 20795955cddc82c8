"""The verdict of a run, by the messages in the playground and the rows in the database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlmodel import col, func, select

from benchmarks.chaos.audience import Address, Audience
from storage.alerts import Alert
from storage.chats import Chat
from storage.editions import Edition
from storage.enums import DeliveryState
from storage.outbox import Delivery

HELD_AT_MOST = 0.01  # of the due ones; of few, more may be held by chance
MANY = 1_000


@dataclass(frozen=True)
class Verdict:
    """*due* counts all deliveries; *lost* ones neither arrived nor are held."""

    kills: int
    due: int
    lost: int
    held: int
    repeated: int
    doubled_decisions: int
    in_flight_at_kills: int

    @property
    def is_good(self) -> bool:
        """Whether no guarantee was broken; a held one was in flight at two kills at least."""
        return (
            self.lost == 0
            and self.repeated <= self.in_flight_at_kills
            and 2 * self.held <= self.in_flight_at_kills
            and (self.held <= HELD_AT_MOST * self.due or self.due < MANY)
            and self.doubled_decisions == 0
        )


@dataclass(frozen=True)
class Arrivals:
    """How often each message arrived at each address; *loud_repeats* made a sound."""

    copies: Counter[tuple[Address, str]]
    loud_repeats: int

    @classmethod
    def count(cls, chats: Mapping[int, Sequence[dict[str, Any]]]) -> Self:
        """Count the messages in *chats*, which are all the bot's."""
        copies: Counter[tuple[Address, str]] = Counter()
        loud = 0
        for chat, messages in chats.items():
            for message in messages:
                key = (chat, message.get("message_thread_id") or 0), _content(message)
                loud += bool(copies[key]) and not message["silent"]
                copies[key] += 1
        return cls(copies, loud)

    @property
    def repeated(self) -> int:
        return self.copies.total() - len(self.copies)


def _content(message: dict[str, Any]) -> str:
    return str(message.get("text") or message.get("rich_message") or message.get("caption"))


async def judge(audience: Audience, arrivals: Arrivals, kills: int, in_flight: int) -> Verdict:
    is_held = col(Delivery.state) == DeliveryState.HELD
    held = select(Chat.telegram_id, Chat.thread_id).join(Delivery, col(Delivery.chat_id) == Chat.id)
    async with audience.storage.reading() as tx:
        held_at = Counter((chat, thread) for chat, thread in await tx.rows(held.where(is_held)))
        counts = [
            await tx.one(select(func.count(col(column))))
            for column in (Alert.id, Edition.id, Delivery.id)
        ]
    arrived = Counter(address for address, _ in arrivals.copies)
    due = audience.due_by_address().items()
    expected = audience.alerts, len(audience.subscribers), audience.due
    return Verdict(
        kills=kills,
        due=audience.due,
        lost=sum(max(0, number - arrived[at] - held_at[at]) for at, number in due),
        held=held_at.total(),
        repeated=arrivals.repeated,
        doubled_decisions=sum(max(0, n - m) for n, m in zip(counts, expected, strict=True)),
        in_flight_at_kills=in_flight,
    )
