"""When a chat's next digest is due, in its own zone.

1. A chat has one to four slots, each a wall time and its weekdays. A slot keeps its number while
   its time is changed.
2. There is one edition for one local date and slot: the next of a slot is of a date after its last
   one's, whatever time or zone it has had since.
3. A wall time that does not exist moves to the instant after the gap; one that exists twice means
   the first; a date that does not exist has no edition.
4. Slots that fall due at one moment are one edition: that of the rarest, so of the weekly one.
5. After downtime the latest edition missed is made late, up to six hours; whatever is older is
   merged into the next.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from bot.publishing.walltime import instant, local_date
from storage.enums import DEFAULT_SCHEDULE, ScheduleTime

LATEST = timedelta(hours=6)
_DAY = timedelta(days=1)
# Without any edition yet.
NEVER: Mapping[int, date] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Plan:
    """The *slots* of a chat, at wall times in *zone* (IANA)."""

    zone: str
    slots: tuple[ScheduleTime, ...] = DEFAULT_SCHEDULE

    @property
    def rhythms(self) -> list[tuple[int, list[int]]]:
        """Weekdays with the minutes after midnight that they share, most days first."""
        shared: dict[int, list[int]] = {}
        for slot in sorted(self.slots, key=lambda slot: slot.minutes):
            shared.setdefault(slot.weekdays, []).append(slot.minutes)
        return sorted(shared.items(), key=lambda one: (-one[0].bit_count(), one[0]))


@dataclass(frozen=True, slots=True)
class Due:
    """The edition of the local date *day* and a slot, due *at* (aware UTC)."""

    at: datetime
    day: date
    slot: ScheduleTime


@dataclass(frozen=True, slots=True)
class Turn:
    """What to do now: make the edition *due* (None: none), and when to look again."""

    due: Due | None
    late: timedelta
    next_at: datetime


def next_due(plan: Plan, after: datetime, last: Mapping[int, date] = NEVER) -> datetime:
    """Return the first moment after *after* (aware UTC) at which *plan* falls due.

    *last* is the local date of each slot's last edition, by the slot's number.
    """
    yesterday = local_date(after, plan.zone) - _DAY
    return min(_next_of(slot, plan.zone, yesterday, after, last) for slot in plan.slots)


def take_turn(
    plan: Plan, due_at: datetime, now: datetime, last: Mapping[int, date] = NEVER
) -> Turn:
    """Decide what a chat gets *now* whose digest was due at *due_at* (both aware UTC)."""
    due = _latest(plan, due_at, now, last)
    if due is None or now - due.at > LATEST:
        return Turn(None, timedelta(), next_due(plan, now, last))
    return Turn(due, now - due.at, next_due(plan, now, {**last, due.slot.number: due.day}))


def due_on(slot: ScheduleTime, zone: str, day: date) -> Due | None:
    """Return when *slot* falls due on the local date *day*; None where it does not."""
    at = instant(day, slot.minutes, zone) if slot.has(day) else None
    return Due(at, day, slot) if at else None


def _next_of(
    slot: ScheduleTime, zone: str, yesterday: date, after: datetime, last: Mapping[int, date]
) -> datetime:
    first = max(yesterday, last.get(slot.number, date.min) + _DAY)
    return next(due.at for due in _dues(slot, zone, first) if due.at > after)


def _dues(slot: ScheduleTime, zone: str, day: date) -> Iterator[Due]:
    """Yield what is due on *day* and after."""
    while True:
        if due := due_on(slot, zone, day):
            yield due
        day += _DAY


def _latest(plan: Plan, since: datetime, now: datetime, last: Mapping[int, date]) -> Due | None:
    """Return what fell due last between the two; nothing from before yesterday."""
    today = local_date(now, plan.zone)
    # Where clocks go back over midnight, tomorrow has been there before.
    dues = [
        due
        for slot in plan.slots
        for day in (today - _DAY, today, today + _DAY)
        if day > last.get(slot.number, date.min)
        and (due := due_on(slot, plan.zone, day))
        and since <= due.at <= now
    ]
    return max(dues, key=_precedence, default=None)


def _precedence(due: Due) -> tuple[datetime, int, int]:
    return due.at, -due.slot.weekdays.bit_count(), -due.slot.number
