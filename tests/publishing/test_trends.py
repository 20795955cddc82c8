from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.trends import (
    DAYS,
    FORTNIGHT,
    Trend,
    TrendChange,
    most_risen,
    sparkline,
    trend_of,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=99)
WEEK_AGO = NOW - timedelta(days=DAYS)


def trend(this_week: int, last_week: int, *, is_known: bool = True) -> Trend:
    return Trend((last_week, *[0] * 12, this_week), is_known=is_known)


@pytest.mark.parametrize(
    ("this_week", "last_week", "change"),
    [
        pytest.param(14, 7, TrendChange.TWICE, id="twice"),
        pytest.param(13, 7, TrendChange.TWICE, id="nearly twice"),
        pytest.param(20, 7, TrendChange.TIMES, id="three times"),
        pytest.param(7, 14, TrendChange.HALF, id="half"),
        pytest.param(15, 14, TrendChange.SAME, id="as many"),
        pytest.param(9, 0, TrendChange.NEW, id="none last week"),
        pytest.param(9, 6, TrendChange.OTHER, id="half as many again: the numbers say it better"),
    ],
)
def test_weeks_are_compared(this_week, last_week, change):
    assert trend(this_week, last_week).change is change


def test_multiples_are_whole_numbers():
    assert trend(20, 7).times == 3


def test_an_unknown_week_is_not_compared():
    assert trend(14, 7, is_known=False).change is TrendChange.UNKNOWN


@pytest.mark.parametrize(
    ("counts", "bars"),
    [
        pytest.param((0, 0, 0), "▁▁▁", id="nothing"),
        pytest.param((1, 0, 8), "▂▁█", id="a little is more than nothing"),
        pytest.param((1, 2, 3, 4, 5, 6, 7), "▂▃▄▅▆▇█", id="steps"),
        pytest.param((), "", id="no day"),
    ],
)
def test_bars_stand_for_counts(counts, bars):
    assert sparkline(counts) == bars


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30).map(tuple))
def test_bars_keep_the_order_of_the_counts(counts):
    bars = sparkline(counts)

    assert len(bars) == len(counts)
    for one, other in zip(
        zip(counts, bars, strict=True), zip(counts[1:], bars[1:], strict=False), strict=False
    ):
        assert (one[0] <= other[0]) <= (one[1] <= other[1])


@pytest.mark.parametrize(
    ("by_age", "since", "known"),
    [
        pytest.param({0: 5}, LONG_AGO, True, id="subscribed for long, nothing came: that is known"),
        pytest.param({0: 5}, WEEK_AGO, False, id="subscribed for a week"),
        pytest.param({0: 5, 5: 1}, NOW, False, id="a new topic, whose query had others this week"),
        pytest.param({0: 5, 13: 1}, NOW, True, id="a new topic of an old query"),
    ],
)
def test_the_week_before_counts_only_if_it_is_known(by_age, since, known):
    found = trend_of(by_age, since, NOW, LONG_AGO)

    assert found
    assert found.is_known is known


@pytest.mark.parametrize(
    "by_age",
    [
        pytest.param({}, id="nothing"),
        pytest.param({0: 1, 3: 2}, id="three stories"),
        pytest.param({8: 9}, id="none this week"),
    ],
)
def test_too_few_stories_make_no_trend(by_age):
    assert trend_of(by_age, LONG_AGO, NOW, LONG_AGO) is None


def test_a_topic_whose_week_is_not_known_has_no_trend():
    assert trend_of({0: 5, 4: 1}, NOW, NOW, LONG_AGO) is None


@pytest.mark.parametrize(
    ("news_since", "change"),
    [
        pytest.param(NOW - timedelta(minutes=1), None, id="a minute: no week is known"),
        pytest.param(WEEK_AGO, TrendChange.UNKNOWN, id="a week: nothing to compare it with"),
        pytest.param(NOW - timedelta(days=FORTNIGHT), TrendChange.TIMES, id="two weeks"),
    ],
)
def test_a_week_before_the_bot_read_news_is_not_known(news_since, change):
    """Feeds no longer list all news of that time."""
    found = trend_of({0: 9, 9: 2, 13: 1}, LONG_AGO, NOW, news_since)

    assert (found.change if found else None) is change


def test_days_are_ordered_oldest_first():
    found = trend_of({0: 4, 1: 3, DAYS: 2, FORTNIGHT - 1: 1}, LONG_AGO, NOW, LONG_AGO)

    assert found
    assert found.days == (1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 4)
    assert (found.this_week, found.last_week) == (7, 3)


WEEK = 7


@pytest.mark.parametrize(
    ("trends", "topic"),
    [
        pytest.param({}, None, id="no topic"),
        pytest.param({1: (1, 1), 2: (1, 3)}, 2, id="the one with the largest difference"),
        pytest.param({1: (2, 2)}, None, id="as many as before"),
        pytest.param({1: (10, 12)}, None, id="less than half more"),
        pytest.param({1: (0, 1)}, 1, id="none before"),
    ],
)
def test_the_topic_that_rose_most_is_found(trends, topic):
    # Pairs: stories a day last week, and this week.
    made = {one: Trend((last,) * WEEK + (this,) * WEEK) for one, (last, this) in trends.items()}

    assert most_risen(made) == topic


def test_a_topic_without_a_known_week_before_does_not_rise():
    assert most_risen({1: Trend((0,) * WEEK + (9,) * WEEK, is_known=False)}) is None
