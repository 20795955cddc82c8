"""Budgets: what is left, who waits, and until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.budgets import FREE, STOPS_POLLS, USUAL, Cost, next_day, room, waits, weight
from storage.enums import UsageKind

FEW = replace(USUAL, requests=10, entries=5)
SPENT = {UsageKind.REQUESTS: 10}
USED = st.dictionaries(st.sampled_from(list(UsageKind)), st.integers(0, 2_000_000_000))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@pytest.mark.parametrize(
    ("followers", "is_waiting"),
    [
        pytest.param([], False, id="nobody pays"),
        pytest.param([{}], False, id="nothing used"),
        pytest.param([{UsageKind.REQUESTS: 9}], False, id="one request left"),
        pytest.param([SPENT], True, id="no request left"),
        pytest.param([SPENT, {}], False, id="another follower can pay"),
        pytest.param([SPENT, {UsageKind.ENTRIES: 7}], True, id="each is beyond some budget"),
        pytest.param([{UsageKind.PAGES: USUAL.pages}], False, id="pages stop no poll"),
        pytest.param([{UsageKind.MATCHES: USUAL.matches}], False, id="matches stop no poll"),
        pytest.param([{UsageKind.SEARCHES: USUAL.searches}], False, id="searches stop no poll"),
    ],
)
def test_a_source_waits_while_none_of_its_followers_can_pay(followers, is_waiting):
    assert waits(FEW, followers) == is_waiting


def test_the_room_of_a_source_is_that_of_its_most_frugal_follower():
    assert room(FEW, UsageKind.ENTRIES, [{UsageKind.ENTRIES: 4}, {UsageKind.ENTRIES: 2}]) == 3
    assert room(FEW, UsageKind.ENTRIES, [{UsageKind.ENTRIES: 9}]) == 0
    assert room(FEW, UsageKind.ENTRIES, []) == 5


@given(st.lists(USED, min_size=1), st.sampled_from(STOPS_POLLS))
def test_a_source_without_room_waits(followers, kind):
    if room(USUAL, kind, followers) == 0:
        assert waits(USUAL, followers)


@pytest.mark.parametrize(
    ("texts", "entries"),
    [
        pytest.param(("",), 1, id="empty"),
        pytest.param(("a" * 3_999,), 1, id="short"),
        pytest.param(("a" * 4_000,), 2, id="as long as two"),
        pytest.param(("a" * 3_000, "b" * 5_000), 3, id="text and summary together"),
    ],
)
def test_a_long_entry_counts_as_several(texts, entries):
    assert weight(*texts) == entries


def test_a_cost_names_only_what_it_has():
    assert FREE.amounts == {}
    assert Cost(requests=2, seconds=0.25, received=7).amounts == {
        UsageKind.REQUESTS: 2,
        UsageKind.WAITING: 250,
        UsageKind.BYTES: 7,
    }


@given(MOMENTS, st.floats(-1, 1))
def test_the_next_day_begins_within_half_an_hour_after_midnight(now, jitter):
    start = next_day(now)

    assert now < start <= now + timedelta(days=1)
    assert (start.hour, start.minute) == (0, 0)
    assert start <= next_day(now, jitter) <= start + timedelta(minutes=30)


def test_every_kind_has_a_budget():
    assert USUAL.limits.keys() == set(UsageKind)
