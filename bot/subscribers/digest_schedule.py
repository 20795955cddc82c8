"""The schedule times of a chat's digests, changed. Each keeps its number while others change.

1. Two at the same time of the same days are one.
2. The last one stays.
3. A new one takes the number whose last edition is longest ago, so that it is not held back by one
   of today.
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
    """*minutes* after local midnight, on the *weekdays* whose bit is set (0 is Monday)."""

    minutes: int
    weekdays: int = EVERY_DAY


def numbered(schedule: Schedule, number: int) -> ScheduleTime:
    """Return the schedule time of that number; NoSuchScheduleTime if there is none."""
    for one in schedule:
        if one.number == number:
            return one
    raise NoSuchScheduleTime


def with_time(schedule: Schedule, number: int, minutes: int) -> Schedule:
    _check_minutes(minutes)
    return _changed(schedule, replace(numbered(schedule, number), minutes=minutes))


def with_days(schedule: Schedule, number: int, weekdays: int) -> Schedule:
    if not 0 < weekdays <= EVERY_DAY:
        raise NotATime
    return _changed(schedule, replace(numbered(schedule, number), weekdays=weekdays))


def without(schedule: Schedule, number: int) -> Schedule:
    return tuple(one for one in schedule if one.number != number) or schedule


def with_another(schedule: Schedule, wanted: WeeklyTime, last: Mapping[int, date]) -> Schedule:
    """*last*: the local date of the last edition of each number."""
    return renewed(schedule, [*map(_time_of, schedule), wanted], last)


def with_only(schedule: Schedule, minutes: int, last: Mapping[int, date]) -> Schedule:
    """Return one schedule time, at *minutes*; where there was one before, its days stay."""
    weekdays = schedule[0].weekdays if len(schedule) == 1 else EVERY_DAY
    return renewed(schedule, [WeeklyTime(minutes, weekdays)], last)


def renewed(schedule: Schedule, wanted: Sequence[WeeklyTime], last: Mapping[int, date]) -> Schedule:
    """Return schedule times for all that is *wanted*, in its order where they are new."""
    times = list(dict.fromkeys(wanted))
    if len(times) > MAX_SCHEDULE_TIMES:
        raise TooManyScheduleTimes(MAX_SCHEDULE_TIMES)
    for one in times:
        _check_minutes(one.minutes)
    kept = [one for one in schedule if _time_of(one) in times]
    new = [one for one in times if one not in map(_time_of, kept)]
    # What replaces a time that goes takes its number: that is a time changed.
    going = [one.number for one in schedule if one not in kept]
    free = sorted(set(range(MAX_SCHEDULE_TIMES)) - {one.number for one in schedule})
    numbers = going + sorted(free, key=lambda number: last.get(number, date.min))
    made = [ScheduleTime(number, one.minutes, one.weekdays) for number, one in zip(numbers, new)]  # noqa: B905 - numbers are left over
    return _ordered([*kept, *made])


def _changed(schedule: Schedule, changed: ScheduleTime) -> Schedule:
    others = [one for one in schedule if one.number != changed.number]
    if _time_of(changed) in map(_time_of, others):
        return _ordered(others)
    return _ordered([*others, changed])


def _time_of(one: ScheduleTime) -> WeeklyTime:
    return WeeklyTime(one.minutes, one.weekdays)


def _ordered(schedule: Iterable[ScheduleTime]) -> Schedule:
    return tuple(sorted(schedule, key=lambda one: one.number))


def _check_minutes(minutes: int) -> None:
    if not 0 <= minutes < MINUTES_A_DAY:
        raise NotATime
