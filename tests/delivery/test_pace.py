"""The pace keeps its limits whatever is asked of it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.pace import HORIZON, free_slots, interval_of, next_slots

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)

asked = st.tuples(
    st.integers(min_value=0, max_value=400),  # milliseconds after the last time
    st.integers(min_value=1, max_value=40),  # wanted
    st.booleans(),  # a person's reply
)


def walk(turns, per_second: float = 27):
    """Return every slot given, in the order of the asking."""
    now, tat = NOON, LONG_AGO
    given_out: list[datetime] = []
    for wait, wanted, is_reply in turns:
        now += wait * MILLISECOND
        take = next_slots if is_reply else free_slots
        slots = take(tat, now, interval_of(per_second), wanted=wanted)
        given_out += slots.moments
        if slots.moments:
            tat = slots.tat_after(len(slots.moments))
    return given_out


@given(st.lists(asked, max_size=60))
def test_no_second_holds_more_than_one_above_the_rate(turns):
    moments = walk(turns)

    for first in moments:
        within = [moment for moment in moments if first <= moment < first + SECOND]
        assert len(within) <= 28


@given(st.lists(asked, max_size=60))
def test_slots_never_stand_closer_than_the_interval(turns):
    for before, after in pairwise(walk(turns)):
        assert after - before >= interval_of(27)


@given(st.lists(asked, max_size=60))
def test_a_slot_is_never_in_the_past(turns):
    now = NOON

    for wait, wanted, _ in turns:
        now += wait * MILLISECOND
        slots = free_slots(LONG_AGO, now, interval_of(27), wanted=wanted)
        assert all(now <= moment <= now + HORIZON for moment in slots.moments)


def test_the_rate_is_reached():
    moments = walk([(37, 1, False)] * 100)

    assert moments[-1] - moments[0] == pytest.approx(99 * interval_of(27), abs=MILLISECOND)


def test_nothing_is_given_beyond_the_horizon():
    slots = free_slots(NOON + SECOND, NOON, interval_of(27), wanted=5)

    assert slots.moments == ()


def test_a_reply_gets_the_next_slot_however_many_deliveries_wait():
    deliveries = free_slots(LONG_AGO, NOON, interval_of(27), wanted=10_000)

    reply = next_slots(
        deliveries.tat_after(len(deliveries.moments)), NOON, interval_of(27), wanted=1
    )

    assert reply.moments[0] - NOON <= HORIZON + interval_of(27)
