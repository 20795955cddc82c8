"""Queries that name saved topics."""

import pytest

from bot.matching.query import QueryError, parse
from bot.matching.query import QueryErrorCode as Code

TOPICS = {
    "Taiwan news": "taiwan OR formosa",
    "Chips": "semicond* #taiwan-news",
    "A": "x #b",
    "B": "y #a",
    "Broken": "(x",
    **{f"Deep {n}": f"#deep-{n + 1} d{n}" for n in range(10)},
    "Many": " OR ".join(f"m{n}" for n in range(40)),
    "More": " OR ".join(f"n{n}" for n in range(40)),
    **{f"Long {n}": "z" * 900 for n in range(9)},
    **{f"Bomb {n}": f"#bomb-{n + 1} " * 60 for n in range(6)},
    "Bomb 6": "boom",
}


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        pytest.param("x #taiwan-news", "(formosa OR taiwan) x", id="its words in brackets"),
        pytest.param('＃"Taiwan News"', "formosa OR taiwan", id="in quotes"),
        pytest.param("#chips", "(formosa OR taiwan) semicond*", id="a topic in a topic"),
        pytest.param("title:#taiwan-news", "title:formosa OR title:taiwan", id="in the title"),
        pytest.param("#bomb-0", "boom", id="one that is named 60 times, six deep, is read once"),
        pytest.param("#'Taiwan news'", "formosa OR taiwan", id="in single quotes"),
        pytest.param("x -#taiwan-news", "x -formosa -taiwan", id="not what it asks for"),
    ],
)
def test_a_saved_topic_stands_for_its_words(typed: str, canonical: str):
    assert parse(typed, TOPICS).canonical == canonical


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param("x #a", Code.TOPIC_IN_ITSELF, id="a circle"),
        pytest.param("x #broken", Code.BROKEN_TOPIC, id="one that cannot be read"),
        pytest.param("x #deep-0", Code.TOO_DEEP, id="ten deep"),
        pytest.param(
            " ".join(f"#long-{n}" for n in range(9)), Code.TOO_LONG, id="9,000 characters of them"
        ),
        pytest.param("x (#many #more)", Code.TOO_MANY_LITERALS, id="80 words together"),
    ],
)
def test_a_saved_topic_that_cannot_be_read_is_pointed_at(typed: str, code: Code):
    with pytest.raises(QueryError) as refused:
        parse(typed, TOPICS)

    assert refused.value.code is code
    assert refused.value.place.startswith("#")
