import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.query import ParsedQuery, QueryError, parse
from bot.matching.spans import spans
from bot.publishing import excerpts
from bot.sources.feeds.model import Document
from bot.sources.feeds.reader import read_fast
from bot.text.folding import fold
from bot.text.snippets import Span, bold_ranges, snippet
from tests.matching import oracle
from tests.matching.wordings import parsed, queries, texts

FILLER = "Nothing of note was said about the weather in the northern hills that day. "


def cut(query: str, text: str, limit: int = 240) -> str:
    """The snippet with its bold words between stars."""
    found = snippet(text, spans(parse(query), "", text), limit)
    shown = found.text
    for start, end in reversed(found.bold):
        shown = f"{shown[:start]}*{shown[start:end]}*{shown[end:]}"
    return shown


@pytest.mark.parametrize(
    ("query", "text", "limit", "shown"),
    [
        pytest.param(
            "taiwan",
            FILLER * 3 + "Taiwan spoke. China answered.",
            40,
            "*Taiwan* spoke. China answered.",
            id="whole sentences from the hit on",
        ),
        pytest.param(
            "taiwan china",
            "Taiwan spoke up first. " + FILLER + "China met Taiwan.",
            40,
            "*China* met *Taiwan*.",
            id="where most of the words are",
        ),
        pytest.param("title:x OR zz", "One. Two. Three.", 10, "One. Two.", id="no hit: beginning"),
        pytest.param(
            "台湾",
            "今日は晴れ。台湾の総領事館。明日は雨。",
            10,
            "*台湾*の総領事館。",
            id="CJK ends",
        ),
        pytest.param(
            "taiwan", "First line\n\nTaiwan\nsecond", 40, "*Taiwan* second", id="one line"
        ),
        pytest.param(
            "envoy",
            "Mr. Smith of the U.S. met the envoy today. Then he left.",
            45,
            "Mr. Smith of the U.S. met the *envoy* today.",
            id="a title or initial ends no sentence",
        ),
        pytest.param(
            "needle",
            "word " * 40 + "needle " + "word " * 40,
            40,
            "…word word *needle* word word word…",
            id="a long sentence is cut at words",
        ),
        pytest.param(
            "字", "国" * 100 + "字" + "国" * 100, 12, "…国国国*字*国国国国国国…", id="cut"
        ),
        pytest.param(
            "taiwan china",
            "Taiwan " + "word " * 40 + "China. Taiwan met China.",
            40,
            "*Taiwan* met *China*.",
            id="a sentence too long to show both of its words",
        ),
        pytest.param(
            "taiwan",
            "word " * 40 + "Taiwan. Then Taiwan spoke.",
            40,
            "Then *Taiwan* spoke.",
            id="a whole sentence before a piece of one",
        ),
        pytest.param(
            "एक",
            "एक" + " दो" * 20 + "कि" * 40,
            30,
            "*एक* दो दो दो दो दो दो दो दो…",
            id="Hindi, cut",
        ),
        pytest.param(
            "กา", "กิ" * 20 + "กา" + "กิ" * 20, 13, "…กิ*กา*กิกิกิ…", id="a letter keeps its marks"
        ),
        pytest.param("x OR zz", "", 40, "", id="no text"),
        pytest.param(
            "consul",
            "Taipei, Nov. 25 (Example Wire)–A consul spoke. Rain fell.",
            40,
            "A *consul* spoke. Rain fell.",
            id="without the dateline",
        ),
        pytest.param(
            "taipei consul",
            "Taipei, Nov. 25 (Example Wire)–A consul spoke. Rain fell.",
            60,
            "*Taipei*, Nov. 25 (Example Wire)–A *consul* spoke. Rain fell.",
            id="a dateline with a word of the query",
        ),
        pytest.param(
            "x OR zz", "BERLIN (HP) - Ein Schiff kam.", 40, "Ein Schiff kam.", id="no hit, dateline"
        ),
    ],
)
def test_snippets_show_whole_sentences_around_hits(query: str, text: str, limit: int, shown: str):
    assert cut(query, text, limit) == shown


@pytest.mark.parametrize(
    ("title", "text", "in_title"),
    [
        pytest.param("Taiwan speaks", "It spoke.", ((0, 6),), id="only the title has it"),
        pytest.param("Taiwan speaks", "", ((0, 6),), id="there is no text"),
        pytest.param("Taiwan speaks", "Taiwan spoke.", (), id="the text shows it"),
        pytest.param("Taiwan's envoy", "Taiwan spoke.", ((9, 14),), id="the text shows one of two"),
    ],
)
def test_a_snippet_tells_which_words_only_the_title_shows(
    title: str, text: str, in_title: tuple[tuple[int, int], ...]
):
    query = parse("taiwan OR envoy")

    assert snippet(text, spans(query, title, text)).in_title == in_title


def test_overlapping_hits_are_one_bold_range():
    hits = [Span("text", 0, 6, ("a",)), Span("text", 0, 14, ("b",)), Span("text", 20, 22, ("c",))]

    assert bold_ranges(hits) == ((0, 14), (20, 22))


@given(queries, texts, st.integers(30, 240))
def test_a_snippet_keeps_its_limit_and_its_bold_ranges_inside(typed: str, text: str, limit: int):
    try:
        found = snippet(text, spans(parse(typed), "", text), limit)
    except QueryError:
        return

    assert len(found.text) <= limit
    assert found.text == found.text.strip()
    last = 0
    for start, end in found.bold:
        assert last <= start < end <= len(found.text)
        last = end


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


@given(parsed(queries), texts, texts)
def test_there_are_hits_exactly_where_the_query_matches(query: ParsedQuery, title: str, text: str):
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


def test_an_article_is_folded_and_split_once_for_all_its_excerpts(monkeypatch: pytest.MonkeyPatch):
    steps = {name: Mock(wraps=getattr(excerpts, name)) for name in ("folded_in_parts", "sentences")}
    for name, step in steps.items():
        monkeypatch.setattr(excerpts, name, step)
    article = excerpts.ArticleText("Envoy", "The envoy came. Talks began.")

    texts = [article.excerpt((query,)).text for query in ("envoy", "talks", "envoy")]

    assert texts == ["The envoy came. Talks began.", "Talks began.", "The envoy came. Talks began."]
    assert [step.call_count for step in steps.values()] == [1, 1]


def test_a_cached_excerpt_does_not_keep_its_article_in_memory():
    title, text = "Envoy", " ".join(["The envoy came."] * 1000)
    references = sys.getrefcount(title), sys.getrefcount(text)

    made = excerpts.excerpt(title, text, ("envoy",))

    assert excerpts.excerpt(title, text, ("envoy",)) is made
    assert (sys.getrefcount(title), sys.getrefcount(text)) == references
