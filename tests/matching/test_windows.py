from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.evaluate import WIDEST, fold_article, holds, learned, windows
from bot.matching.index import QueryIndex
from bot.matching.query import parse
from bot.matching.query.parser import LONGEST
from bot.matching.query.tokens import FARTHEST
from bot.slices import finished
from bot.text.folding import PIECE
from tests.matching.wordings import queries, readable, texts

pytestmark = pytest.mark.slow

LONG = 20_000


def long_text(places: list[tuple[int, str]], filler: str) -> str:
    """*filler* over and over, and at some of its words something else."""
    words = [filler] * (LONG // (len(filler) + 1))
    for at, text in places:
        words[at % len(words)] = text
    return " ".join(words)


long_texts = st.builds(
    long_text,
    st.lists(st.tuples(st.integers(0, LONG), texts), max_size=9),
    st.sampled_from(["w", "long-er", "台湾の"]),
)


def test_no_hit_is_wider_than_the_overlap_of_two_windows():
    assert LONGEST + FARTHEST < WIDEST


def test_windows_are_short_and_overlap():
    words = [f"w{number}" for number in range(30_000)]
    parts = fold_article("", " ".join(words)).text_field.parts

    found = [window.folded.words for window in windows(parts)]

    assert max(map(len, found)) < 2 * (WIDEST + PIECE / 2)
    assert (found[0][0], found[-1][-1]) == (words[0], words[-1])
    for one, other in pairwise(found):
        shared = len(one) - one.index(other[0])
        assert shared >= WIDEST
        assert one[-shared:] == other[:shared]


@given(st.lists(queries, max_size=6), texts, long_texts)
def test_windows_find_the_same_as_the_whole_text(typed: list[str], title: str, text: str):
    asked = readable(typed)
    whole, walked = fold_article(title, text), fold_article(title, text)

    finished(learned(walked, [query.tree for query in asked]))

    assert [holds(query.tree, walked.has) for query in asked] == [
        holds(query.tree, whole.has) for query in asked
    ]


@given(st.lists(queries, max_size=6), texts, long_texts)
def test_the_index_finds_the_same_in_a_long_text(typed: list[str], title: str, text: str):
    index = QueryIndex()
    asked = dict(enumerate(readable(typed)))
    index.extend(asked.items())
    article = fold_article(title, text)

    assert index.match(title, text) == {
        number for number, query in asked.items() if holds(query.tree, article.has)
    }


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        pytest.param('"one two"', True, id="a phrase"),
        pytest.param("one NEAR/1 three", True, id="near"),
        pytest.param("one NEAR/0 three", False, id="not so near"),
        pytest.param('"TWO"c', True, id="spelt so"),
        pytest.param('"two"c', False, id="spelt otherwise"),
        pytest.param("thr*", True, id="a beginning"),
        pytest.param('"word one TWO"c', True, id="a phrase spelt so"),
    ],
)
def test_phrases_are_found_at_any_place(query: str, is_there: bool):
    index = QueryIndex()
    index.add(1, parse(query))
    words = ["word"] * 3_000

    for at in range(0, len(words), 97):
        text = " ".join([*words[:at], "one", "TWO", "three", *words[at:]])
        if at or not query.startswith('"word'):
            assert bool(index.match("", text)) is is_there
