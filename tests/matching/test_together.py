"""Up to 32 articles at once are matched as each would be alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.engine import hashing
from bot.matching.engine.bits import ALL, MOST, shares
from bot.matching.evaluation import FoldedArticle, fold_article
from bot.matching.index import QueryIndex
from bot.matching.query import Query
from bot.matching.slices import finished
from tests.matching import oracle
from tests.matching.test_index import readable
from tests.matching.wordings import LANGUAGES, carriers, queries, surrounded, texts

articles = st.builds(
    lambda title, text, sources, language: fold_article(
        title, text, sources=sources, language=language
    ),
    texts,
    texts,
    carriers,
    st.sampled_from(LANGUAGES),
)
some_articles = st.lists(articles, min_size=1, max_size=MOST)


def index_of(typed: list[str]) -> QueryIndex:
    index = QueryIndex()
    index.extend(enumerate(readable(typed)))
    return index


def one_by_one(index: QueryIndex, some: list[FoldedArticle]) -> list[set[int]]:
    return [finished(index.matching_folded(article)) for article in some]


@given(st.lists(surrounded, max_size=12), some_articles)
def test_together_they_match_what_each_matches_alone(typed: list[str], some: list[FoldedArticle]):
    index = index_of(typed)

    found = finished(index.matching_together(some))

    assert found == one_by_one(index, some)
    assert finished(index.matching_together(some)) == found


@given(st.lists(queries, max_size=12), st.lists(st.tuples(texts, texts), min_size=1, max_size=MOST))
def test_together_they_match_what_the_oracle_says(typed: list[str], some: list[tuple[str, str]]):
    index, asked = QueryIndex(), list[Query](readable(typed))
    for number, query in enumerate(asked):
        index.add(number, query)

    found = finished(index.matching_together([fold_article(*article) for article in some]))

    assert found == [
        {number for number, query in enumerate(asked) if oracle.matches(query, *article)}
        for article in some
    ]


@given(st.lists(queries, max_size=12), some_articles, st.integers(40, 80))
def test_wherever_the_blocks_of_their_words_end(
    typed: list[str], some: list[FoldedArticle], block: int
):
    wanted = finished(index_of(typed).matching_together(some))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hashing, "BLOCK", 4 * block)
        found = finished(index_of(typed).matching_together(some))

    assert found == wanted


def test_articles_without_a_word_match_what_asks_for_none():
    index = index_of(["source:nhk -taiwan", "taiwan"])
    nothing, carried = fold_article("", ""), fold_article("", "", sources=["NHK"])

    assert finished(index.matching_together([nothing, carried, nothing])) == [set(), {0}, set()]
    assert one_by_one(index, [nothing, carried]) == [set(), {0}]
    assert one_by_one(index_of(["taiwan"]), [nothing]) == [set()]


@pytest.mark.parametrize("articles", range(1, MOST + 1))
def test_each_has_bits_of_its_own_and_none_is_left(articles: int):
    assert sum(shares(articles)) == ALL
    assert min(shares(articles)) > 0
    assert len(shares(articles)) == articles
