from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.calendar import EVERY_DAY, LATEST, Due, Plan, due_on, next_due, take_turn

ZONES = [
    "UTC",
    "Asia/Tokyo",
    "America/New_York",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Nuuk",
    "Africa/Casablanca",
    "Asia/Kathmandu",
]
EIGHT = 8 * 60
plans = st.builds(Plan, st.integers(0, 1439), st.sampled_from(ZONES), st.integers(1, EVERY_DAY))
moments = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("plan", "after", "due"),
    [
        pytest.param(
            Plan(EIGHT, "Asia/Tokyo"), utc(2026, 11, 17, 22), utc(2026, 11, 17, 23), id="today"
        ),
        pytest.param(
            Plan(EIGHT, "Asia/Tokyo"), utc(2026, 11, 17, 23), utc(2026, 11, 18, 23), id="strictly"
        ),
        pytest.param(
            Plan(EIGHT, "UTC", 0b0000001), utc(2026, 11, 17), utc(2026, 11, 23, 8), id="on Mondays"
        ),
        pytest.param(
            Plan(150, "Europe/Berlin"),
            utc(2026, 3, 28, 12),
            utc(2026, 3, 29, 1),
            id="02:30 that does not exist: at the end of the gap",
        ),
        pytest.param(
            Plan(0, "Asia/Beirut"),
            utc(2024, 3, 30, 12),
            utc(2024, 3, 30, 22),
            id="a midnight that does not exist: at the end of the gap",
        ),
        pytest.param(
            Plan(90, "America/New_York"),
            utc(2026, 11, 1, 4),
            utc(2026, 11, 1, 5, 30),
            id="01:30 that exists twice: the first",
        ),
        pytest.param(
            Plan(90, "America/New_York"),
            utc(2026, 11, 1, 5, 30),
            utc(2026, 11, 2, 6, 30),
            id="01:30 that exists twice: only once",
        ),
        pytest.param(
            Plan(EIGHT, "Pacific/Apia"),
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


@given(st.integers(0, 1439), st.sampled_from(ZONES), moments)
def test_every_local_date_that_exists_has_exactly_one(minutes, zone, start):
    plan, moment, days = Plan(minutes, zone), start, []
    for _ in range(12):
        moment = next_due(plan, moment)
        days += [day for day in _around(moment, zone) if due_on(plan, day) == Due(moment, day)]

    exist = {_day(start + timedelta(minutes=15 * step), zone) for step in range(-96, 96 * 14)}
    between = {day for day in exist if days[0] <= day <= days[-1]}
    assert days == sorted(between)


def _around(moment: datetime, zone: str) -> list[date]:
    day = _day(moment, zone)
    return [day - timedelta(days=1), day, day + timedelta(days=1)]


def _day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


@given(moments, st.lists(st.tuples(plans, st.timedeltas(timedelta(0), timedelta(days=2)))))
def test_moving_between_zones_makes_no_second_edition_for_a_date(start, moves):
    now = start
    told: list[date] = []
    for plan, pause in moves:
        now += pause
        turn = take_turn(plan, now - timedelta(hours=1), now, told[-1] if told else None)
        if turn.due:
            told.append(turn.due.day)
        assert turn.next_at > now

    assert told == sorted(set(told))


@pytest.mark.parametrize(
    ("now", "made", "late"),
    [
        pytest.param(utc(2026, 3, 2, 8), date(2026, 3, 2), timedelta(0), id="in time"),
        pytest.param(utc(2026, 3, 2, 14), date(2026, 3, 2), LATEST, id="six hours late: made"),
        pytest.param(utc(2026, 3, 2, 14, 1), None, timedelta(0), id="later: into the next"),
        pytest.param(
            utc(2026, 3, 5, 9), date(2026, 3, 5), timedelta(hours=1), id="days later: one edition"
        ),
    ],
)
def test_after_downtime_one_edition_is_made_or_none(now, made, late):
    turn = take_turn(Plan(EIGHT, "UTC"), utc(2026, 3, 2, 8), now)

    assert (turn.due.day if turn.due else None) == made
    assert turn.late == late
    assert turn.next_at == utc(now.year, now.month, now.day + 1, 8)


def test_a_time_in_a_gap_up_to_midnight_keeps_its_date():
    # In Nuuk clocks go from 23:00 on Saturday to Sunday's 00:00.
    now = utc(2026, 3, 29, 1)

    turn = take_turn(Plan(23 * 60 + 59, "America/Nuuk"), now, now)

    assert turn.due == Due(now, date(2026, 3, 28))


def test_a_plan_has_a_weekday():
    with pytest.raises(ValueError, match="never due"):
        Plan(EIGHT, "UTC", 0)
