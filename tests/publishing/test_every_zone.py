"""Every zone, 2024 to 2026, has one edition for each local date that exists and schedule time.

Zones whose clocks change alike in these years are gone through once.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.publishing.calendar import Due, Plan, decide_digest, next_due
from storage.schedules import ScheduleTime

pytestmark = pytest.mark.slow

FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)
START = datetime(2023, 12, 30, tzinfo=UTC)
END = datetime(2027, 1, 3, tzinfo=UTC)
# No zone changes its clocks twice in so short a time, and no date is shorter.
STEP = timedelta(hours=6)
A_MOMENT = timedelta(microseconds=1)

TIMES = (
    ScheduleTime(0, 0),
    ScheduleTime(1, 90),
    ScheduleTime(2, 150),
    ScheduleTime(3, 480),
    ScheduleTime(0, 23 * 60 + 59),
)


@cache
def alike() -> list[str]:
    """Return one zone for each different course of its clocks."""
    moments = [START + number * STEP for number in range((END - START) // STEP)]
    kinds: dict[tuple[timedelta | None, ...], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        kinds.setdefault(tuple(moment.astimezone(zone).utcoffset() for moment in moments), name)
    return list(kinds.values())


def editions(plan: Plan, start: datetime = START, end: datetime = END) -> Iterator[Due]:
    """Yield the editions between two times, each made when it is due."""
    last: dict[int, date] = {}
    at = next_due(plan, start)
    while at < end:
        decision = decide_digest(plan, at, at, last)
        assert decision.due
        last[decision.due.scheduled.number] = decision.due.day
        yield decision.due
        at = decision.next_at


def moments(plan: Plan) -> set[datetime]:
    """Return the times of the editions of one year."""
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    return {due.at for due in editions(plan, *year)}


def dates_that_exist(zone: ZoneInfo) -> list[date]:
    moments = (START + number * STEP for number in range((END - START) // STEP))
    dates = {moment.astimezone(zone).date() for moment in moments}
    return sorted(day for day in dates if FIRST <= day <= LAST)


def comes_when_clocks_first_show(due: Due, zone: ZoneInfo) -> bool:
    """Whether they show the schedule time for the first time; or that was in the gap just over."""
    shown = due.at.astimezone(zone)
    wanted = datetime.combine(
        due.day, time(due.scheduled.minutes // 60, due.scheduled.minutes % 60)
    )
    if shown.replace(tzinfo=None) == wanted:
        return shown.fold == 0
    before = (due.at - A_MOMENT).astimezone(zone)
    return before.replace(tzinfo=None) < wanted < shown.replace(tzinfo=None)


@pytest.mark.parametrize(
    "scheduled", TIMES, ids=lambda one: f"{one.minutes // 60}:{one.minutes % 60:02}"
)
def test_each_local_date_that_exists_has_exactly_one_edition(scheduled):
    for name in alike():
        zone = ZoneInfo(name)

        made = [due for due in editions(Plan(name, (scheduled,))) if FIRST <= due.day <= LAST]

        assert [due.day for due in made] == dates_that_exist(zone), name
        assert all(comes_when_clocks_first_show(due, zone) for due in made), name


def test_schedule_times_of_a_chat_are_independent():
    together = TIMES[:4]
    for name in alike():
        made = moments(Plan(name, together))

        # In a gap of two hours 01:30 and 02:30 are one moment, and one edition.
        assert made == set().union(*(moments(Plan(name, (one,))) for one in together)), name
