"""The calendar: when a chat's next digest is due, in its own zone.

1. A chat has one to four schedule times, each a wall time and its weekdays. A schedule time keeps
   its number when it is changed.
2. Each local date and schedule time has one edition. The next edition of a schedule time is for a
   later date than its last, even if its wall time or the zone has changed in between.
3. A wall time that does not exist (clocks go forward) moves to the instant after the gap. One that
   exists twice (clocks go back) means the first. A date that does not exist (Apia had no
   2011-12-30) has no edition.
4. Schedule times that are due at the same moment make one edition, that of the time with the
   fewest weekdays, such as the weekly one.
5. After downtime the latest missed edition is made if it is at most six hours late. Older ones are
   merged into the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from storage.schedules import DEFAULT_SCHEDULE, ScheduleTime

LATEST = timedelta(hours=6)
_DAY = timedelta(days=1)
NEVER: Mapping[int, date] = MappingProxyType({})  # no edition yet


@dataclass(frozen=True, slots=True)
class Plan:
    """The schedule times (*times*) of a chat, at wall times in *zone* (IANA)."""

    zone: str
    times: tuple[ScheduleTime, ...] = DEFAULT_SCHEDULE

    @property
    def rhythms(self) -> list[tuple[int, list[int]]]:
        """Sets of weekdays with the minutes after midnight that they share, most days first."""
        shared: dict[int, list[int]] = {}
        for scheduled in sorted(self.times, key=lambda scheduled: scheduled.minutes):
            shared.setdefault(scheduled.weekdays, []).append(scheduled.minutes)
        return sorted(shared.items(), key=lambda days: (-days[0].bit_count(), days[0]))


@dataclass(frozen=True, slots=True)
class Due:
    """The edition of the local date *day* and a schedule time, due *at* (aware UTC)."""

    at: datetime
    day: date
    scheduled: ScheduleTime


@dataclass(frozen=True, slots=True)
class DigestDecision:
    """The edition to make now (*due*; None if there is none), and when to decide again."""

    due: Due | None
    late: timedelta
    next_at: datetime


def next_due(plan: Plan, after: datetime, last: Mapping[int, date] = NEVER) -> datetime:
    """Return the first moment after *after* (aware UTC) at which *plan* is due.

    *last* is the local date of each schedule time's last edition, by its number.
    """
    yesterday = local_date(after, plan.zone) - _DAY
    return min(_next_of(scheduled, plan.zone, yesterday, after, last) for scheduled in plan.times)


def decide_digest(
    plan: Plan, due_at: datetime, now: datetime, last: Mapping[int, date] = NEVER
) -> DigestDecision:
    """Decide which edition a chat gets *now* if one was due at *due_at* (both aware UTC)."""
    due = _latest(plan, due_at, now, last)
    if due is None or now - due.at > LATEST:
        return DigestDecision(None, timedelta(), next_due(plan, now, last))
    return DigestDecision(
        due, now - due.at, next_due(plan, now, {**last, due.scheduled.number: due.day})
    )


def due_on(scheduled: ScheduleTime, zone: str, day: date) -> Due | None:
    """Return when *scheduled* is due on the local date *day*, or None if it is not."""
    at = instant(day, scheduled.minutes, zone) if scheduled.has(day) else None
    return Due(at, day, scheduled) if at else None


def _next_of(
    scheduled: ScheduleTime, zone: str, yesterday: date, after: datetime, last: Mapping[int, date]
) -> datetime:
    day = max(yesterday, last.get(scheduled.number, date.min) + _DAY)
    while not (due := due_on(scheduled, zone, day)) or due.at <= after:
        day += _DAY
    return due.at


def _latest(plan: Plan, since: datetime, now: datetime, last: Mapping[int, date]) -> Due | None:
    """Return the last edition due from *since* to *now*, but none from before yesterday."""
    today = local_date(now, plan.zone)
    # If clocks go back across midnight, the date of tomorrow has already begun once.
    dues = [
        due
        for scheduled in plan.times
        for day in (today - _DAY, today, today + _DAY)
        if day > last.get(scheduled.number, date.min)
        and (due := due_on(scheduled, plan.zone, day))
        and since <= due.at <= now
    ]
    return max(
        dues,
        key=lambda due: (due.at, -due.scheduled.weekdays.bit_count(), -due.scheduled.number),
        default=None,
    )


# Wall time: what the clocks of a zone show, as instants.


def local_date(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def start_of(day: date, zone: str) -> datetime:
    """Return the first instant of *day*, or of the next day that exists (aware UTC)."""
    return reached(day, 0, zone)


def reached(day: date, minutes: int, zone: str) -> datetime:
    """Return when clocks reach or jump over *minutes* after midnight on *day* (aware UTC)."""
    wall, clocks = datetime.combine(day, time(minutes // 60, minutes % 60)), ZoneInfo(zone)
    first = wall.replace(tzinfo=clocks, fold=0).astimezone(UTC)
    if first.astimezone(clocks).replace(tzinfo=None) == wall:
        return first
    # PEP 495: in a gap, fold=1 uses the offset after it, so the result is before the change.
    return _change(wall.replace(tzinfo=clocks, fold=1).astimezone(UTC), first, clocks)


@lru_cache(maxsize=1 << 12)  # most chats share a few zones and times
def instant(day: date, minutes: int, zone: str) -> datetime | None:
    """Return the instant of *minutes* after midnight on *day* (aware UTC).

    Returns None if the day does not exist in *zone*.
    """
    at = reached(day, minutes, zone)
    # A gap that ends at midnight moves *at* to the next day. The day itself exists if its start
    # is on it; if the gap skips the whole day, its start is on the next day too.
    if local_date(at, zone) == day or local_date(start_of(day, zone), zone) == day:
        return at
    return None


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the instant between the two at which the offset of *zone* changes, by bisection."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
