"""Queries for the author and the categories of articles."""

from datetime import timedelta

import pytest

from bot.matching import search
from bot.matching.evaluate import fold_article, holds
from bot.matching.explain import explain
from bot.matching.index import QueryIndex
from bot.matching.query import QueryError, parse
from bot.matching.query.canonical import read_back, shown
from bot.slices import finished
from bot.text.folding import folded_labels
from storage.db.engine import Storage
from tests.matching.stored import stored_article, stored_source

LABELS = folded_labels("Jane Doe, Zoé Müller and 山田太郎", ["World Economy", "C++"])
CASES = [
    pytest.param('author:"Jane Doe"', True, id="the whole name"),
    pytest.param("author:doe", True, id="a part of it"),
    pytest.param("author:MULLER", True, id="without capitals and accents"),
    pytest.param("author:山田", True, id="Han characters"),
    pytest.param("author:太田", False, id="Han characters in another order"),
    pytest.param('author:"Doe Jane"', False, id="words in another order"),
    pytest.param("author:economy", False, id="a word of a category"),
    pytest.param("category:economy", True, id="a word of a category"),
    pytest.param('category:"economy c++"', False, id="not across two categories"),
    pytest.param("category:c++", True, id="signs are kept"),
    pytest.param("category:(sports OR world)", True, id="one of several"),
    pytest.param("ferry -author:doe", False, id="not by"),
    pytest.param("ferry -category:sports", True, id="not in"),
    pytest.param("doe", False, id="a label is no word of the text"),
    pytest.param('作者 OR author:"jane doe"', True, id="one of two conditions"),
    pytest.param("ferry title:fog author:doe", True, id="with words"),
]


@pytest.mark.parametrize(("typed", "is_match"), CASES)
def test_labels_decide_with_and_without_an_index(typed: str, *, is_match: bool):
    article = fold_article("Fog", "A ferry waits.", labels=LABELS)
    few, many = QueryIndex(), QueryIndex()
    few.add(1, parse(typed))
    many.extend([(1, parse(typed))])

    assert holds(parse(typed).tree, article.has) is is_match
    for index in (few, many):
        assert bool(_matched(index, LABELS)) is is_match


def _matched(index: QueryIndex, labels: str) -> set[int]:
    return finished(index.matching(fold_article("Fog", "A ferry waits.", labels=labels)))


@pytest.mark.parametrize(("typed", "is_match"), CASES)
async def test_stored_articles_are_searched_by_their_labels(
    storage: Storage, typed: str, *, is_match: bool
):
    source = await stored_source(storage)
    categories = ["World Economy", "C++"]
    author = "Jane Doe, Zoé Müller and 山田太郎"
    await stored_article(
        storage, "Fog", "A ferry waits.", source_id=source, author=author, categories=categories
    )
    await stored_article(storage, "Fog", "A ferry.", source_id=source, ago=timedelta(hours=1))

    found = await search.find(storage, parse(typed))

    by_hand = (hit.snippet.text for hit in found.newest)
    assert ("A ferry waits." in by_hand) is is_match


@pytest.mark.parametrize(
    ("typed", "canonical", "as_shown"),
    [
        pytest.param('author:"Jane  DOE"', 'author:"jane doe"', 'author:"Jane  DOE"', id="a name"),
        pytest.param("Category：港口", 'category:"港 口"', "category:港口", id="in full width"),
        pytest.param('category:"or"', 'category:"or"', 'category:"or"', id="an operator's word"),
    ],
)
def test_a_label_is_stored_folded_and_shown_as_typed(typed: str, canonical: str, as_shown: str):
    query = parse(typed)

    assert query.canonical == canonical
    assert read_back(canonical) == query
    assert shown(query) == as_shown


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        pytest.param("byline:doe", "author:doe", id="an author's field of others"),
        pytest.param("tag:ports", "category:ports", id="a category's field of others"),
        pytest.param("author:(Jane Doe)", 'author:"Jane Doe"', id="a name in brackets"),
    ],
)
def test_fields_of_other_engines_are_corrected(typed: str, suggestion: str):
    with pytest.raises(QueryError) as refused:
        parse(typed)

    assert refused.value.suggestion == suggestion


def test_a_missing_author_is_explained():
    found = explain(parse('ferry author:"Jane Doe"'), "Fog", "A ferry waits.", labels="author:li")

    assert not found.is_match
    assert found.missing == ('author:"Jane Doe"',)
    assert found.words == ("ferry",)
