"""Queries that are refused: why, and which place is pointed at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.query import QueryError, parse
from bot.matching.query import QueryErrorCode as Code
from bot.matching.query.errors import PHONE, WIDE_SPACE, pointer


@pytest.mark.parametrize(
    ("typed", "code", "place", "suggestion"),
    [
        pytest.param("", Code.EMPTY, (0, 0), "", id="nothing"),
        pytest.param(" & ", Code.EMPTY, (0, 3), "", id="no word"),
        pytest.param("-x", Code.ONLY_NOT, (0, 1), "", id="only not"),
        pytest.param("x OR -y", Code.ONLY_NOT, (5, 1), "", id="one way has only not"),
        pytest.param("the of", Code.ONLY_STOP_WORDS, (0, 3), "", id="stop words"),
        pytest.param("の", Code.ONLY_STOP_WORDS, (0, 1), "", id="a lone kana"),
        pytest.param("的 OR 台湾", Code.ONLY_STOP_WORDS, (0, 1), "", id="Chinese grammar"),
        pytest.param("台湾 OR ก", Code.ONLY_STOP_WORDS, (6, 1), "", id="a lone Thai letter"),
        pytest.param('taiwan OR "of the"', Code.ONLY_STOP_WORDS, (10, 8), "", id="one way"),
        pytest.param("taiwan ta*", Code.SHORT_PREFIX, (7, 3), "taiwan ta", id="short prefix"),
        pytest.param("да мо*", Code.SHORT_PREFIX, (3, 3), "да мо", id="a short Russian prefix"),
        pytest.param("x y*z", Code.STRAY_STAR, (2, 3), "", id="a star inside"),
        pytest.param("x *", Code.STRAY_STAR, (2, 1), "", id="a star alone"),
        pytest.param(
            "Taiwan OR (consul", Code.UNCLOSED_BRACKET, (10, 1), "Taiwan OR consul", id="bracket"
        ),
        pytest.param('x "y z', Code.UNCLOSED_QUOTE, (2, 1), 'x "y z"', id="quote"),
        pytest.param("x )", Code.UNEXPECTED_BRACKET, (2, 1), "x", id="closing bracket"),
        pytest.param("x ()", Code.EMPTY_BRACKETS, (2, 2), "", id="empty brackets"),
        pytest.param('x ""', Code.EMPTY_PHRASE, (2, 2), "", id="empty phrase"),
        pytest.param("OR x", Code.UNEXPECTED_OPERATOR, (0, 2), "x", id="or at the start"),
        pytest.param("x AND", Code.NOTHING_FOLLOWS, (2, 3), "x", id="and at the end"),
        pytest.param("x OR OR y", Code.NOTHING_FOLLOWS, (2, 2), "x OR y", id="or twice"),
        pytest.param("title:", Code.NOTHING_FOLLOWS, (0, 6), "", id="a field of nothing"),
        pytest.param("x NEAR/ y", Code.NEAR_HOW_FAR, (2, 5), "x NEAR/5 y", id="how near"),
        pytest.param("x NEAR y", Code.NEAR_HOW_FAR, (2, 4), "x NEAR/5 y", id="NEAR alone"),
        pytest.param('"x y"~', Code.NEAR_HOW_FAR, (5, 1), '"x y"~5', id="how near, in quotes"),
        pytest.param("x NEAR/99 y", Code.NEAR_TOO_FAR, (2, 7), "x NEAR/50 y", id="not near"),
        pytest.param('"x y z"~3', Code.NEAR_WHAT, (0, 9), "", id="three near each other"),
        pytest.param("x NEAR/3 y NEAR/3 z", Code.NEAR_WHAT, (2, 6), "", id="near in a row"),
        pytest.param("x NEAR/3 (y z)", Code.NEAR_WHAT, (2, 6), "", id="near both"),
        pytest.param("x NEAR/3 -y", Code.NOTHING_FOLLOWS, (2, 6), "x -y", id="near a NOT"),
        pytest.param("NEAR/3 x", Code.UNEXPECTED_OPERATOR, (0, 6), "x", id="near at the start"),
        pytest.param('"US*"c', Code.EXACT_STAR, (0, 6), '"US"c', id="an exact beginning"),
        pytest.param("x NEAR5 y", Code.NEAR_HOW_FAR, (2, 5), "x NEAR/5 y", id="no slash"),
        pytest.param("x w/3 y", Code.NEAR_HOW_FAR, (2, 3), "x NEAR/3 y", id="another's near"),
        pytest.param('"new yor"*', Code.STRAY_STAR, (0, 10), '"new yor*"', id="star outside"),
        pytest.param('x "US"c*', Code.EXACT_STAR, (2, 6), 'x "US"c', id="star behind the c"),
        pytest.param("title:-x", Code.NOTHING_FOLLOWS, (0, 6), "", id="a minus behind a field"),
        pytest.param(
            "y title:NOT xy", Code.NOTHING_FOLLOWS, (2, 6), "y -title:xy", id="NOT behind a field"
        ),
        pytest.param(
            "y source:-x.z", Code.NOTHING_FOLLOWS, (2, 7), "y -source:x.z", id="no such source"
        ),
        pytest.param("source:()", Code.EMPTY_BRACKETS, (0, 9), "", id="no sources"),
        pytest.param(
            "source:(x.y", Code.UNCLOSED_BRACKET, (7, 1), "source:(x.y)", id="sources, open"
        ),
        pytest.param("source:(x OR -y)", Code.FIELD_BRACKETS, (7, 9), "", id="not a source"),
        pytest.param("source:(x (y) z)", Code.FIELD_BRACKETS, (7, 9), "", id="sources in sources"),
        pytest.param(
            "source:(x OR)", Code.NOTHING_FOLLOWS, (10, 2), "source:(x )", id="or no source"
        ),
        pytest.param(
            "source:(x.y z.y)",
            Code.FIELD_BRACKETS,
            (7, 9),
            "source:(x.y OR z.y)",
            id="hosts, no OR",
        ),
        pytest.param(
            "source:（New York Times）",
            Code.FIELD_BRACKETS,
            (7, 16),
            'source:"New York Times"',
            id="one name in brackets",
        ),
        pytest.param(
            "source:x.y,z.y u", Code.FIELD_BRACKETS, (7, 7), "source:(x.y OR z.y) u", id="a comma"
        ),
        pytest.param(
            "x lang:(en, fr)",
            Code.FIELD_BRACKETS,
            (7, 8),
            "x lang:(en OR fr)",
            id="languages, no OR",
        ),
        pytest.param(
            "x lang:(en OR jp)",
            Code.UNKNOWN_LANGUAGE,
            (14, 2),
            "x lang:(en OR ja)",
            id="one of two",
        ),
        pytest.param("x inurl:y", Code.UNKNOWN_FIELD, (2, 6), "x y", id="a field that is not here"),
        pytest.param("x source:", Code.NOTHING_FOLLOWS, (2, 7), "", id="no source"),
        pytest.param("x site:y.z", Code.UNKNOWN_FIELD, (2, 5), "x source:y.z", id="another field"),
        pytest.param("x lang:jp", Code.UNKNOWN_LANGUAGE, (7, 2), "x lang:ja", id="a country"),
        pytest.param("x lang:xx", Code.UNKNOWN_LANGUAGE, (7, 2), "", id="no language"),
        pytest.param("lang:ja", Code.ONLY_LANGUAGE, (0, 7), "", id="only a language"),
        pytest.param("x #taiwan", Code.UNKNOWN_TOPIC, (2, 7), "x taiwan", id="no such topic"),
        pytest.param("not x", Code.ONLY_NOT, (0, 3), "", id="a small not at the start"),
        pytest.param("ß" * 999, Code.TOO_LONG, (0, 999), "", id="too long written out"),
        pytest.param("(" * 9 + "x" + ")" * 9, Code.TOO_DEEP, (8, 1), "", id="nine brackets"),
        pytest.param("xy " * 65, Code.TOO_MANY_LITERALS, (192, 2), "", id="65 words"),
        pytest.param("x" * 1001, Code.TOO_LONG, (1000, 1), "", id="1,001 characters"),
    ],
)
def test_a_refusal_points_at_its_place(
    typed: str, code: Code, place: tuple[int, int], suggestion: str
):
    with pytest.raises(QueryError) as refused:
        parse(typed)

    error = refused.value
    assert (error.code, (error.position, error.length)) == (code, place)
    assert error.suggestion == suggestion
    assert error.text == typed


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("(" * 200_000, id="brackets"),
        pytest.param("-" * 999 + "(", id="dashes"),
        pytest.param("NOT " * 249 + "(", id="nots"),
        pytest.param("title:" * 166, id="fields"),
        pytest.param('"' * 999, id="quotes"),
        pytest.param("x OR " * 199, id="ors"),
        pytest.param("(x " * 333, id="nested ands"),
        pytest.param("a\u0301\u0323" * 5_000_000, id="marks"),
    ],
)
def test_bombs_are_refused(typed: str):
    with pytest.raises(QueryError):
        parse(typed)


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
    shown = pointer(QueryError(Code.UNCLOSED_BRACKET, text, position))

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
    error = QueryError(Code.STRAY_STAR, text, position, length)

    shown = pointer(error, room=PHONE, wide=WIDE_SPACE)

    assert shown.caret.strip(" \u3000").strip("^") == ""
    assert "^" in shown.caret
    assert len(shown.line) <= 32
    assert "\n" not in shown.line
