from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.durations import parse_span, span


@pytest.mark.parametrize(
    ("text", "seconds"), [("5s", 5), ("15m", 900), (" 2 H ", 7200), ("1d", 86_400)]
)
def test_spans_are_read(text: str, seconds: int):
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "0s", "-5m", "5 weeks", "m", "٥s"])
def test_what_says_nothing_clear_is_refused(text: str):
    with pytest.raises(ValueError, match="no span of time"):
        parse_span(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (90, "90 s"), (60, "1 min"), (7200, "2 h"), (86_400, "1 d"), (180_000, "2 d")],
)
def test_spans_are_written(seconds: int, text: str):
    assert span(timedelta(seconds=seconds)) == text


@given(st.timedeltas())
def test_any_span_can_be_written(time: timedelta):
    assert span(time)[0].isdigit()
