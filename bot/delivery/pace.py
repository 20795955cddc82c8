"""Pace: which moments the next messages may go at (GCRA, ITU-T I.371, without a burst).

One row per bot token holds the theoretical arrival time `tat`, another per chat. Messages get slots
at even distances from there on; whoever gets a slot waits for it. A window of one second holds at
most one slot more than the rate.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.enums import ChatKind

# Slots are given this far ahead, so that a claim yields several and a person's reply, which takes
# the next slot behind them, never waits longer.
HORIZON = timedelta(milliseconds=200)

# Telegram allows one a second in a private chat; a little slower, since the way to Telegram takes
# longer for one message than for another. A person waits for answers: a few in a row go at once.
PRIVATE_INTERVAL = timedelta(seconds=1.05)
PRIVATE_BURST = 3

# Elsewhere it allows 20 in any minute: (60 + 5 x 4.1) / 4.1 = 19. Deliveries may run further ahead
# than answers, so that they find a place however many answers a group asks for.
GROUP_INTERVAL = timedelta(seconds=4.1)
GROUP_BURST = 3
GROUPS_AHEAD = 4 * GROUP_INTERVAL


@dataclass(frozen=True, slots=True)
class Slots:
    """The moments given, and the arrival time that the row holds after *n* of them are used."""

    moments: tuple[datetime, ...]
    interval: timedelta

    def tat_after(self, used: int) -> datetime:
        return self.moments[used - 1] + self.interval


def bot_key(token: str) -> str:
    """Return the key of the token's row; the token itself stands in no table."""
    return f"bot:{hashlib.sha256(token.encode()).hexdigest()[:32]}"


def interval_of(per_second: float) -> timedelta:
    return timedelta(seconds=1 / per_second)


def chat_interval(kind: ChatKind) -> timedelta:
    return PRIVATE_INTERVAL if kind is ChatKind.PRIVATE else GROUP_INTERVAL


def free_slots(
    tat: datetime, now: datetime, interval: timedelta, *, wanted: int, horizon: timedelta = HORIZON
) -> Slots:
    """Return up to *wanted* slots that begin within *horizon* of *now*."""
    start = max(tat, now)
    count = min(wanted, (now + horizon - start) // interval + 1) if start <= now + horizon else 0
    return Slots(tuple(start + i * interval for i in range(count)), interval)


def next_slots(tat: datetime, now: datetime, interval: timedelta, *, wanted: int) -> Slots:
    """Return the next *wanted* slots, however far ahead: for people's replies."""
    start = max(tat, now)
    return Slots(tuple(start + i * interval for i in range(wanted)), interval)


def reply_moment(tat: datetime, now: datetime, kind: ChatKind) -> tuple[datetime, datetime]:
    """Return when a reply to a chat may go, and the chat's new arrival time."""
    burst = PRIVATE_BURST if kind is ChatKind.PRIVATE else GROUP_BURST
    interval = chat_interval(kind)
    arrival = max(tat, now) + interval
    return max(now, arrival - burst * interval), arrival
