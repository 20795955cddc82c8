import pytest

from bot.publishing.digests import any_word


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        pytest.param(['taiwan "trade deal"'], "taiwan OR trade OR deal", id="words of phrases"),
        pytest.param(["norway NOT football"], "norway", id="none that is excluded"),
        pytest.param(["norway", "norway oil"], "norway OR oil", id="each once"),
    ],
)
def test_the_nearest_story_has_any_word_of_the_queries(queries, words):
    query = any_word(queries)

    assert query is not None
    assert set(str(query).split(" OR ")) == set(words.split(" OR "))


def test_no_query_has_no_words():
    assert any_word([]) is None
