import pytest

from bot.matching.pointing import pointer
from bot.matching.query import Code, QueryError


@pytest.mark.parametrize(
    ("text", "position", "line", "caret"),
    [
        pytest.param("Taiwan (", 7, "Taiwan (", "       ^", id="as it is"),
        pytest.param("", 0, "", "^", id="nothing to point at"),
        pytest.param("台湾 (", 3, "台湾 (", "     ^", id="wide characters take two columns"),
        pytest.param("a\nb (", 4, "a b (", "    ^", id="one line"),
        pytest.param(
            "x" * 100, 70, "…" + "x" * 60 + "…", " " * 41 + "^", id="a long one around its place"
        ),
    ],
)
def test_the_caret_stands_under_the_place(text: str, position: int, line: str, caret: str):
    shown = pointer(QueryError(Code.UNCLOSED_BRACKET, text, position))

    assert (shown.line, shown.caret) == (line, caret)
