"""Pace: the moments at which the next messages may be sent (GCRA, ITU-T I.371, without a burst).

- One row per bot token, mail server and chat holds the theoretical arrival time `tat`. Permits
  begin at the `tat` and are spaced evenly, and each sender waits for the moment of its permit. Any
  window of one second contains at most one permit more than the rate.
- Other processes take permits from the same row, and this process does not see them. A message that
  misses its moment takes another permit, because it could coincide with messages of the others.
- Edits take permits too. Telegram is said not to count them, but they are few, and if that were
  wrong the whole token would be paused.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from storage.db.engine import SQLITE
from storage.enums import ChatKind
from storage.pace import advance, lock_pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from storage.db.engine import Storage, Transaction
    from storage.pace import Pace

# How far ahead deliveries take permits. A claim gets several permits, and a reply to a user, which
# takes the next one, waits at most this long for them.
HORIZON = timedelta(milliseconds=200)

# Telegram allows one message a second in a private chat. The interval is a little longer, because
# messages take different times to reach Telegram. A few replies in a row are sent at once, because
# a user waits for them.
PRIVATE_INTERVAL = timedelta(seconds=1.05)
PRIVATE_BURST = 3

# In groups and channels it allows 20 in any minute: (60 + 5 x 4.1) / 4.1 = 19. Deliveries may run
# further ahead than replies, so that they get permits even in a group that asks for many replies.
GROUP_INTERVAL = timedelta(seconds=4.1)
GROUP_BURST = 3
GROUPS_AHEAD = 4 * GROUP_INTERVAL

# How late a message may be at 27 a second, so that no second holds more than 28 messages. At a
# slower rate, a message may be late by one interval.
LATE_SECONDS = 0.037

# At most the horizon, because a slow process would take permits beyond the horizon of the others.
LONGEST_LEAD_SECONDS = HORIZON.total_seconds()
SHORTEST_LEAD_SECONDS = 0.01


class Timer:
    """A monotonic clock in seconds, and a way to wait on it."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


# Permits


def bot_key(token: str) -> str:
    """Return the key of the token's row: a hash, because no table may contain the token itself."""
    return f"bot:{hashlib.sha256(token.encode()).hexdigest()[:32]}"


def interval_of(per_second: float) -> timedelta:
    return timedelta(seconds=1 / per_second)


def chat_interval(kind: ChatKind) -> timedelta:
    return PRIVATE_INTERVAL if kind is ChatKind.PRIVATE else GROUP_INTERVAL


def free_permits(
    tat: datetime, now: datetime, interval: timedelta, *, wanted: int, horizon: timedelta = HORIZON
) -> list[datetime]:
    """Return up to *wanted* permits that begin within *horizon* of *now*."""
    room = (now + horizon - max(tat, now)) // interval + 1
    return next_permits(tat, now, interval, wanted=min(wanted, room))


def next_permits(
    tat: datetime, now: datetime, interval: timedelta, *, wanted: int
) -> list[datetime]:
    """Return the next *wanted* permits, even beyond the horizon. Replies to users take these."""
    start = max(tat, now)
    return [start + i * interval for i in range(wanted)]


def reply_moment(tat: datetime, now: datetime, kind: ChatKind) -> tuple[datetime, datetime]:
    """Return when a reply to a chat may be sent, and the chat's new `tat`."""
    burst = PRIVATE_BURST if kind is ChatKind.PRIVATE else GROUP_BURST
    interval = chat_interval(kind)
    arrival = max(tat, now) + interval
    return max(now, arrival - burst * interval), arrival


# The permits of one row, as moments on this process's own timer


@dataclass(eq=False)
class Lead:
    """How long before its permit a call is prepared: a little longer than recent commits took."""

    seconds: float = SHORTEST_LEAD_SECONDS

    def learn(self, seconds: float) -> None:
        """Adapt to the duration of a commit: at once if it was long, gradually if it was short."""
        lead = max(1.5 * seconds, 0.9 * self.seconds)
        self.seconds = min(max(lead, SHORTEST_LEAD_SECONDS), LONGEST_LEAD_SECONDS)


class Offer(NamedTuple):
    """Permits that may be taken in *tx*; none while the row is paused."""

    tx: Transaction
    """The transaction, whose `now` is the time at which the row was locked."""
    permits: list[datetime]
    moments: list[float]
    """The times of the permits on the timer."""


@dataclass(eq=False)
class Pacer:
    """Gives permits from one row. *key*: of the bot's token (`bot_key`) or of the mail server."""

    storage: Storage
    timer: Timer
    key: str
    per_second: float
    horizon: timedelta = HORIZON
    lead: Lead = field(default_factory=Lead)
    _free_at: float = field(default=float("-inf"), init=False)

    @property
    def interval(self) -> timedelta:
        return interval_of(self.per_second)

    @property
    def _is_alone(self) -> bool:
        """Whether no other process sends from this row, because SQLite allows only one process."""
        return self.storage.dialect == SQLITE

    async def offer(self, waiting: Transaction, wanted: int, *, commits: int = 1) -> Offer:
        """Lock the row until the transaction ends, and return up to *wanted* permits.

        The permits begin late enough for *commits* transactions, including this one, to commit
        before. On SQLite they may begin at once; see `keep`.
        """
        row, tx, timer_then = await self._lock(waiting)
        if wanted < 1 or (row.paused_until and row.paused_until > tx.now):
            return Offer(tx, [], [])
        permits = free_permits(
            row.tat, self._ready(tx, commits), self.interval, wanted=wanted, horizon=self.horizon
        )
        return Offer(tx, permits, _on_timer(permits, tx, timer_then))

    async def take(self, offer: Offer, used: int) -> None:
        await advance(offer.tx, self.key, offer.permits[used - 1] + self.interval)

    async def block(self, waiting: Transaction, count: int) -> list[float]:
        """Take the next *count* permits, even beyond the horizon; return their timer moments."""
        row, tx, timer_then = await self._lock(waiting)
        ready = self._ready(tx, commits=1)
        permits = next_permits(row.tat, ready, self.interval, wanted=count)
        await advance(tx, self.key, permits[-1] + self.interval)
        return _on_timer(permits, tx, timer_then)

    async def _lock(self, waiting: Transaction) -> tuple[Pace, Transaction, float]:
        """Lock the row; return it, the transaction at the time of the lock, and the timer then."""
        row = await lock_pace(waiting, self.key)
        # The time is read after the lock, because waiting for the lock may take long. The database
        # reads its clock about half way between request and response.
        asked_at, tx = self.timer.now(), await waiting.anew()
        return row, tx, (asked_at + self.timer.now()) / 2

    def _ready(self, tx: Transaction, commits: int) -> datetime:
        """Return when *commits* transactions, including this one, will probably be committed."""
        lead = 0.0 if self._is_alone else commits * self.lead.seconds
        return tx.now + timedelta(seconds=lead)

    async def until(self, moment: float) -> None:
        """Wait until the timer shows *moment*."""
        if (left := moment - self.timer.now()) > 0:
            await self.timer.wait(left)

    async def keep(self, moment: float, count: int) -> bool:
        """Wait for the permits of *count* calls at *moment*; return False if the moment was missed.

        On SQLite calls may begin late, because no other process takes permits. They still keep the
        usual distance to the calls before. Otherwise an event loop that was held up would start all
        overdue calls at once, over the limit.
        """
        if not self._is_alone:
            await self.until(moment)
            return not self.is_missed(moment)
        await self.until(max(moment, self._free_at))
        self._free_at = self.timer.now() + count * self.interval.total_seconds()
        return True

    def is_missed(self, moment: float) -> bool:
        late = max(LATE_SECONDS, 1 / self.per_second)
        return self.timer.now() - moment > late

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Yield a writing transaction, and adapt the lead to its duration."""
        began_at = self.timer.now()
        async with self.storage.writing() as tx:
            yield tx
        self.lead.learn(self.timer.now() - began_at)


def _on_timer(permits: list[datetime], tx: Transaction, timer_then: float) -> list[float]:
    """Return the timer's values at the permits, given its value *timer_then* at `tx.now`."""
    return [timer_then + (permit - tx.now).total_seconds() for permit in permits]
