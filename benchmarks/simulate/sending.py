"""The outbox hour by hour: alerts are sent before digests, within the pace of the token."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.simulate.shapes import HOURS

DAYS = 2  # the second day begins with the queue of the first
_SECONDS = 3600


@dataclass(slots=True)
class Queue:
    """Waiting messages, the oldest first, by the hour in which they fell due."""

    waiting: deque[tuple[int, float]] = field(default_factory=deque)

    @property
    def length(self) -> float:
        return sum(number for _, number in self.waiting)

    def take(self, room: float) -> float:
        """Remove at most *room* messages; return how many were removed."""
        taken = 0.0
        while self.waiting and room - taken > 0:
            hour, number = self.waiting.popleft()
            now = min(number, room - taken)
            taken += now
            if number > now:
                self.waiting.appendleft((hour, number - now))
        return taken


@dataclass(frozen=True, slots=True)
class Hour:
    hour: int
    alerts: float
    digests: float
    sent: float
    waiting: float
    alerts_late: float  # hours
    digests_late: float


def day_at(per_second: float, alerts: Sequence[float], digests: Sequence[float]) -> list[Hour]:
    """Return the hours of the last day. *per_second*: messages of all tokens together."""
    first, second, room = Queue(), Queue(), per_second * _SECONDS
    hours: list[Hour] = []
    for now in range(HOURS * DAYS):
        hour = now % HOURS
        first.waiting.append((now, alerts[hour]))
        second.waiting.append((now, digests[hour]))
        sent_alerts = first.take(room)
        sent_digests = second.take(room - sent_alerts)
        hours.append(
            Hour(
                hour=hour,
                alerts=alerts[hour],
                digests=digests[hour],
                sent=sent_alerts + sent_digests,
                waiting=first.length + second.length,
                alerts_late=_late(first, now, alerts[hour], room),
                digests_late=_late(second, now, digests[hour], room - sent_alerts),
            )
        )
    return hours[-HOURS:]


def _late(queue: Queue, now: int, due: float, room: float) -> float:
    """Return the hours for which the oldest waits, or this hour's share if none does."""
    if queue.waiting:
        return float(now + 1 - queue.waiting[0][0])
    return due / room if room > 0 else 0.0


def most_users(per_second: float, alerts: Sequence[float], digests: Sequence[float]) -> float:
    """Return the share of these users whom the pace serves with no digest over an hour late."""
    low, high = 0.0, 64.0
    for _ in range(40):
        middle = (low + high) / 2
        scaled = ([a * middle for a in alerts], [d * middle for d in digests])
        if max(hour.digests_late for hour in day_at(per_second, *scaled)) <= 1:
            low = middle
        else:
            high = middle
    return low
