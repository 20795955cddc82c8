"""Which stories what only some chats can see may join, and that nobody else's change by it."""

from dataclasses import replace

import pytest

from bot.sources.stories.articles import Told
from bot.sources.stories.audiences import Audiences
from tests.sources.stories.test_memory import CAPSIZED, FERRY, LATER, STRIKE

ANN, BOB = 1, 2
SINKS = replace(
    FERRY, story_id=8, outlets=frozenset({"echo"}), title="Ferry sinks off Bohara, dozens missing"
)


def private(article: Told, *readers: int) -> Told:
    outlets = frozenset(f"private {outlet}" for outlet in article.outlets)
    return replace(article, outlets=outlets, readers=frozenset(readers))


def placed(*articles: Told) -> list[int]:
    stories = Audiences()
    return [stories.place(article).story_id for article in articles]


def remembering(*articles: Told) -> Audiences:
    """What a process knows that takes over after the *articles* were placed."""
    before, after = Audiences(), Audiences()
    for article in articles:
        after.remember(replace(article, story_id=before.place(article).story_id))
    return after


def test_what_is_private_begins_no_story_for_others():
    assert placed(private(FERRY, ANN), CAPSIZED, LATER) == [1, 2, 2]


def test_what_is_private_joins_a_public_story_without_a_part_in_it():
    stories = Audiences()
    stories.place(FERRY)

    place = stories.place(private(CAPSIZED, ANN))

    assert place[:2] == (1, False)


@pytest.mark.parametrize(
    ("first", "second", "story"),
    [
        pytest.param((ANN,), (ANN,), 1, id="the same chats follow both"),
        pytest.param((ANN, BOB), (ANN,), 1, id="whoever sees the second sees the first"),
        pytest.param((ANN,), (ANN, BOB), 2, id="somebody sees only the second"),
        pytest.param((ANN,), (BOB,), 2, id="nobody sees both"),
        pytest.param((), (), 1, id="nobody sees any"),
    ],
)
def test_private_feeds_tell_a_story_together_where_all_readers_see_it(
    first: tuple[int, ...], second: tuple[int, ...], story: int
):
    assert placed(private(FERRY, *first), private(CAPSIZED, *second)) == [1, story]


def test_a_wider_audience_does_not_see_its_story_change():
    """Who follows one feed alone gets what they would get without the other."""
    both = replace(STRIKE, title=f"{FERRY.title}. {STRIKE.title}", outlets=frozenset({"own"}))
    strike = replace(STRIKE, outlets=frozenset({"blog"}))
    stories = Audiences()
    stories.place(private(FERRY, ANN, BOB))
    assert stories.place(private(both, ANN)).story_id == 1

    assert stories.place(private(strike, ANN, BOB)).story_id == STRIKE.story_id


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
def test_what_is_private_leads_no_public_stories_together(restarted: bool):
    both = replace(STRIKE, story_id=9, title=f"{FERRY.title} {STRIKE.title}")
    told = [FERRY, private(both, ANN)]
    stories = remembering(*told) if restarted else Audiences()
    for article in () if restarted else told:
        stories.place(article)

    assert stories.place(STRIKE).story_id == STRIKE.story_id
    assert stories.place(CAPSIZED).story_id == FERRY.story_id


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
def test_a_feed_tells_a_public_story_once_and_then_continues_it(restarted: bool):
    first, second = private(CAPSIZED, ANN), private(replace(SINKS, outlets=CAPSIZED.outlets), ANN)
    stories = remembering(FERRY, first) if restarted else Audiences()
    for article in () if restarted else (FERRY, first):
        stories.place(article)

    place = stories.place(second)

    assert (place.story_id, place.continued) == (SINKS.story_id, {SINKS.story_id: 1})


def test_what_words_are_worth_does_not_change_by_what_is_private():
    def worth(*before: Told) -> list[tuple[str, float, float, float]]:
        stories = Audiences()
        for article in (*before, FERRY, STRIKE):
            stories.place(article)
        words = stories._public.vocabulary._words.values()
        return [(word.text, word.rare, word.weight, word.seen) for word in words]

    assert worth(private(CAPSIZED, ANN), private(LATER, BOB)) == worth()


def test_an_audience_is_forgotten_with_its_last_story():
    stories = Audiences()
    stories.place(private(FERRY, ANN, BOB))

    stories.forget(FERRY.at + 1)

    assert (len(stories), stories._private, dict(stories._of_chat)) == (0, {}, {})
