from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds.model import FeedPace
from bot.sources.fetch.response import Directives
from bot.sources.fetch.schedule import (
    MAX_INTERVAL,
    MIN_INTERVAL,
    ScheduleInputs,
    format_duration,
    interval,
    next_fetch_at,
    parse_duration,
    rhythm_of,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("known", "waited"),
    [
        pytest.param(ScheduleInputs(), HOUR, id="nothing is known"),
        pytest.param(ScheduleInputs(rhythm=MINUTE), 15 * MINUTE, id="a busy feed: no faster"),
        pytest.param(ScheduleInputs(rhythm=2 * HOUR), 2 * HOUR, id="its own rhythm"),
        pytest.param(ScheduleInputs(rhythm=9 * DAY), DAY, id="a sleepy feed: once a day"),
        pytest.param(ScheduleInputs(newest=NOW - 50 * HOUR), 5 * HOUR, id="silent for long"),
        pytest.param(
            ScheduleInputs(rhythm=HOUR, directives=Directives(max_age=3 * HOUR)),
            3 * HOUR,
            id="max-age",
        ),
        pytest.param(
            ScheduleInputs(directives=Directives(max_age=HOUR, expires=2 * HOUR)),
            2 * HOUR,
            id="Expires",
        ),
        pytest.param(
            ScheduleInputs(directives=Directives(max_age=365 * DAY)), DAY, id="a year's max-age"
        ),
        pytest.param(
            ScheduleInputs(directives=Directives(retry_after=3 * DAY)),
            3 * DAY,
            id="Retry-After: uncapped",
        ),
        pytest.param(
            ScheduleInputs(directives=Directives(retry_after=30 * DAY)), 7 * DAY, id="up to a week"
        ),
        pytest.param(ScheduleInputs(every=MINUTE), 5 * MINUTE, id="operator: down to 5 min"),
        pytest.param(
            ScheduleInputs(every=5 * MINUTE, rhythm=9 * HOUR), 5 * MINUTE, id="operator over rhythm"
        ),
        pytest.param(
            ScheduleInputs(every=5 * MINUTE, directives=Directives(max_age=HOUR)),
            HOUR,
            id="operator: only where the headers allow",
        ),
        pytest.param(
            ScheduleInputs(every=timedelta(seconds=2), own_network=True),
            timedelta(seconds=2),
            id="own network: any interval",
        ),
        pytest.param(ScheduleInputs(rhythm=MINUTE, pushed=True), HOUR, id="a hub tells of news"),
        pytest.param(
            ScheduleInputs(rhythm=9 * HOUR, pushed=True), 9 * HOUR, id="a hub, and little news"
        ),
        pytest.param(
            ScheduleInputs(every=5 * MINUTE, pushed=True), 5 * MINUTE, id="operator over hub"
        ),
        pytest.param(ScheduleInputs(failures=1), 2 * HOUR, id="first error"),
        pytest.param(ScheduleInputs(failures=3), 8 * HOUR, id="third error"),
        pytest.param(ScheduleInputs(failures=900), DAY, id="never dead: once a day"),
        pytest.param(ScheduleInputs(rhythm=MINUTE, busy=True), HOUR, id="busy: an hour"),
        pytest.param(
            ScheduleInputs(every=timedelta(seconds=2), own_network=True, failures=30),
            MINUTE,
            id="own network: back soon",
        ),
    ],
)
def test_the_interval_follows_from_the_inputs(known: ScheduleInputs, waited: timedelta):
    assert interval(NOW, known)[0] == waited


spans = st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))
directives = st.builds(Directives, spans, spans, spans)
circumstances = st.builds(
    ScheduleInputs,
    rhythm=spans,
    newest=st.none() | st.timedeltas(min_value=-DAY, max_value=99 * DAY).map(lambda d: NOW - d),
    directives=directives,
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
def test_a_poll_never_comes_before_the_source_allows_it(known: ScheduleInputs, jitter: float):
    waited = next_fetch_at(NOW, known, jitter) - NOW

    assert waited >= 5 * MINUTE
    assert known.every is not None or waited >= 15 * MINUTE
    assert waited >= min(known.directives.retry_after or timedelta(), 7 * DAY)
    assert waited >= min(known.directives.max_age or timedelta(), DAY)
    assert known.every is not None or waited >= min(known.pace.ttl or timedelta(), DAY)


@given(circumstances, st.floats(-1, 1))
def test_a_poll_comes_within_fifteen_days(known: ScheduleInputs, jitter: float):
    if known.every is None:
        assert next_fetch_at(NOW, known, jitter) - NOW <= 15 * DAY


@given(st.floats(-1, 1))
def test_jitter_is_a_tenth(jitter: float):
    waited = next_fetch_at(NOW, ScheduleInputs(rhythm=10 * HOUR), jitter) - NOW

    assert 9 * HOUR <= waited <= 11 * HOUR


def test_skipped_hours_and_days_are_left_out():
    pace = FeedPace(skip_hours=frozenset({13, 14}), skip_days=frozenset())
    weekend = FeedPace(skip_days=frozenset({0, 1}))

    assert next_fetch_at(NOW, ScheduleInputs(pace=pace), 0) == NOW + 3 * HOUR
    assert next_fetch_at(NOW, ScheduleInputs(pace=weekend), 0).weekday() == 2


def test_a_feed_that_skips_every_hour_is_polled_all_the_same():
    pace = FeedPace(skip_hours=frozenset(range(24)))

    assert next_fetch_at(NOW, ScheduleInputs(pace=pace), 0) == NOW + HOUR


def test_the_rhythm_is_half_the_mean_gap_of_the_newest_entries():
    every_two_hours = [NOW - hours * HOUR for hours in range(0, 40, 2)]

    assert rhythm_of(every_two_hours, None) == HOUR
    assert rhythm_of(every_two_hours, 3 * HOUR) == 3 * HOUR
    assert rhythm_of(every_two_hours[:2], None) is None
    assert rhythm_of([], 4 * HOUR) == 4 * HOUR


@pytest.mark.parametrize(
    ("text", "seconds"), [("5s", 5), ("15m", 900), (" 2 H ", 7200), ("1d", 86_400)]
)
def test_durations_are_parsed(text: str, seconds: int):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "0s", "-5m", "5 weeks", "m", "٥s"])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (90, "90 s"), (60, "1 min"), (7200, "2 h"), (86_400, "1 d"), (180_000, "2 d")],
)
def test_durations_are_formatted(seconds: int, text: str):
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.timedeltas())
def test_any_duration_can_be_formatted(time: timedelta):
    assert format_duration(time)[0].isdigit()


HOURLY = Directives(max_age=HOUR)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        pytest.param(ScheduleInputs(), "nothing says how often it changes", id="nothing known"),
        pytest.param(
            ScheduleInputs(rhythm=HOUR), "twice as often as it publishes", id="its rhythm"
        ),
        pytest.param(
            ScheduleInputs(rhythm=MINUTE),
            "it changes more often, and this is the least",
            id="a fast rhythm",
        ),
        pytest.param(
            ScheduleInputs(rhythm=48 * HOUR),
            "it changes less often, and this is the most",
            id="a slow rhythm",
        ),
        pytest.param(
            ScheduleInputs(rhythm=MINUTE, directives=HOURLY),
            "its headers ask so (max-age)",
            id="max-age",
        ),
        pytest.param(
            ScheduleInputs(directives=Directives(max_age=MINUTE, expires=HOUR)),
            "its headers ask so (Expires)",
            id="Expires",
        ),
        pytest.param(
            ScheduleInputs(rhythm=MINUTE, newest=NOW - 20 * HOUR),
            "its newest entry is 20 h old",
            id="silence",
        ),
        pytest.param(
            ScheduleInputs(rhythm=MINUTE, directives=Directives(retry_after=2 * HOUR)),
            "its Retry-After asks so",
            id="Retry-After",
        ),
        pytest.param(ScheduleInputs(busy=True), "it is busy", id="busy"),
        pytest.param(
            ScheduleInputs(rhythm=MINUTE, pushed=True), "a hub pushes its news", id="a hub"
        ),
        pytest.param(
            ScheduleInputs(rhythm=3 * HOUR, pushed=True),
            "twice as often as it publishes",
            id="a hub of a slow feed",
        ),
        pytest.param(
            ScheduleInputs(rhythm=HOUR, failures=1),
            "it failed once, and each time the pause grows",
            id="one failure",
        ),
        pytest.param(
            ScheduleInputs(rhythm=HOUR, failures=4),
            "it failed 4 times in a row, and each time the pause grows",
            id="failures",
        ),
        pytest.param(ScheduleInputs(rhythm=HOUR, every=5 * MINUTE), "as you set it", id="a wish"),
        pytest.param(
            ScheduleInputs(every=MINUTE), "you set 1 min, but this is the least", id="a hasty wish"
        ),
        pytest.param(
            ScheduleInputs(every=5 * MINUTE, directives=HOURLY),
            "you set 5 min, but its headers ask for more",
            id="a wish against the headers",
        ),
    ],
)
def test_an_interval_comes_with_its_reason(known: ScheduleInputs, words: str):
    assert interval(NOW, known)[1] == words


def test_a_ttl_and_a_rhythm_are_different_reasons():
    hourly, hasty = FeedPace(ttl=HOUR), FeedPace(ttl=MINUTE)

    assert interval(NOW, ScheduleInputs(rhythm=HOUR, pace=hourly))[1] == "its ttl asks so"
    assert (
        interval(NOW, ScheduleInputs(rhythm=HOUR, pace=hasty))[1]
        == "twice as often as it publishes"
    )


@given(circumstances)
def test_there_is_a_reason_for_every_interval(known: ScheduleInputs):
    words = interval(NOW, known)[1]

    assert words
    if "the least" in words and known.every is None:
        assert interval(NOW, known)[0] == MIN_INTERVAL
    if "the most" in words:
        assert interval(NOW, known)[0] == MAX_INTERVAL
