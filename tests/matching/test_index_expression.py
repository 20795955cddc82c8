import pytest

from bot.matching.index_expression import FTS5, TSQUERY
from bot.matching.query import parse


@pytest.mark.parametrize(
    ("query", "fts5", "tsquery"),
    [
        pytest.param("taiwan", '"taiwan"', "'taiwan'", id="a word"),
        pytest.param("tai*", '"tai" *', "'tai':*", id="a beginning"),
        pytest.param("대만", '"대만" *', "'대만':*", id="Korean"),
        pytest.param("x -y -z", '("x" NOT "y" NOT "z")', "'x'", id="a NOT"),
        pytest.param("x -(y OR z)", '("x" NOT "y" NOT "z")', "'x'", id="a NOT of words"),
        pytest.param(
            "x OR (y -z)", '("x" OR ("y" NOT "z"))', "('x' | 'y')", id="a NOT in a branch"
        ),
        pytest.param('x -"y z"', '"x"', "'x'", id="a NOT of a phrase, whose words may stand apart"),
        pytest.param("x -yyy*", '"x"', "'x'", id="a NOT of a beginning"),
        pytest.param("x -title:y", '"x"', "'x'", id="a NOT in the title, when the text has it"),
        pytest.param('x -"Y"c', '"x"', "'x'", id="a NOT of a spelling"),
        pytest.param("x -대만", '"x"', "'x'", id="a NOT of a Korean word"),
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
