"""When a chat's next digest is due, in its own zone.

1. One edition for one local date; the next is due strictly after the last one's date.
2. A local time that does not exist (clocks go forward) moves to the instant after the gap.
3. A local time that exists twice (clocks go back) means the first.
4. A date that does not exist (Apia had no 2011-12-30) has no edition.
5. After downtime the latest edition missed is made late, up to six hours; whatever is older is
   merged into the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LATEST = timedelta(hours=6)
EVERY_DAY = 0b1111111
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """*minutes* after local midnight in *zone* (IANA), on the *weekdays* whose bit is set.

    Bit 0 is Monday; at least one is set.
    """

    minutes: int
    zone: str
    weekdays: int = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.weekdays & EVERY_DAY:
            raise ValueError("a plan without a weekday is never due")

    @property
    def is_daily(self) -> bool:
        return self.weekdays & EVERY_DAY == EVERY_DAY

    def has(self, day: date) -> bool:
        return bool(self.weekdays >> day.weekday() & 1)


@dataclass(frozen=True, slots=True)
class Due:
    """The edition of the local date *day*, due *at* (aware UTC)."""

    at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Turn:
    """What to do now: make the edition *due* (None: none), and when to look again."""

    due: Due | None
    late: timedelta
    next_at: datetime


def next_due(plan: Plan, after: datetime, last: date | None = None) -> datetime:
    """Return the first moment after *after* (aware UTC) at which *plan* falls due.

    *last* is the local date of the last edition, if there was one: no second edition is made for
    it, whatever zone the chat has moved to since.
    """
    day = _local_date(after, plan.zone) - _DAY
    return next(
        due.at for due in _dues(plan, day) if due.at > after and (last is None or due.day > last)
    )


def take_turn(plan: Plan, due_at: datetime, now: datetime, last: date | None = None) -> Turn:
    """Decide what a chat gets *now* whose digest was due at *due_at* (both aware UTC)."""
    latest = _latest(plan, now, last)
    following = next_due(plan, now, latest.day if latest else last)
    if latest is None or latest.at < due_at or now - latest.at > LATEST:
        return Turn(None, timedelta(), following)
    return Turn(latest, now - latest.at, following)


def due_on(plan: Plan, day: date) -> Due | None:
    """Return when *plan* falls due on the local date *day*; None where it does not."""
    zone = ZoneInfo(plan.zone)
    if not plan.has(day) or not _exists(day, zone):
        return None
    return Due(_instant(datetime.combine(day, _time(plan.minutes)), zone), day)


def _dues(plan: Plan, day: date) -> Iterator[Due]:
    """Yield what is due on *day* and after."""
    while True:
        if due := due_on(plan, day):
            yield due
        day += _DAY


def _latest(plan: Plan, now: datetime, last: date | None) -> Due | None:
    """Return the latest due up to *now*, of a date after *last*; none from before yesterday."""
    today = _local_date(now, plan.zone)
    dues = (due_on(plan, day) for day in (today + _DAY, today, today - _DAY))
    return next(
        (due for due in dues if due and due.at <= now and (last is None or due.day > last)), None
    )


def _time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def _local_date(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def _exists(day: date, zone: ZoneInfo) -> bool:
    """Say whether *zone*'s clocks ever showed *day*."""
    first = _instant(datetime.combine(day, time()), zone)
    return first.astimezone(zone).date() == day


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when clocks in *zone* first show *wall*, or the instant after the gap it is in."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # PEP 495: in a gap, fold=1 reckons with the offset after it, so it lies before the change.
    return _change(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the instant between the two at which *zone*'s offset changes, by halving."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
