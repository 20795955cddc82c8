"""The pace keeps its limits whatever the requests."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.pace import HORIZON, free_permits, interval_of, next_permits

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)

asked = st.tuples(
    st.integers(min_value=0, max_value=400),  # milliseconds after the last time
    st.integers(min_value=1, max_value=40),  # wanted
    st.booleans(),  # a reply to a user
)


def walk(requests, per_second: float = 27):
    """Return the permits that the requests got, in their order."""
    now, tat = NOON, LONG_AGO
    all_permits: list[datetime] = []
    for wait, wanted, is_reply in requests:
        now += wait * MILLISECOND
        take = next_permits if is_reply else free_permits
        permits = take(tat, now, interval_of(per_second), wanted=wanted)
        all_permits += permits
        if permits:
            tat = permits[-1] + interval_of(per_second)
    return all_permits


@given(st.lists(asked, max_size=60))
def test_no_second_holds_more_than_one_above_the_rate(requests):
    moments = walk(requests)

    for first in moments:
        within = [moment for moment in moments if first <= moment < first + SECOND]
        assert len(within) <= 28


@given(st.lists(asked, max_size=60))
def test_permits_never_stand_closer_than_the_interval(requests):
    for before, after in pairwise(walk(requests)):
        assert after - before >= interval_of(27)


@given(st.lists(asked, max_size=60))
def test_a_permit_is_never_in_the_past(requests):
    now = NOON

    for wait, wanted, _ in requests:
        now += wait * MILLISECOND
        permits = free_permits(LONG_AGO, now, interval_of(27), wanted=wanted)
        assert all(now <= moment <= now + HORIZON for moment in permits)


def test_the_rate_is_reached():
    moments = walk([(37, 1, False)] * 100)

    assert moments[-1] - moments[0] == pytest.approx(99 * interval_of(27), abs=MILLISECOND)


def test_nothing_is_given_beyond_the_horizon():
    permits = free_permits(NOON + SECOND, NOON, interval_of(27), wanted=5)

    assert permits == []


def test_a_reply_gets_the_next_permit_however_many_deliveries_wait():
    deliveries = free_permits(LONG_AGO, NOON, interval_of(27), wanted=10_000)

    reply = next_permits(deliveries[-1] + interval_of(27), NOON, interval_of(27), wanted=1)

    assert reply[0] - NOON <= HORIZON + interval_of(27)
