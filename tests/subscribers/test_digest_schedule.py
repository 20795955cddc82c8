from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers.digest_schedule import (
    WeeklyTime,
    renewed,
    with_another,
    with_days,
    with_time,
    without,
)
from bot.subscribers.errors import NoSuchScheduleTime, NotATime, TooManyScheduleTimes
from storage.schedules import DEFAULT_SCHEDULE, EVERY_DAY, ScheduleTime

MONDAY = 0b0000001
EIGHT, NOON, SIX = ScheduleTime(0, 480), ScheduleTime(1, 720), ScheduleTime(2, 1080)
DAY = (EIGHT, NOON, SIX)
NO_EDITIONS: dict[int, date] = {}
times = st.builds(WeeklyTime, st.integers(0, 1439), st.integers(1, EVERY_DAY))


@pytest.mark.parametrize(
    ("changed", "schedule"),
    [
        pytest.param(with_time(DAY, 1, 750), (EIGHT, ScheduleTime(1, 750), SIX), id="another time"),
        pytest.param(
            with_days(DAY, 2, MONDAY), (EIGHT, NOON, ScheduleTime(2, 1080, MONDAY)), id="other days"
        ),
        pytest.param(with_time(DAY, 2, 480), (EIGHT, NOON), id="the time of another: one of them"),
        pytest.param(without(DAY, 0), (NOON, SIX), id="one less, the others keep their numbers"),
        pytest.param(without((NOON,), 1), (NOON,), id="the last one stays"),
        pytest.param(without(DAY, 3), DAY, id="what is gone already"),
        pytest.param(
            with_another((NOON,), WeeklyTime(480), NO_EDITIONS), (EIGHT, NOON), id="one more"
        ),
        pytest.param(
            with_another((NOON,), WeeklyTime(480), {0: date(2026, 3, 2)}),
            (NOON, ScheduleTime(2, 480)),
            id="one more, with a number that has had no edition of late",
        ),
        pytest.param(with_another(DAY, WeeklyTime(720), NO_EDITIONS), DAY, id="one that is there"),
        pytest.param(
            renewed(DAY, [WeeklyTime(720), WeeklyTime(500)], NO_EDITIONS),
            (ScheduleTime(0, 500), NOON),
            id="what stays keeps its number, what is new takes that of what goes",
        ),
        pytest.param(
            renewed(
                DEFAULT_SCHEDULE,
                [WeeklyTime(480), WeeklyTime(1110), WeeklyTime(540, MONDAY)],
                NO_EDITIONS,
            ),
            (EIGHT, ScheduleTime(1, 1110), ScheduleTime(2, 540, MONDAY)),
            id="all that was typed",
        ),
    ],
)
def test_schedule_times_are_changed(changed, schedule):
    assert changed == schedule


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        pytest.param(lambda: with_time(DAY, 0, 1440), NotATime, id="no time"),
        pytest.param(
            lambda: with_time(DAY, 3, 480), NoSuchScheduleTime, id="no schedule time of that number"
        ),
        pytest.param(lambda: with_days(DAY, 0, 0), NotATime, id="no day"),
        pytest.param(lambda: with_days(DAY, 0, 128), NotATime, id="an eighth day"),
        pytest.param(
            lambda: renewed(DAY, [WeeklyTime(minutes) for minutes in range(5)], NO_EDITIONS),
            TooManyScheduleTimes,
            id="more than four",
        ),
    ],
)
def test_a_change_is_refused(change, refusal):
    with pytest.raises(refusal):
        change()


@given(st.lists(times, min_size=1, max_size=4), st.lists(times, min_size=1, max_size=4))
def test_a_renewed_schedule_has_exactly_the_wanted_times(before, wanted):
    schedule = renewed(renewed(DEFAULT_SCHEDULE, before, NO_EDITIONS), wanted, NO_EDITIONS)

    assert {WeeklyTime(one.minutes, one.weekdays) for one in schedule} == set(wanted)
    assert len({one.number for one in schedule}) == len(schedule)
    assert [one.number for one in schedule] == sorted(one.number for one in schedule)
