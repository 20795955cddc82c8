import pytest
from hypothesis import given

from bot.matching.query import QueryError, parse
from bot.matching.query.canonical import as_typed, shown
from tests.matching.wordings import surrounded


@pytest.mark.parametrize(
    ("typed", "told"),
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
def test_a_query_is_told_in_the_words_of_its_person(typed: str, told: str):
    assert shown(parse(typed)) == told


def test_a_topic_is_told_in_the_words_that_it_was_saved_with():
    assert shown(parse("#chips", {"Chips": "TSMC 臺積電"})) == "TSMC 臺積電"


@given(surrounded)
def test_what_is_told_is_the_same_query(typed: str):
    try:
        query = parse(typed)
    except QueryError:
        return

    assert parse(shown(query)) == query
    assert shown(query) == str(as_typed(query.tree))
