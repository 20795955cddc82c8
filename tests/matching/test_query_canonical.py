import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.query import ParsedQuery, QueryError, parse
from bot.matching.query.canonical import as_typed, read_back, shown
from tests.matching.wordings import parsed, queries, surrounded

_words = st.sampled_from(["taiwan", "china", "and", "near", "the", "they", "rare", "aaa", "zz"])
_phrases = st.tuples(_words, _words).map('"{0[0]} {0[1]}"'.format)
_items = st.tuples(st.sampled_from(["", "", "-", "--"]), st.one_of(_words, _phrases)).map("".join)


def outcome(read, text: str) -> object:
    try:
        return read(text)
    except QueryError as error:
        return error.code


@given(queries)
def test_canonical_texts_are_read_back(typed: str):
    query = parse(typed)

    assert read_back(query.canonical) == query


@given(st.lists(_items, max_size=6).map(" ".join))
def test_plain_words_are_read_as_they_are_parsed(text: str):
    assert outcome(read_back, text) == outcome(parse, text)


@pytest.mark.parametrize("text", ["the", '"of the"', "not", "-taiwan", "", "taiwan OR", "us"])
def test_unusual_texts_are_left_to_the_parser(text: str):
    assert outcome(read_back, text) == outcome(parse, text)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        pytest.param("Québec", "Québec", id="capitals and accents"),
        pytest.param("臺灣 OR 日経", "臺灣 OR 日経", id="Han characters as they were typed"),
        pytest.param("「臺灣　海峽」", '"臺灣 海峽"', id="a phrase, its space in any width"),
        pytest.param("consul-general", "consul-general", id="a compound"),
        pytest.param("“Consul General”", '"Consul General"', id="a phrase"),
        pytest.param("Semicond＊", "Semicond*", id="a beginning"),
        pytest.param('Apple -"US"c', 'Apple -"US"c', id="exactly so"),
        pytest.param("Japan near/5 (Südkorea)", "Japan NEAR/5 Südkorea", id="near"),
        pytest.param(
            "title:(Łódź OR Wien)", "title:Łódź OR title:Wien", id="a field, said of each word"
        ),
        pytest.param(
            "X source:日経", "source:日経 X", id="a source's name, in the canonical order"
        ),
        pytest.param('"OR" x', '"OR" x', id="a word that would be an operator"),
    ],
)
def test_a_query_is_shown_as_its_user_typed_it(typed: str, text: str):
    assert shown(parse(typed)) == text


def test_a_saved_topic_is_shown_as_it_was_saved():
    assert shown(parse("#chips", {"Chips": "TSMC 臺積電"})) == "TSMC 臺積電"


@given(parsed(surrounded))
def test_the_shown_text_is_the_same_query(query: ParsedQuery):
    assert parse(shown(query)) == query
    assert shown(query) == str(as_typed(query.tree))
