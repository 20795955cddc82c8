import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.query import QueryError, parse
from bot.matching.query.canonical import read_back
from tests.matching.wordings import queries

_words = st.sampled_from(["taiwan", "china", "and", "near", "the", "they", "rare", "aaa", "zz"])
_phrases = st.tuples(_words, _words).map('"{0[0]} {0[1]}"'.format)
_items = st.tuples(st.sampled_from(["", "", "-", "--"]), st.one_of(_words, _phrases)).map("".join)


def outcome(read, text: str) -> object:
    try:
        return read(text)
    except QueryError as error:
        return error.code


@given(queries)
def test_what_was_parsed_is_read_back(typed: str):
    query = parse(typed)

    assert read_back(query.canonical) == query


@given(st.lists(_items, max_size=6).map(" ".join))
def test_plain_words_are_read_as_they_are_parsed(text: str):
    assert outcome(read_back, text) == outcome(parse, text)


@pytest.mark.parametrize("text", ["the", '"of the"', "not", "-taiwan", "", "taiwan OR", "us"])
def test_what_no_grammar_of_ours_would_store_is_left_to_the_parser(text: str):
    assert outcome(read_back, text) == outcome(parse, text)
