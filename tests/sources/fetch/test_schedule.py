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


HOURLY = Directives(max_age=HOUR)
OWN_RHYTHM = "twice as often as it publishes"
LEAST = "it changes more often, and this is the least"
MOST = "it changes less often, and this is the most"
SECONDS = timedelta(seconds=2)


@pytest.mark.parametrize(
    ("known", "waited", "reason"),
    [
        pytest.param({}, HOUR, "nothing says how often it changes", id="nothing is known"),
        pytest.param({"rhythm": MINUTE}, 15 * MINUTE, LEAST, id="busy feed: no faster"),
        pytest.param({"rhythm": 2 * HOUR}, 2 * HOUR, OWN_RHYTHM, id="its own rhythm"),
        pytest.param({"rhythm": 9 * DAY}, DAY, MOST, id="sleepy feed: once a day"),
        pytest.param(
            {"rhythm": HOUR, "pace": FeedPace(ttl=HOUR)}, HOUR, "its ttl asks so", id="ttl"
        ),
        pytest.param(
            {"rhythm": HOUR, "pace": FeedPace(ttl=MINUTE)},
            HOUR,
            OWN_RHYTHM,
            id="ttl shorter than the rhythm",
        ),
        pytest.param(
            {"newest": NOW - 50 * HOUR},
            5 * HOUR,
            "its newest entry is 2 d old",
            id="silent for long",
        ),
        pytest.param(
            {"rhythm": MINUTE, "directives": HOURLY},
            HOUR,
            "its headers ask so (max-age)",
            id="max-age",
        ),
        pytest.param(
            {"directives": Directives(max_age=HOUR, expires=2 * HOUR)},
            2 * HOUR,
            "its headers ask so (Expires)",
            id="Expires",
        ),
        pytest.param(
            {"directives": Directives(max_age=365 * DAY)}, DAY, MOST, id="a year's max-age"
        ),
        pytest.param(
            {"directives": Directives(retry_after=3 * DAY)},
            3 * DAY,
            "its Retry-After asks so",
            id="Retry-After: uncapped",
        ),
        pytest.param(
            {"directives": Directives(retry_after=30 * DAY)},
            7 * DAY,
            "its Retry-After asks so",
            id="Retry-After: up to a week",
        ),
        pytest.param(
            {"every": 5 * MINUTE, "rhythm": 9 * HOUR},
            5 * MINUTE,
            "as you set it",
            id="operator over rhythm",
        ),
        pytest.param(
            {"every": MINUTE},
            5 * MINUTE,
            "you set 1 min, but this is the least",
            id="operator: down to 5 min",
        ),
        pytest.param(
            {"every": 5 * MINUTE, "directives": HOURLY},
            HOUR,
            "you set 5 min, but its headers ask for more",
            id="operator: only where the headers allow",
        ),
        pytest.param(
            {"every": SECONDS, "own_network": True},
            SECONDS,
            "as you set it",
            id="own network: any interval",
        ),
        pytest.param(
            {"rhythm": MINUTE, "pushed": True},
            HOUR,
            "a hub pushes its news",
            id="a hub tells of news",
        ),
        pytest.param(
            {"rhythm": 9 * HOUR, "pushed": True}, 9 * HOUR, OWN_RHYTHM, id="a hub, and little news"
        ),
        pytest.param(
            {"every": 5 * MINUTE, "pushed": True},
            5 * MINUTE,
            "as you set it",
            id="operator over hub",
        ),
        pytest.param(
            {"failures": 1},
            2 * HOUR,
            "it failed once, and each time the pause grows",
            id="first error",
        ),
        pytest.param(
            {"failures": 3},
            8 * HOUR,
            "it failed 3 times in a row, and each time the pause grows",
            id="third error",
        ),
        pytest.param(
            {"failures": 900},
            DAY,
            "it failed 900 times in a row, and each time the pause grows",
            id="never dead: once a day",
        ),
        pytest.param({"rhythm": MINUTE, "busy": True}, HOUR, "it is busy", id="busy: an hour"),
        pytest.param(
            {"every": SECONDS, "own_network": True, "failures": 30},
            MINUTE,
            "it failed 30 times in a row, and each time the pause grows",
            id="own network: back soon",
        ),
    ],
)
def test_the_interval_and_its_reason_follow_from_the_inputs(known, waited, reason):
    assert interval(NOW, ScheduleInputs(**known)) == (waited, reason)


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
def test_a_poll_never_comes_before_the_source_allows_it_nor_after_fifteen_days(known, jitter):
    waited = next_fetch_at(NOW, known, jitter) - NOW

    assert waited >= 5 * MINUTE
    assert waited >= min(known.directives.retry_after or timedelta(), 7 * DAY)
    assert waited >= min(known.directives.max_age or timedelta(), DAY)
    if known.every is None:
        assert 15 * MINUTE <= waited <= 15 * DAY
        assert waited >= min(known.pace.ttl or timedelta(), DAY)


@given(st.floats(-1, 1))
def test_jitter_is_a_tenth(jitter):
    waited = next_fetch_at(NOW, ScheduleInputs(rhythm=10 * HOUR), jitter) - NOW

    assert 9 * HOUR <= waited <= 11 * HOUR


@pytest.mark.parametrize(
    ("pace", "waited"),
    [
        pytest.param(FeedPace(skip_hours=frozenset({13, 14})), 3 * HOUR, id="hours"),
        pytest.param(FeedPace(skip_days=frozenset({0, 1})), 36 * HOUR, id="days"),
        pytest.param(FeedPace(skip_hours=frozenset(range(24))), HOUR, id="every hour: ignored"),
    ],
)
def test_skipped_hours_and_days_are_left_out(pace, waited):
    assert next_fetch_at(NOW, ScheduleInputs(pace=pace), 0) == NOW + waited


def test_the_rhythm_is_half_the_mean_gap_of_the_newest_entries():
    every_two_hours = [NOW - hours * HOUR for hours in range(0, 40, 2)]

    assert rhythm_of(every_two_hours, None) == HOUR
    assert rhythm_of(every_two_hours, 3 * HOUR) == 3 * HOUR
    assert rhythm_of(every_two_hours[:2], None) is None
    assert rhythm_of([], 4 * HOUR) == 4 * HOUR


@pytest.mark.parametrize(
    ("text", "seconds"), [("5s", 5), ("15m", 900), (" 2 H ", 7200), ("1d", 86_400)]
)
def test_durations_are_parsed(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "0s", "-5m", "5 weeks", "m", "٥s"])
def test_other_texts_than_durations_are_refused(text):
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (90, "90 s"), (60, "1 min"), (7200, "2 h"), (86_400, "1 d"), (180_000, "2 d")],
)
def test_durations_are_formatted(seconds, text):
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.timedeltas())
def test_any_duration_can_be_formatted(time):
    assert format_duration(time)[0].isdigit()


@given(circumstances)
def test_there_is_a_reason_for_every_interval(known):
    words = interval(NOW, known)[1]

    assert words
    if "the least" in words and known.every is None:
        assert interval(NOW, known)[0] == MIN_INTERVAL
    if "the most" in words:
        assert interval(NOW, known)[0] == MAX_INTERVAL
