import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.caret import pointed
from bot.matching.query import Code, QueryError, parse


@pytest.mark.parametrize(
    ("text", "line", "caret"),
    [
        ("Taiwan OR (consul", "Taiwan OR (consul", "          ^"),
        ("the", "the", "^^^"),
        ("日本 (", "日本 (", "\u3000\u3000 ^"),
        ("e\u0301 (", "e\u0301 (", "  ^"),
        ("a\n(", "a (", "  ^"),
        ("x" * 60 + " (" + "y" * 60, f"…{'x' * 14} ({'y' * 14}…", " " * 16 + "^"),
    ],
)
def test_the_caret_stands_under_the_place(text, line, caret):
    with pytest.raises(QueryError) as refused:
        parse(text)

    shown = pointed(refused.value)

    assert (shown.line, shown.caret) == (line, caret)


@given(st.text(max_size=200), st.integers(0, 220), st.integers(0, 50))
def test_any_place_can_be_pointed_at_in_a_line_of_a_phone(text, position, length):
    shown = pointed(QueryError(Code.STRAY_STAR, text, position, length))

    assert shown.caret.strip(" \u3000").strip("^") == ""
    assert "^" in shown.caret
    assert len(shown.line) <= 32
    assert "\n" not in shown.line
