"""What links bring along."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers.share_links import (
    LONGEST_START,
    LinkedQuery,
    LinkedShare,
    LinkedTopic,
    read_start,
    start_for,
)


@pytest.mark.parametrize(
    ("linked", "start"),
    [
        pytest.param(LinkedTopic("central-banks"), "topic_central-banks", id="a slug"),
        pytest.param(LinkedTopic("12"), "topic_12", id="a number"),
        pytest.param(LinkedQuery("Taiwan"), "q_VGFpd2Fu", id="words"),
        pytest.param(LinkedQuery("台湾 OR 台灣"), "q_5Y-w5rm-IE9SIOWPsOeBow", id="in any script"),
        pytest.param(LinkedShare("abc_-1"), "s_abc_-1", id="something shared"),
    ],
)
def test_what_a_link_says_is_read_back(linked, start):
    assert start_for(linked) == start
    assert read_start(start) == linked


@pytest.mark.parametrize(
    "start",
    ["", "whatever", "q_", "q_!!!!", "q__w", "admin_1"],
    ids=["nothing", "unknown", "no words", "no base64", "no UTF-8", "another's"],
)
def test_what_is_no_link_brings_nothing(start):
    assert read_start(start) is None


@given(st.text(min_size=1))
def test_words_that_fit_are_read_back_and_telegram_takes_the_link(typed):
    start = start_for(LinkedQuery(typed))

    if start is None:
        assert len(typed.encode()) > 46
    else:
        assert re.fullmatch(rf"[A-Za-z0-9_-]{{1,{LONGEST_START}}}", start)
        assert read_start(start) == LinkedQuery(typed)


@given(st.text(max_size=70))
def test_nothing_that_is_brought_along_fails(start):
    for prefix in ("", "q_", "s_", "topic_"):
        linked = read_start(prefix + start)
        again = start_for(linked) if linked else None
        assert again is None or read_start(again) == linked
