import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.reading_time import minutes_of, reading_seconds


@pytest.mark.parametrize(
    ("text", "language", "seconds"),
    [
        pytest.param("word " * 228, "en", 60, id="English words"),
        pytest.param("word " * 228, "en-GB", 60, id="with a region"),
        pytest.param("Wort " * 179, "de", 60, id="German takes longer"),
        pytest.param("word " * 184, "xx", 60, id="any other language"),
        pytest.param("字" * 255, "zh-Hant", 60, id="Chinese characters"),
        pytest.param("かな" * 178 + "字", "ja", 60, id="Japanese characters"),
        pytest.param("don't stop", "en", 60 * 2 / 228, id="an apostrophe splits no word"),
        pytest.param("", "en", 0, id="nothing"),
    ],
)
def test_reading_time_follows_words_and_characters(text, language, seconds):
    assert reading_seconds(text, language=language) == pytest.approx(seconds)
    assert reading_seconds("", text, language) == pytest.approx(seconds)


@given(st.text(max_size=300), st.text(max_size=300))
def test_more_text_never_takes_less_time(text, more):
    if not any("\u3040" <= character <= "\u30ff" for character in more):
        assert reading_seconds(f"{text} {more}") >= reading_seconds(text) - 1e-9


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 1), (80, 1), (100, 2), (600, 10)])
def test_minutes_are_whole_and_at_least_one(seconds, minutes):
    assert minutes_of(seconds) == minutes
