"""Changes of a chat's schedule times. Each keeps its number while others change.

1. Two schedule times with the same time and days are merged.
2. The last schedule time cannot be removed.
3. A new one takes the number whose last edition is longest ago. If that number already had an
   edition today, the new digest would not come today.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.subscribers.errors import NoSuchScheduleTime, NotATime, TooManyScheduleTimes
from storage.schedules import EVERY_DAY, MAX_SCHEDULE_TIMES, ScheduleTime

Schedule = tuple[ScheduleTime, ...]
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class WeeklyTime:
    """A time in *minutes* after local midnight, and the *weekdays* as bits (bit 0 is Monday)."""

    minutes: int
    weekdays: int = EVERY_DAY


def numbered(schedule: Schedule, number: int) -> ScheduleTime:
    """Return the schedule time with that number; raise NoSuchScheduleTime if there is none."""
    for time in schedule:
        if time.number == number:
            return time
    raise NoSuchScheduleTime


def with_time(schedule: Schedule, number: int, minutes: int) -> Schedule:
    _check_minutes(minutes)
    return _changed(schedule, replace(numbered(schedule, number), minutes=minutes))


def with_days(schedule: Schedule, number: int, weekdays: int) -> Schedule:
    if not 0 < weekdays <= EVERY_DAY:
        raise NotATime
    return _changed(schedule, replace(numbered(schedule, number), weekdays=weekdays))


def with_most_covered(schedule: Schedule, number: int, *, wanted: bool) -> Schedule:
    return _changed(schedule, replace(numbered(schedule, number), most_covered=wanted))


def without(schedule: Schedule, number: int) -> Schedule:
    return tuple(time for time in schedule if time.number != number) or schedule


def with_another(schedule: Schedule, wanted: WeeklyTime, last: Mapping[int, date]) -> Schedule:
    """Add a time. *last*: the local date of the last edition of each number."""
    return renewed(schedule, [*map(_time_of, schedule), wanted], last)


def with_only(schedule: Schedule, minutes: int, last: Mapping[int, date]) -> Schedule:
    """Return one schedule time, at *minutes*; if there was only one before, keep its days."""
    weekdays = schedule[0].weekdays if len(schedule) == 1 else EVERY_DAY
    return renewed(schedule, [WeeklyTime(minutes, weekdays)], last)


def renewed(schedule: Schedule, wanted: Sequence[WeeklyTime], last: Mapping[int, date]) -> Schedule:
    """Return schedule times for all *wanted* times; unchanged times keep their numbers."""
    times = list(dict.fromkeys(wanted))
    if len(times) > MAX_SCHEDULE_TIMES:
        raise TooManyScheduleTimes(MAX_SCHEDULE_TIMES)
    for time in times:
        _check_minutes(time.minutes)
    kept = [time for time in schedule if _time_of(time) in times]
    new = [time for time in times if time not in map(_time_of, kept)]
    # A new time takes the number of one that goes, because the user has changed that time.
    replaced = [time.number for time in schedule if time not in kept]
    free = sorted(set(range(MAX_SCHEDULE_TIMES)) - {time.number for time in schedule})
    numbers = replaced + sorted(free, key=lambda number: last.get(number, date.min))
    added = [
        ScheduleTime(number, time.minutes, time.weekdays)
        for number, time in zip(numbers, new, strict=False)
    ]
    return _ordered([*kept, *added])


def _changed(schedule: Schedule, changed: ScheduleTime) -> Schedule:
    others = [time for time in schedule if time.number != changed.number]
    if _time_of(changed) in map(_time_of, others):
        return _ordered(others)
    return _ordered([*others, changed])


def _time_of(time: ScheduleTime) -> WeeklyTime:
    return WeeklyTime(time.minutes, time.weekdays)


def _ordered(schedule: Iterable[ScheduleTime]) -> Schedule:
    return tuple(sorted(schedule, key=lambda time: time.number))


def _check_minutes(minutes: int) -> None:
    if not 0 <= minutes < MINUTES_A_DAY:
        raise NotATime
