import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.evaluate import article_folded, reasons
from bot.matching.query import parse
from bot.matching.query.ast import And, Node, Not, Or, conjunction, disjunction, negation, term
from bot.matching.slices import finished
from bot.sources.finding.searchwords import LONGEST, MOST_WORDS, search_texts, search_url


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param("Taiwan", "taiwan", id="a word"),
        pytest.param('"consul general"', '"consul general"', id="a phrase"),
        pytest.param("Taiwan consul", "consul taiwan", id="both"),
        pytest.param('Taiwan OR "consul general"', '"consul general" OR taiwan', id="either"),
        pytest.param("(a1 OR b2) c3", "(a1 OR b2) c3", id="brackets"),
        pytest.param("tea OR (cocoa -milk)", "(cocoa -milk) OR tea", id="brackets of both"),
        pytest.param("tea -milk", "tea -milk", id="not a word"),
        pytest.param('tea -"full fat"', 'tea -"full fat"', id="not a phrase"),
        pytest.param("tea -milk*", "tea", id="not a beginning: too much would go"),
        pytest.param("tea -title:milk", "tea", id="not in the title: too much would go"),
        pytest.param('tea -"Milk"c', "tea", id="not as it is spelt: too much would go"),
        pytest.param("tea -(milk sugar)", "tea", id="not both: too much would go"),
        pytest.param("title:tea", "tea", id="in the title"),
        pytest.param('"Tea"c', "Tea", id="as it is spelt"),
        pytest.param("tea NEAR/3 milk", "milk tea", id="near"),
        pytest.param("tea lang:en source:paper.example", "tea", id="surroundings"),
        pytest.param("tea milk*", "tea", id="a beginning beside a word"),
        pytest.param('"green tea*"', "green", id="a phrase that ends in a beginning"),
        pytest.param("台湾", "台湾", id="unspaced"),
        pytest.param('tea "or"', '"or" tea', id="a word that is an operator"),
        pytest.param("milk*", "", id="a beginning alone"),
        pytest.param("tea OR milk*", "", id="or a beginning"),
        pytest.param('"the tea*"', "", id="a stop word before a beginning"),
        pytest.param("the source:paper.example", "", id="a stop word beside a source"),
        pytest.param("cup (tea OR -milk)", "cup", id="or not"),
        pytest.param("tea OR source:paper.example", "", id="or a source"),
        pytest.param(f'tea "{"cup " * 120}"', "tea", id="a part too long"),
        pytest.param(f'"{"cup " * 120}"', "", id="too long"),
    ],
)
def test_a_query_becomes_a_search(query: str, text: str):
    assert search_texts(parse(query).tree) == ((text,) if text else ())


def test_a_long_list_of_words_becomes_several_searches():
    words = [f"word{number}" for number in range(60)]

    texts = search_texts(parse(" OR ".join(words)).tree)

    assert len(texts) > 1
    assert sorted(" OR ".join(texts).split(" OR ")) == sorted(words)
    assert all(len(text) <= LONGEST and len(text.split()) <= MOST_WORDS for text in texts)


def test_of_many_words_that_must_all_be_there_some_are_enough():
    words = [f"word{number}" for number in range(35)]

    (text,) = search_texts(parse(f"{' '.join(words)} -milk").tree)

    assert len(text.split()) == MOST_WORDS
    assert set(text.split()) <= set(words)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        pytest.param('a "b c"', "https://s.example/rss?q=a%20%22b%20c%22&hl=en", id="escaped"),
        pytest.param("at&t/x", "https://s.example/rss?q=at%26t%2Fx&hl=en", id="signs"),
        pytest.param("台" * 300, "", id="too long"),
    ],
)
def test_a_search_has_an_address(text: str, url: str):
    assert search_url("https://s.example/rss?q={query}&hl=en", text) == url


WORDS = ("tea", "milk", "sugar", "cup")
leaves = st.builds(
    lambda words, prefix, title: term(words, prefix=prefix, title=title),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
    st.booleans(),
    st.booleans(),
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(conjunction)
        | st.lists(inner, min_size=2, max_size=3).map(disjunction)
        | inner.map(negation)
    ),
    max_leaves=6,
)


def matches(tree: Node, title: str, text: str) -> bool:
    return bool(reasons(tree, finished(article_folded(title, text))))


def found(text: str, article: str) -> bool:
    """Search as a service would: the words anywhere in the article."""
    return matches(parse(text).tree, "", article)


@given(trees, st.lists(st.sampled_from(WORDS), max_size=8))
def test_whatever_the_query_wants_the_search_finds(tree: Node, words: list[str]):
    texts = search_texts(tree)
    title, body = " ".join(words[:3]), " ".join(words[3:])

    if texts and matches(tree, title, body):
        assert any(found(text, f"{title} {body}") for text in texts)


@given(trees)
def test_a_search_never_asks_for_what_is_unwanted_only(tree: Node):
    for text in search_texts(tree):
        assert any(not isinstance(part, Not) for part in parts(parse(text).tree))


def parts(node: Node) -> tuple[Node, ...]:
    return node.operands if isinstance(node, And | Or) else (node,)
