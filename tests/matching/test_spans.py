from pathlib import Path

import pytest
from hypothesis import given

from bot.matching.query import QueryError, parse
from bot.matching.snippet import spans
from bot.matching.text import fold
from bot.sources.feeds.model import Document
from bot.sources.feeds.reader import read_fast
from tests.matching import oracle
from tests.matching.wordings import queries, texts


@pytest.mark.parametrize(
    ("query", "text", "hits"),
    [
        pytest.param("Taiwan", "On TAIWAN's day", [("TAIWAN", "taiwan")], id="a possessive"),
        pytest.param(
            '"consul general"',
            "the Consul\u2011General said",
            [("Consul\u2011General", "consul general")],
            id="a compound",
        ),
        pytest.param("email", "An e-mail.", [("e-mail", "email")], id="a joined word"),
        pytest.param("tai*", "in Taipei", [("Taipei", "tai*")], id="the whole word of a beginning"),
        pytest.param("台湾", "在台湾和台湾", [("台湾", "台湾")] * 2, id="runs"),
        pytest.param("대만", "대만의 총통", [("대만의", "대만")], id="Korean with its particle"),
        pytest.param("quebec", "Que\u0301bec", [("Que\u0301bec", "quebec")], id="decomposed"),
        pytest.param("バリ", "島ﾊﾞﾘ島", [("ﾊﾞﾘ", "バリ")], id="half-width kana"),
        pytest.param("strasse", "ﬁ Straße", [("Straße", "strasse")], id="longer when folded"),
        pytest.param("U.S.", "the U.S. said", [("U.S", "u.s")], id="U.S."),
        pytest.param("C++", "in C++.", [("C++", "c++")], id="C++"),
        pytest.param("x -y", "x z", [("x", "x")], id="nothing for a NOT"),
        pytest.param("(x y) OR z", "x z", [("z", "z")], id="nothing for a branch that fails"),
        pytest.param("x y", "x", [], id="nothing where the query fails"),
        pytest.param(
            'consul OR "consul general"',
            "consul general",
            [("consul", "consul"), ("consul general", "consul general")],
            id="overlapping hits",
        ),
        pytest.param('"x x"', "x x x", [("x x", "x x")] * 2, id="a phrase that overlaps itself"),
    ],
)
def test_hits_stand_at_their_place(query: str, text: str, hits: list[tuple[str, str]]):
    found = spans(parse(query), "", text)

    assert [(text[span.start : span.end], *span.words) for span in found] == hits


def test_the_title_comes_first_and_two_terms_may_share_a_place():
    found = spans(parse("taiwan OR tai*"), "Taiwan", "More on Taiwan")

    assert [(span.field, span.start, span.end, span.words) for span in found] == [
        ("title", 0, 6, ("tai*", "taiwan")),
        ("text", 8, 14, ("tai*", "taiwan")),
    ]


@given(queries, texts, texts)
def test_there_are_hits_exactly_where_the_query_matches(typed: str, title: str, text: str):
    try:
        query = parse(typed)
    except QueryError:
        return

    found = spans(query, title, text)

    assert bool(found) == oracle.matches(query, title, text)
    for span in found:
        assert 0 <= span.start < span.end <= len(title if span.field == "title" else text)


def test_offsets_are_those_of_the_texts_as_they_were_read(corpus: Path):
    for path in sorted((corpus / "feeds_real").glob("*.gz")):
        document = read_fast(path.read_bytes())
        items = document.items[:5] if isinstance(document, Document) else ()
        for item in items:
            words = [word for word in item.text.split()[:200:20] if word.isalpha()]
            assert [word for word in words if not _stands_where_it_is_found(word, item.text)] == []


def _stands_where_it_is_found(word: str, text: str) -> bool:
    try:
        found = spans(parse(word), "", text)
    except QueryError:  # a word of the grammar, or a stop word
        return True
    pieces = [text[span.start : span.end] for span in found]
    return bool(pieces) and all(set(fold(word).readings) & set(fold(it).readings) for it in pieces)
