import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.query import QueryError, QueryErrorCode, parse
from bot.matching.query.errors import PHONE, WIDE_SPACE, pointer


@pytest.mark.parametrize(
    ("text", "position", "line", "caret"),
    [
        pytest.param("Taiwan (", 7, "Taiwan (", "       ^", id="as it is"),
        pytest.param("", 0, "", "^", id="nothing to point at"),
        pytest.param("台湾 (", 3, "台湾 (", "     ^", id="wide characters take two columns"),
        pytest.param("a\nb (", 4, "a b (", "    ^", id="one line"),
        pytest.param(
            "x" * 100, 50, "…" + "x" * 60 + "…", " " * 31 + "^", id="a long one around its place"
        ),
        pytest.param("x" * 100, 95, "…" + "x" * 60, " " * 56 + "^", id="a long one at its end"),
    ],
)
def test_in_a_terminal_the_caret_stands_under_the_place(
    text: str, position: int, line: str, caret: str
):
    shown = pointer(QueryError(QueryErrorCode.UNCLOSED_BRACKET, text, position))

    assert (shown.line, shown.caret) == (line, caret)


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
def test_on_a_phone_the_caret_stands_under_the_place(text: str, line: str, caret: str):
    with pytest.raises(QueryError) as refused:
        parse(text)

    shown = pointer(refused.value, room=PHONE, wide=WIDE_SPACE)

    assert (shown.line, shown.caret) == (line, caret)


@given(st.text(max_size=200), st.integers(0, 220), st.integers(0, 50))
def test_any_place_can_be_pointed_at_in_a_line_of_a_phone(text: str, position: int, length: int):
    error = QueryError(QueryErrorCode.STRAY_STAR, text, position, length)

    shown = pointer(error, room=PHONE, wide=WIDE_SPACE)

    assert shown.caret.strip(" \u3000").strip("^") == ""
    assert "^" in shown.caret
    assert len(shown.line) <= 32
    assert "\n" not in shown.line
