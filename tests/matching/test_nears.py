import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.index import QueryIndex
from bot.matching.query import ParsedQuery, parse
from tests.matching import oracle

some_words = st.lists(st.sampled_from(["aa", "b1", "cc-dd", "台湾", "ee"]), max_size=12).map(
    " ".join
)
nears = st.builds(
    "{} NEAR/{} {}".format,
    st.sampled_from(["aa", "b1", "cc", "台", "ccdd", '"or"']),
    st.integers(0, 4),
    st.sampled_from(["aa", "b1", "dd", "湾", "ee"]),
).map(parse)


@given(st.lists(nears, min_size=1, max_size=9), some_words, some_words)
def test_nears_of_two_words_are_decided_together_as_one_by_one(
    asked: list[ParsedQuery], title: str, text: str
):
    index = QueryIndex()
    index.extend(enumerate(asked))

    assert index.match(title, text) == {
        number for number, query in enumerate(asked) if oracle.matches(query, title, text)
    }


@pytest.mark.parametrize("at", [0, 2_046, 2_047, 2_048, 2_049, 4_095, 9_999])
def test_words_near_each_other_are_found_wherever_they_stand(at: int):
    index = QueryIndex()
    index.extend(enumerate(map(parse, ["one NEAR/2 two", "two NEAR/1 one", "one NEAR/9 one"])))
    text = ["word"] * 10_000
    text[at:at] = ["two", "x", "x", "one"]

    assert index.match("one", " ".join(text)) == {0}
