import pytest

from bot.matching.index_expression import FTS5, TSQUERY
from bot.matching.query import parse


@pytest.mark.parametrize(
    ("query", "fts5", "tsquery"),
    [
        pytest.param("taiwan", '"taiwan"', "'taiwan'", id="a word"),
        pytest.param("tai*", '"tai" *', "'tai':*", id="a beginning"),
        pytest.param("대만", '"대만" *', "'대만':*", id="Korean"),
        pytest.param("x -y", '"x"', "'x'", id="a NOT asks for nothing"),
        pytest.param("x (y OR z)", '("x" AND ("y" OR "z"))', "('x' & ('y' | 'z'))", id="both"),
        pytest.param(
            "e-mail", '(("e" AND "mail") OR "email")', "(('e' & 'mail') | 'email')", id="joined"
        ),
        pytest.param("x OR (y OR -(z u)) x", '("x" OR "x")', "('x' | 'x')", id="an open branch"),
        pytest.param("日本", '("日" AND "本")', "('日' & '本')", id="characters"),
        pytest.param("AT&T", '"at&t"', "'at&t'", id="signs"),
        pytest.param("x" * 300, None, None, id="a word too long for the index"),
    ],
)
def test_a_query_asks_the_index_for_words(query: str, fts5: str | None, tsquery: str | None):
    tree = parse(query).tree

    assert FTS5.expression(tree) == fts5
    assert TSQUERY.expression(tree) == tsquery
