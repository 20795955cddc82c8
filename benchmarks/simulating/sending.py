"""The outbox at one pace, hour after hour: alerts go before digests, and what is left waits."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from benchmarks.simulating.shapes import HOURS

DAYS = 2  # the second day begins with what the first left
_SECONDS = 3600


@dataclass(slots=True)
class Line:
    """What waits, oldest first, as pairs of the hour it fell due in and how many."""

    waiting: deque[tuple[int, float]] = field(default_factory=deque)

    @property
    def length(self) -> float:
        return sum(number for _, number in self.waiting)

    def take(self, room: float) -> tuple[float, int | None]:
        """Return how many went, and the hour in which the oldest of them fell due."""
        went, oldest = 0.0, None
        while self.waiting and room - went > 0:
            hour, number = self.waiting.popleft()
            now = min(number, room - went)
            went, oldest = went + now, hour if oldest is None else oldest
            if number > now:
                self.waiting.appendleft((hour, number - now))
        return went, oldest


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
    """Return the last of the days. *per_second*: of the token, or of all tokens together."""
    first, second, room = Line(), Line(), per_second * _SECONDS
    hours: list[Hour] = []
    for now in range(HOURS * DAYS):
        hour = now % HOURS
        first.waiting.append((now, alerts[hour]))
        second.waiting.append((now, digests[hour]))
        went_first, _ = first.take(room)
        went_second, _ = second.take(room - went_first)
        hours.append(
            Hour(
                hour=hour,
                alerts=alerts[hour],
                digests=digests[hour],
                sent=went_first + went_second,
                waiting=first.length + second.length,
                alerts_late=_late(first, now, alerts[hour], room),
                digests_late=_late(second, now, digests[hour], room - went_first),
            )
        )
    return hours[-HOURS:]


def _late(line: Line, now: int, came: float, room: float) -> float:
    """Return for how many hours the oldest has waited at the end; else what this hour took."""
    if line.waiting:
        return float(now + 1 - line.waiting[0][0])
    return came / room if room > 0 else 0.0


def most_users(per_second: float, alerts: Sequence[float], digests: Sequence[float]) -> float:
    """Return which share of these users the pace serves with no digest over an hour late."""
    low, high = 0.0, 64.0
    for _ in zip(range(40), count(), strict=False):
        middle = (low + high) / 2
        scaled = ([a * middle for a in alerts], [d * middle for d in digests])
        if max(each.digests_late for each in day_at(per_second, *scaled)) <= 1:
            low = middle
        else:
            high = middle
    return low
