"""Turns: the slots of the token's row, as moments on this process's own timer.

Other processes take slots of the same row and hear nothing from this one. Whoever comes too late
for a slot takes another: its message would come on top of theirs.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from bot.delivery.pace import HORIZON, Slots, free_slots, interval_of, next_slots
from storage.db.engine import SQLITE
from storage.pace import advance, lock_pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from bot.delivery.calls import Timetable
    from storage.db.engine import Storage, Transaction
    from storage.pace import Pace

# At 27 a second all may be late by so much, and no second holds more than 28.
LATE_SECONDS = 0.037

# No longer than the horizon: who is slow would take slots from beyond where the others look.
LONGEST_LEAD_SECONDS = HORIZON.total_seconds()
SHORTEST_LEAD_SECONDS = 0.01


@dataclass(eq=False)
class Lead:
    """How long before its slot a call is made ready: somewhat longer than commits took of late."""

    seconds: float = SHORTEST_LEAD_SECONDS

    def learn(self, seconds: float) -> None:
        """Heed how long a commit took: at once if that was long, by and by if it was short."""
        lead = max(1.5 * seconds, 0.9 * self.seconds)
        self.seconds = min(max(lead, SHORTEST_LEAD_SECONDS), LONGEST_LEAD_SECONDS)


class _Locked(NamedTuple):
    """The token's row, ours until the transaction ends."""

    row: Pace
    tx: Transaction
    """At the moment that it was when the row was locked."""
    now: float
    """What the timer showed then."""

    def on_timer(self, slots: Slots) -> list[float]:
        return [self.now + (slot - self.tx.now).total_seconds() for slot in slots.moments]


class Offer(NamedTuple):
    """Slots that may be taken in *tx*; none while the token pauses."""

    tx: Transaction
    """At the moment that it was when the row was locked."""
    slots: Slots
    moments: list[float]
    """The slots, on the timer."""


@dataclass(frozen=True, slots=True)
class Turns:
    """*pace_key* is the row of the bot's token (`pace.bot_key`)."""

    storage: Storage
    times: Timetable
    pace_key: str
    per_second: float
    lead: Lead = field(default_factory=Lead)

    @property
    def _is_alone(self) -> bool:
        """Whether nobody else can send with this token: a file has one process."""
        return self.storage.dialect == SQLITE

    async def offer(self, waiting: Transaction, wanted: int, *, commits: int = 1) -> Offer:
        """Lock the row until the transaction ends, and find up to *wanted* slots.

        They begin so far ahead that this transaction is committed by then, and *commits* in
        all; who is alone need not be in time.
        """
        locked = await self._lock(waiting)
        row, tx = locked.row, locked.tx
        interval = interval_of(self.per_second)
        if wanted < 1 or (row.paused_until and row.paused_until > tx.now):
            return Offer(tx, Slots((), interval), [])
        slots = free_slots(row.tat, self._ready(tx, commits), interval, wanted=wanted)
        return Offer(tx, slots, locked.on_timer(slots))

    async def block(self, waiting: Transaction, count: int) -> list[float]:
        """Take the next *count* slots, however far ahead; return their moments on the timer."""
        locked = await self._lock(waiting)
        ready, interval = self._ready(locked.tx, commits=1), interval_of(self.per_second)
        slots = next_slots(locked.row.tat, ready, interval, wanted=count)
        await advance(locked.tx, self.pace_key, slots.tat_after(count))
        return locked.on_timer(slots)

    async def _lock(self, waiting: Transaction) -> _Locked:
        row = await lock_pace(waiting, self.pace_key)
        # Counted from when they were ours to give: the lock may have been waited for. The database
        # said what time it is half way between asking and hearing, more or less.
        asked, tx = self.times.timer.now(), await waiting.anew()
        return _Locked(row, tx, (asked + self.times.timer.now()) / 2)

    def _ready(self, tx: Transaction, commits: int) -> datetime:
        """When so many commits will be done, this transaction's among them."""
        lead = 0.0 if self._is_alone else commits * self.lead.seconds
        return tx.now + timedelta(seconds=lead)

    async def take(self, offer: Offer, used: int) -> None:
        await advance(offer.tx, self.pace_key, offer.slots.tat_after(used))

    async def keep(self, moment: float, count: int) -> bool:
        """Wait for the slot of *count* calls at *moment*; return whether they may begin then.

        Who is alone may begin late, at the usual distance to what it began before.
        """
        if self._is_alone:
            await self.times.turn(moment, count * interval_of(self.per_second))
            return True
        await self.times.until(moment)
        return not self.is_missed(moment)

    def is_missed(self, moment: float) -> bool:
        return self.times.timer.now() - moment > LATE_SECONDS

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction that writes; the lead learns from how long it takes."""
        began = self.times.timer.now()
        async with self.storage.writing() as tx:
            yield tx
        self.lead.learn(self.times.timer.now() - began)
