from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.formats.records import FeedPace
from bot.sources.getting.cadence import Circumstances, interval, next_fetch_at, rhythm_of
from bot.sources.getting.wishes import Wishes

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("known", "waited"),
    [
        pytest.param(Circumstances(), HOUR, id="nothing is known"),
        pytest.param(Circumstances(rhythm=MINUTE), 15 * MINUTE, id="a busy feed: no faster"),
        pytest.param(Circumstances(rhythm=2 * HOUR), 2 * HOUR, id="its own rhythm"),
        pytest.param(Circumstances(rhythm=9 * DAY), DAY, id="a sleepy feed: once a day"),
        pytest.param(Circumstances(newest=NOW - 50 * HOUR), 5 * HOUR, id="silent for long"),
        pytest.param(
            Circumstances(rhythm=HOUR, wishes=Wishes(max_age=3 * HOUR)), 3 * HOUR, id="max-age"
        ),
        pytest.param(
            Circumstances(wishes=Wishes(max_age=HOUR, expires=2 * HOUR)), 2 * HOUR, id="Expires"
        ),
        pytest.param(Circumstances(wishes=Wishes(max_age=365 * DAY)), DAY, id="a year's max-age"),
        pytest.param(
            Circumstances(wishes=Wishes(retry_after=3 * DAY)), 3 * DAY, id="Retry-After: uncapped"
        ),
        pytest.param(
            Circumstances(wishes=Wishes(retry_after=30 * DAY)), 7 * DAY, id="up to a week"
        ),
        pytest.param(Circumstances(every=MINUTE), 5 * MINUTE, id="operator: down to 5 min"),
        pytest.param(
            Circumstances(every=5 * MINUTE, rhythm=9 * HOUR), 5 * MINUTE, id="operator over rhythm"
        ),
        pytest.param(
            Circumstances(every=5 * MINUTE, wishes=Wishes(max_age=HOUR)),
            HOUR,
            id="operator: only where the headers allow",
        ),
        pytest.param(
            Circumstances(every=timedelta(seconds=2), own_network=True),
            timedelta(seconds=2),
            id="own network: any interval",
        ),
        pytest.param(Circumstances(rhythm=MINUTE, pushed=True), HOUR, id="a hub tells of news"),
        pytest.param(
            Circumstances(rhythm=9 * HOUR, pushed=True), 9 * HOUR, id="a hub, and little news"
        ),
        pytest.param(
            Circumstances(every=5 * MINUTE, pushed=True), 5 * MINUTE, id="operator over hub"
        ),
        pytest.param(Circumstances(failures=1), 2 * HOUR, id="first error"),
        pytest.param(Circumstances(failures=3), 8 * HOUR, id="third error"),
        pytest.param(Circumstances(failures=900), DAY, id="never dead: once a day"),
        pytest.param(Circumstances(rhythm=MINUTE, busy=True), HOUR, id="busy: an hour"),
        pytest.param(
            Circumstances(every=timedelta(seconds=2), own_network=True, failures=30),
            MINUTE,
            id="own network: back soon",
        ),
    ],
)
def test_the_time_to_wait(known: Circumstances, waited: timedelta):
    assert interval(NOW, known) == waited


spans = st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))
wishes = st.builds(Wishes, spans, spans, spans)
circumstances = st.builds(
    Circumstances,
    rhythm=spans,
    newest=st.none() | st.timedeltas(min_value=-DAY, max_value=99 * DAY).map(lambda d: NOW - d),
    wishes=wishes,
    pace=st.builds(
        FeedPace,
        ttl=spans,
        skip_hours=st.frozensets(st.integers(0, 23)),
        skip_days=st.frozensets(st.integers(0, 6)),
    ),
    every=spans,
    failures=st.integers(0, 10_000),
    busy=st.booleans(),
    pushed=st.booleans(),
)


@given(circumstances, st.floats(-1, 1))
def test_it_never_comes_before_what_is_asked(known: Circumstances, jitter: float):
    waited = next_fetch_at(NOW, known, jitter) - NOW

    assert waited >= 5 * MINUTE
    assert known.every is not None or waited >= 15 * MINUTE
    assert waited >= min(known.wishes.retry_after or timedelta(), 7 * DAY)
    assert waited >= min(known.wishes.max_age or timedelta(), DAY)
    assert known.every is not None or waited >= min(known.pace.ttl or timedelta(), DAY)


@given(circumstances, st.floats(-1, 1))
def test_it_comes_back_within_two_weeks_and_a_bit(known: Circumstances, jitter: float):
    if known.every is None:
        assert next_fetch_at(NOW, known, jitter) - NOW <= 15 * DAY


@given(st.floats(-1, 1))
def test_jitter_is_a_tenth(jitter: float):
    waited = next_fetch_at(NOW, Circumstances(rhythm=10 * HOUR), jitter) - NOW

    assert 9 * HOUR <= waited <= 11 * HOUR


def test_skipped_hours_and_days_are_left_out():
    pace = FeedPace(skip_hours=frozenset({13, 14}), skip_days=frozenset())
    weekend = FeedPace(skip_days=frozenset({0, 1}))

    assert next_fetch_at(NOW, Circumstances(pace=pace), 0) == NOW + 3 * HOUR
    assert next_fetch_at(NOW, Circumstances(pace=weekend), 0).weekday() == 2


def test_a_feed_that_skips_every_hour_is_not_believed():
    pace = FeedPace(skip_hours=frozenset(range(24)))

    assert next_fetch_at(NOW, Circumstances(pace=pace), 0) == NOW + HOUR


def test_the_rhythm_is_half_the_mean_gap_of_the_newest_entries():
    every_two_hours = [NOW - hours * HOUR for hours in range(0, 40, 2)]

    assert rhythm_of(every_two_hours, None) == HOUR
    assert rhythm_of(every_two_hours, 3 * HOUR) == 3 * HOUR
    assert rhythm_of(every_two_hours[:2], None) is None
    assert rhythm_of([], 4 * HOUR) == 4 * HOUR
