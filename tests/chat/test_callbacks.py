from hypothesis import given
from hypothesis import strategies as st

from bot.chat.callbacks import (
    SetTimes,
    SubscribeQuery,
    TryWords,
    set_times,
    subscribe_query,
    times_in,
    try_words,
)
from bot.subscribers.digest_schedule import WeeklyTime
from storage.enums import Mode


def test_a_short_query_is_carried_by_the_button():
    data = subscribe_query('title:Taiwan "consul-general"', "both")

    assert data == 'words|both|title:Taiwan "consul-general"'
    assert SubscribeQuery.unpack(data).words == 'title:Taiwan "consul-general"'


@given(st.text(max_size=80), st.sampled_from(list(Mode)))
def test_a_button_carries_a_whole_query_or_none(words, mode):
    data = subscribe_query(words, mode)

    read = SubscribeQuery.unpack(data)
    assert read.mode is mode
    assert read.words in {words, ""}
    assert len(data.encode()) <= 64


@given(
    st.lists(
        st.builds(WeeklyTime, st.integers(0, 1439), st.integers(1, 127)), min_size=1, max_size=4
    )
)
def test_a_button_carries_a_whole_timetable(times):
    data = set_times(times)

    assert times_in(SetTimes.unpack(data)) == times
    assert len(data.encode()) <= 64


@given(st.text(max_size=80))
def test_a_query_to_search_is_carried_whole_or_not_at_all(words):
    data = try_words(words)

    assert TryWords.unpack(data).words in {words, ""}
    assert len(data.encode()) <= 64
