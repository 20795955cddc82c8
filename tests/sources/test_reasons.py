from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.formats.records import FeedPace
from bot.sources.getting.cadence import LONGEST, SHORTEST, Circumstances, interval
from bot.sources.getting.wishes import Wishes
from bot.sources.reasons import why

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
HOURLY = Wishes(max_age=HOUR)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        pytest.param(Circumstances(), "nothing says how often it changes", id="nothing known"),
        pytest.param(Circumstances(rhythm=HOUR), "twice as often as it publishes", id="its rhythm"),
        pytest.param(
            Circumstances(rhythm=MINUTE),
            "it changes more often, and this is the least",
            id="a fast rhythm",
        ),
        pytest.param(
            Circumstances(rhythm=48 * HOUR),
            "it changes more seldom, and this is the most",
            id="a slow rhythm",
        ),
        pytest.param(
            Circumstances(rhythm=MINUTE, wishes=HOURLY),
            "its headers ask for that (max-age)",
            id="max-age",
        ),
        pytest.param(
            Circumstances(wishes=Wishes(max_age=MINUTE, expires=HOUR)),
            "its headers ask for that (Expires)",
            id="Expires",
        ),
        pytest.param(
            Circumstances(rhythm=MINUTE, newest=NOW - 20 * HOUR),
            "its newest entry is 20 h old",
            id="silence",
        ),
        pytest.param(
            Circumstances(rhythm=MINUTE, wishes=Wishes(retry_after=2 * HOUR)),
            "it asks for that (Retry-After)",
            id="Retry-After",
        ),
        pytest.param(Circumstances(busy=True), "it is busy", id="busy"),
        pytest.param(
            Circumstances(rhythm=MINUTE, pushed=True), "a hub tells of its news", id="a hub"
        ),
        pytest.param(
            Circumstances(rhythm=3 * HOUR, pushed=True),
            "twice as often as it publishes",
            id="a hub of a slow feed",
        ),
        pytest.param(
            Circumstances(rhythm=HOUR, failures=1),
            "it failed once, and each time it is left alone for longer",
            id="one failure",
        ),
        pytest.param(
            Circumstances(rhythm=HOUR, failures=4),
            "it failed 4 times in a row, and each time it is left alone for longer",
            id="failures",
        ),
        pytest.param(Circumstances(rhythm=HOUR, every=5 * MINUTE), "you wish so", id="a wish"),
        pytest.param(
            Circumstances(every=MINUTE), "you wish 1 min, and this is the least", id="a hasty wish"
        ),
        pytest.param(
            Circumstances(every=5 * MINUTE, wishes=HOURLY),
            "you wish 5 min, but its headers ask for more",
            id="a wish against the headers",
        ),
    ],
)
def test_what_decides_is_told(known: Circumstances, words: str):
    assert why(NOW, known) == words


def test_a_ttl_is_told_from_a_rhythm():
    hourly, hasty = FeedPace(ttl=HOUR), FeedPace(ttl=MINUTE)

    assert why(NOW, Circumstances(rhythm=HOUR, pace=hourly)) == "its ttl asks for that"
    assert why(NOW, Circumstances(rhythm=HOUR, pace=hasty)) == "twice as often as it publishes"


spans = st.none() | st.timedeltas(timedelta(), timedelta(days=30))


@given(
    st.builds(
        Circumstances,
        rhythm=spans,
        newest=st.none() | st.datetimes(datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is given beside it
        wishes=st.builds(Wishes, max_age=spans, expires=spans, retry_after=spans),
        every=spans,
        own_network=st.booleans(),
        failures=st.integers(0, 30),
        busy=st.booleans(),
        pushed=st.booleans(),
    )
)
def test_there_is_a_reason_for_every_interval(known: Circumstances):
    words = why(NOW, known)

    assert words
    if "the least" in words and known.every is None:
        assert interval(NOW, known) == SHORTEST
    if "the most" in words:
        assert interval(NOW, known) == LONGEST
