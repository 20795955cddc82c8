from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.calendar import (
    LATEST,
    Due,
    Plan,
    decide_digest,
    due_on,
    next_due,
)
from storage.schedules import DEFAULT_SCHEDULE, EVERY_DAY, ScheduleTime
from tests.publishing.zones import ZONES

TOKYO = Plan("Asia/Tokyo")
(EIGHT,) = DEFAULT_SCHEDULE
rhythms = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, EVERY_DAY)), min_size=1, max_size=4
)
schedules = rhythms.map(
    lambda times: tuple(ScheduleTime(number, *time) for number, time in enumerate(times))
)
plans = st.builds(Plan, st.sampled_from(ZONES), schedules)
moments = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def at(zone: str, minutes: int, weekdays: int = EVERY_DAY) -> Plan:
    return Plan(zone, (ScheduleTime(0, minutes, weekdays),))


@pytest.mark.parametrize(
    ("plan", "after", "due"),
    [
        pytest.param(TOKYO, utc(2026, 11, 17, 22), utc(2026, 11, 17, 23), id="today"),
        pytest.param(TOKYO, utc(2026, 11, 17, 23), utc(2026, 11, 18, 23), id="strictly"),
        pytest.param(
            at("UTC", EIGHT.minutes, 0b0000001),
            utc(2026, 11, 17),
            utc(2026, 11, 23, 8),
            id="on Mondays",
        ),
        pytest.param(
            at("Europe/Berlin", 150),
            utc(2026, 3, 28, 12),
            utc(2026, 3, 29, 1),
            id="02:30 that does not exist: at the end of the gap",
        ),
        pytest.param(
            at("Asia/Beirut", 0),
            utc(2024, 3, 30, 12),
            utc(2024, 3, 30, 22),
            id="a midnight that does not exist: at the end of the gap",
        ),
        pytest.param(
            at("America/New_York", 90),
            utc(2026, 11, 1, 4),
            utc(2026, 11, 1, 5, 30),
            id="01:30 that exists twice: the first",
        ),
        pytest.param(
            at("America/New_York", 90),
            utc(2026, 11, 1, 5, 30),
            utc(2026, 11, 2, 6, 30),
            id="01:30 that exists twice: only once",
        ),
        pytest.param(
            Plan("Pacific/Apia"),
            utc(2011, 12, 29, 18),
            utc(2011, 12, 30, 18),
            id="a day that was skipped: the next",
        ),
    ],
)
def test_the_next_digest_is_due(plan, after, due):
    assert next_due(plan, after) == due


@given(plans, moments, st.timedeltas(timedelta(), timedelta(days=9)))
def test_next_due_is_later_and_monotone(plan, after, step):
    first, second = next_due(plan, after), next_due(plan, after + step)

    assert after < first <= second


@given(moments, st.lists(st.tuples(plans, st.timedeltas(timedelta(0), timedelta(days=2)))))
def test_a_changed_plan_makes_no_second_edition_of_a_date(start, moves):
    now = start
    last: dict[int, date] = {}
    for plan, pause in moves:
        now += pause
        decision = decide_digest(plan, now - timedelta(hours=1), now, last)
        if decision.due:
            assert decision.due.day > last.get(decision.due.scheduled.number, date.min)
            last[decision.due.scheduled.number] = decision.due.day
        assert decision.next_at > now


@given(
    schedules,
    moments,
    st.lists(st.tuples(st.sampled_from(ZONES), st.timedeltas(timedelta(0), timedelta(days=3)))),
)
def test_a_chat_that_changes_zones_loses_no_edition(times, start, stays):
    last: dict[int, date] = {}
    now = start
    for zone, stay in stays:
        plan, leaving = Plan(zone, times), now + stay
        expected = _due_between(plan, now, leaving, dict(last))
        made = []
        at = next_due(plan, now, last)
        while at <= leaving:
            decision = decide_digest(plan, at, at, last)
            assert decision.due is not None
            made.append(decision.due.at)
            last[decision.due.scheduled.number] = decision.due.day
            at = decision.next_at
        now = leaving

        assert made == expected


def _due_between(
    plan: Plan, start: datetime, end: datetime, last: dict[int, date]
) -> list[datetime]:
    """Return when each schedule time is next due for a date without an edition, day by day."""
    first = _day(start, plan.zone) - timedelta(days=1)
    days = [first + timedelta(days=number) for number in range((end - start).days + 4)]
    dues = [due for one in plan.times for day in days if (due := due_on(one, plan.zone, day))]
    return sorted(
        {
            due.at
            for due in dues
            if start < due.at <= end and due.day > last.get(due.scheduled.number, date.min)
        }
    )


def _day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    ("now", "made", "late"),
    [
        pytest.param(utc(2026, 3, 2, 8), date(2026, 3, 2), timedelta(0), id="in time"),
        pytest.param(utc(2026, 3, 2, 14), date(2026, 3, 2), LATEST, id="six hours late: made"),
        pytest.param(utc(2026, 3, 2, 14, 1), None, timedelta(0), id="later: into the next"),
        pytest.param(utc(2026, 3, 5, 9), date(2026, 3, 5), timedelta(hours=1), id="days later"),
    ],
)
def test_after_downtime_one_edition_is_made_or_none(now, made, late):
    decision = decide_digest(Plan("UTC"), utc(2026, 3, 2, 8), now)

    assert (decision.due.day if decision.due else None) == made
    assert decision.late == late
    assert decision.next_at == utc(now.year, now.month, now.day + 1, 8)


@pytest.mark.parametrize(
    ("times", "now", "made"),
    [
        pytest.param(
            (ScheduleTime(0, 480), ScheduleTime(1, 720), ScheduleTime(2, 1080)),
            utc(2026, 3, 2, 13),
            (utc(2026, 3, 2, 12), 1),
            id="several missed: the latest",
        ),
        pytest.param(
            (ScheduleTime(0, 480), ScheduleTime(1, 480, 0b0000001)),
            utc(2026, 3, 2, 8),
            (utc(2026, 3, 2, 8), 1),
            id="two at one moment: the weekly one",
        ),
        pytest.param(
            (ScheduleTime(0, 480), ScheduleTime(1, 480, 0b0000010)),
            utc(2026, 3, 2, 8),
            (utc(2026, 3, 2, 8), 0),
            id="two at one time, the weekly one on another day",
        ),
    ],
)
def test_several_times_make_one_edition(times, now, made):
    plan = Plan("UTC", times)

    decision = decide_digest(plan, utc(2026, 3, 2, 8), now)

    assert decision.due
    assert (decision.due.at, decision.due.scheduled.number) == made
    assert decision.next_at == next_due(plan, now)


def test_a_schedule_time_moved_to_later_makes_no_second_edition():
    last = {0: date(2026, 3, 2)}

    due = next_due(
        Plan("UTC", (ScheduleTime(0, 18 * 60), ScheduleTime(1, 20 * 60))), utc(2026, 3, 2, 9), last
    )

    assert due == utc(2026, 3, 2, 20)


def test_a_time_in_a_gap_up_to_midnight_keeps_its_date():
    # In Nuuk clocks go from 23:00 on Saturday to Sunday's 00:00.
    now = utc(2026, 3, 29, 1)

    decision = decide_digest(at("America/Nuuk", 23 * 60 + 59), now, now)

    assert decision.due == Due(now, date(2026, 3, 28), ScheduleTime(0, 23 * 60 + 59))


def test_a_schedule_time_needs_a_weekday():
    with pytest.raises(ValueError, match="never due"):
        ScheduleTime(0, 480, 0)
