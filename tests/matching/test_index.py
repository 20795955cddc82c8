import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.index import QueryIndex
from bot.matching.query import Query, QueryError, parse
from tests.matching import oracle
from tests.matching.wordings import queries, texts


def index_of(*typed: str) -> QueryIndex:
    index = QueryIndex()
    for number, query in enumerate(typed, 1):
        index.add(number, parse(query))
    return index


YES, NO = True, False


@pytest.mark.parametrize(
    ("query", "title", "text", "is_match"),
    [
        pytest.param("title:x", "an x", "", YES, id="in the title"),
        pytest.param("title:x y", "x", "y", YES, id="one here, one there"),
        pytest.param('"x y"', "x", "y", NO, id="no phrase spans both"),
        pytest.param("台湾", "台", "湾", NO, id="no run spans both"),
        pytest.param("x -y", "y", "x", NO, id="not in either"),
        pytest.param("x -title:y", "x", "y", YES, id="not in the title"),
    ],
)
def test_title_and_text_are_two_ranges(query: str, title: str, text: str, is_match: bool):
    assert bool(index_of(query).match(title, text)) is is_match


def test_all_queries_that_match_are_returned():
    index = index_of("consul", '"consul general"', "general", "cons*", "embassy")

    assert index.match("Consul general called in", "") == {1, 2, 3, 4}


def test_what_is_removed_matches_no_more():
    index = index_of("taiwan", "tai*", "taiwan OR china")
    index.remove(1)
    index.remove(2)
    index.remove(2)
    index.add(3, parse("china"))

    assert index.match("Taiwan", "") == set()
    assert index.match("China", "") == {3}
    assert (len(index), 1 in index, 3 in index) == (1, False, True)


def readable(typed: list[str]) -> list[Query]:
    found = []
    for text in typed:
        try:
            found.append(parse(text))
        except QueryError:
            continue
    return found


@given(st.data())
def test_the_index_agrees_with_the_oracle_whatever_was_added_and_removed(data: st.DataObject):
    index = QueryIndex()
    live: dict[int, Query] = {}
    for query in readable(data.draw(st.lists(queries, max_size=8))):
        number = data.draw(st.integers(1, 5))
        index.add(number, query)
        live[number] = query
        if data.draw(st.booleans()):
            gone = data.draw(st.integers(1, 5))
            index.remove(gone)
            live.pop(gone, None)
        title, text = data.draw(texts), data.draw(texts)

        assert index.match(title, text) == {
            number for number, query in live.items() if oracle.matches(query, title, text)
        }
