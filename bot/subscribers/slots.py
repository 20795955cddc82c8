"""The slots of a chat, changed. A slot keeps its number, whatever happens to those beside it.

1. Two at the same time of the same days are one.
2. The last one stays.
3. A new one takes the number whose last edition is longest ago, so that it is not held back by one
   of today.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.subscribers.errors import NoSuchSlot, NotATime, TooManySlots
from storage.enums import EVERY_DAY, MAX_SCHEDULE_TIMES, ScheduleTime

Slots = tuple[ScheduleTime, ...]
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Times:
    """A wish: *minutes* after local midnight, on the *weekdays* whose bit is set (0 is Monday)."""

    minutes: int
    weekdays: int = EVERY_DAY


def numbered(slots: Slots, number: int) -> ScheduleTime:
    """Return the slot of that number; NoSuchSlot if there is none."""
    for slot in slots:
        if slot.number == number:
            return slot
    raise NoSuchSlot


def with_time(slots: Slots, number: int, minutes: int) -> Slots:
    _refuse_no_time(minutes)
    return _changed(slots, replace(numbered(slots, number), minutes=minutes))


def with_days(slots: Slots, number: int, weekdays: int) -> Slots:
    if not 0 < weekdays <= EVERY_DAY:
        raise NotATime
    return _changed(slots, replace(numbered(slots, number), weekdays=weekdays))


def without(slots: Slots, number: int) -> Slots:
    return tuple(slot for slot in slots if slot.number != number) or slots


def with_another(slots: Slots, wanted: Times, told: Mapping[int, date]) -> Slots:
    """*told*: the local date of the last edition of each number."""
    return renewed(slots, [*map(_times_of, slots), wanted], told)


def with_only(slots: Slots, minutes: int, told: Mapping[int, date]) -> Slots:
    """Return the one slot at *minutes*; its days stay what they were where there was one before."""
    weekdays = slots[0].weekdays if len(slots) == 1 else EVERY_DAY
    return renewed(slots, [Times(minutes, weekdays)], told)


def renewed(slots: Slots, wanted: Sequence[Times], told: Mapping[int, date]) -> Slots:
    """Return slots for all that is *wanted*, in its order where they are new."""
    times = list(dict.fromkeys(wanted))
    if len(times) > MAX_SCHEDULE_TIMES:
        raise TooManySlots(MAX_SCHEDULE_TIMES)
    for one in times:
        _refuse_no_time(one.minutes)
    kept = [slot for slot in slots if _times_of(slot) in times]
    new = [one for one in times if one not in map(_times_of, kept)]
    # What replaces a time that goes takes its number: that is a time changed.
    going = [slot.number for slot in slots if slot not in kept]
    free = sorted(set(range(MAX_SCHEDULE_TIMES)) - {slot.number for slot in slots})
    numbers = going + sorted(free, key=lambda number: told.get(number, date.min))
    made = [ScheduleTime(number, one.minutes, one.weekdays) for number, one in zip(numbers, new)]  # noqa: B905 - numbers are left over
    return _ordered([*kept, *made])


def _changed(slots: Slots, changed: ScheduleTime) -> Slots:
    others = [slot for slot in slots if slot.number != changed.number]
    if _times_of(changed) in map(_times_of, others):
        return _ordered(others)
    return _ordered([*others, changed])


def _times_of(slot: ScheduleTime) -> Times:
    return Times(slot.minutes, slot.weekdays)


def _ordered(slots: Iterable[ScheduleTime]) -> Slots:
    return tuple(sorted(slots, key=lambda slot: slot.number))


def _refuse_no_time(minutes: int) -> None:
    if not 0 <= minutes < _MINUTES_A_DAY:
        raise NotATime
