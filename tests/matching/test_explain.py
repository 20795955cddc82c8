import pytest
from hypothesis import given

from bot.matching.explain import explain, in_lines
from bot.matching.query import ParsedQuery, parse
from bot.rendering.renderer import Renderer
from tests.matching import oracle
from tests.matching.wordings import parsed, surrounded, texts


@pytest.mark.parametrize(
    ("query", "text", "words", "missing"),
    [
        pytest.param("x y", "x y", ("x", "y"), (), id="a match"),
        pytest.param("x y", "x", ("x",), ("y",), id="one of two"),
        pytest.param("x (y OR z)", "x", ("x",), ("y",), id="any of several would do"),
        pytest.param("(x y z) OR (x u)", "x", ("x",), ("u",), id="the shortest way"),
        pytest.param("x -y", "x y", ("x",), ("-y",), id="what must not be there"),
        pytest.param('x "US"c', "x us", ("us", "x"), ('"US"c',), id="spelt otherwise"),
        pytest.param("x title:y", "x y", ("x", "y"), ("title:y",), id="not in the title"),
        pytest.param("x y NEAR/1 z", "x y a b z", ("x", "y", "z"), ("y NEAR/1 z",), id="too far"),
        pytest.param("x lang:ja", "x", ("x",), ("lang:ja",), id="another language"),
        pytest.param("y NEAR/1 z", "y a b z", ("y", "z"), ("y NEAR/1 z",), id="both, too far"),
        pytest.param("x", "y", (), ("x",), id="nothing of it"),
        pytest.param("Québec Łódź", "quebec", ("Québec",), ("Łódź",), id="as it was typed"),
        pytest.param("臺灣 -日経", "台湾", ("臺灣",), (), id="the characters that were typed"),
        pytest.param("臺灣 -日経", "台湾 日経", ("臺灣",), ("-日経",), id="and what must not be"),
        pytest.param("X source:日経", "x", ("X",), ("source:日経",), id="a source as it was typed"),
    ],
)
def test_an_explanation_says_what_is_missing(
    query: str, text: str, words: tuple[str, ...], missing: tuple[str, ...]
):
    explained = explain(parse(query), "", text)

    assert (explained.words, explained.missing) == (words, missing)
    assert explained.is_match is not bool(missing)
    assert explained.is_near_miss is bool(words and missing)


@given(parsed(surrounded), texts, texts)
def test_parts_are_missing_exactly_if_the_query_fails(query: ParsedQuery, title: str, text: str):
    explained = explain(query, title, text)

    assert explained.is_match == oracle.matches(query, title, text)
    assert bool(explained.missing) is not explained.is_match


def test_a_tree_is_shown_in_words():
    query = parse(
        'title:x (semicond* OR "y z") "US"c a NEAR/5 b c NEAR/1 d e NEAR/0 f lang:ja '
        "-source:a.example"
    )

    tree = Renderer().text("queries/tree.txt", lines=in_lines(query.tree))

    assert [line for line in tree.splitlines() if line.strip()] == [
        "all of these:",
        "  US, spelt exactly so",
        "  any of these:",
        "    the words “y z” in a row",
        "    a word that begins with semicond",
        "  a and b, with at most 5 words between them",
        "  c and d, with at most 1 word between them",
        "  e and f, beside each other",
        "  in the language ja",
        "  the word x in the title",
        "  but not:",
        "    from the source a.example",
    ]


def test_an_article_is_the_nearer_the_less_is_missing_and_then_the_more_it_has():
    query = parse("x title:y z")
    texts = ["x z y", "x z", "x y", "x"]

    found = [explain(query, "", text).distance for text in texts]

    assert found == sorted(found)
    assert len(set(found)) == len(texts)
