"""Which story an article belongs to: rules one by one, and how well they do on headlines."""

import gc
import tracemalloc
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.stories.labelled import collected, invented
from benchmarks.stories.scoring import grouped, score
from benchmarks.stories.stream import articles
from bot.slices import finished
from bot.sources.stories.clustering import WINDOW, Clustering, NewsArticle, Placement, Stories
from bot.text.folding import folded_text
from tests.sources.stories import test_near_duplicates

LAYERS = folded_text(test_near_duplicates.LAYERS)
OTHER = folded_text(test_near_duplicates.OTHER)
FERRY = NewsArticle(
    1,
    0.0,
    frozenset({"wire"}),
    "Ferry with 240 aboard sinks off Bohara island",
    "The Santa Rosalia went down in rough seas off Bohara on Tuesday evening.",
)
CAPSIZED = replace(
    FERRY,
    story_id=2,
    publishers=frozenset({"daily"}),
    title="Passenger ferry sinks near Bohara; dozens missing",
    lead="Coast guard boats were searching for passengers of the Santa Rosalia.",
)
STRIKE = replace(
    CAPSIZED,
    story_id=3,
    title="Dock workers to strike over pay at Norrland ports",
    lead="Unions in Norrland called out their members for 24 hours on Friday.",
)
LATER = replace(
    CAPSIZED,
    story_id=4,
    publishers=frozenset({"post"}),
    title="Captain of sunken ferry Santa Rosalia detained",
    lead="Police in Bohara are questioning the captain about the number of passengers.",
)
ANN, BOB = 1, 2
SINKS = replace(
    FERRY,
    story_id=8,
    publishers=frozenset({"echo"}),
    title="Ferry sinks off Bohara, dozens missing",
)


def by(article: NewsArticle, publisher: str, story_id: int) -> NewsArticle:
    return replace(article, publishers=frozenset({publisher}), story_id=story_id)


def private(article: NewsArticle, *readers: int) -> NewsArticle:
    publishers = frozenset(f"private {publisher}" for publisher in article.publishers)
    return replace(article, publishers=publishers, readers=frozenset(readers))


def chains(*articles: NewsArticle) -> list[int]:
    """Return the story of each article, by its first chapter."""
    stories = Clustering()
    return [stories.place(article).chain_id for article in articles]


def remembering(*articles: NewsArticle) -> Stories:
    """What a process knows that takes over after the *articles* were placed."""
    before, after = Stories(), Stories()
    for article in articles:
        place = before.place(article)
        after.remember(replace(article, story_id=place.story_id, chain_id=place.chain_id))
    return after


def knowing(*articles: NewsArticle, restarted: bool) -> Stories:
    if restarted:
        return remembering(*articles)
    stories = Stories()
    for article in articles:
        stories.place(article)
    return stories


def test_two_publishers_that_report_one_event_share_a_story():
    assert chains(FERRY, CAPSIZED, LATER) == [1, 1, 1]


def test_another_event_is_another_story():
    assert chains(FERRY, STRIKE) == [1, 3]


def test_one_word_in_common_is_not_enough():
    one = replace(FERRY, title="Bohara", lead="")
    assert chains(one, replace(one, story_id=2, publishers=frozenset({"daily"}))) == [1, 2]


def test_an_earlier_piece_of_a_publisher_does_not_keep_its_report_out():
    gallery = replace(by(FERRY, "post", 5), title="In pictures: the Bohara ferry Santa Rosalia")
    report = replace(by(CAPSIZED, "post", 7), title="Ferry sinks off Bohara, dozens missing")

    assert chains(FERRY, gallery, CAPSIZED, report) == [1, 1, 1, 1]


def test_the_second_report_of_a_publisher_needs_more_likeness():
    ships = replace(
        FERRY,
        story_id=5,
        title="Are old ships around Bohara safe?",
        lead="Unions say crews are untrained, engines worn out and lifeboats missing; one vessel, "
        "the Santa Ana, was in bad repair.",
    )
    blog = frozenset({"blog"})

    assert chains(FERRY, CAPSIZED, replace(ships, publishers=blog)) == [1, 1, 1]
    assert chains(FERRY, CAPSIZED, ships) == [1, 1, 5]


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
def test_the_second_reports_of_all_publishers_are_one_chapter(restarted):
    stories = knowing(FERRY, CAPSIZED, LATER, by(SINKS, "wire", 11), restarted=restarted)

    assert stories.place(by(SINKS, "daily", 12)) == Placement(11, 1)
    assert stories.place(by(SINKS, "wire", 13)) == Placement(13, 1)
    assert stories.place(by(SINKS, "echo", 14)) == Placement(1, 1)


def test_reports_gather_where_more_of_them_are():
    stories = Clustering()
    for article in (FERRY, CAPSIZED, LATER):
        stories.place(article)
    stories._add(replace(SINKS, text=""), stories._begin(9, 0.0), stories._vector_of(SINKS), ())

    assert stories.place(by(SINKS, "star", 10)).chain_id == 1


def test_the_same_text_under_another_title_is_the_same_story():
    one = replace(FERRY, title="Compensation promised", lead="", text=LAYERS)
    other = replace(CAPSIZED, title="What travellers should know", lead="", text=LAYERS[100:])

    assert chains(one, other) == [1, 1]
    assert chains(one, replace(other, text=OTHER)) == [1, 2]


def test_a_text_that_its_publisher_brings_again_is_a_chapter():
    stories = Clustering()
    stories.place(replace(FERRY, text=LAYERS))

    place = stories.place(NewsArticle(5, 1.0, FERRY.publishers, "What we know", text=LAYERS))

    assert place == Placement(5, 1)


@pytest.mark.parametrize(
    ("apart", "story"),
    [
        pytest.param(WINDOW - 1, 1, id="three days later"),
        pytest.param(1 - WINDOW, 1, id="three days before, seen late"),
        pytest.param(WINDOW + 1, 2, id="after three days"),
    ],
)
def test_a_story_lasts_three_days(apart, story):
    again = replace(FERRY, story_id=2, publishers=CAPSIZED.publishers, at=FERRY.at + apart)

    assert chains(FERRY, again) == [1, story]


def test_the_longer_ago_its_last_article_is_the_more_alike_must_the_next_be():
    assert chains(FERRY, replace(LATER, at=60.0)) == [1, 1]
    assert chains(FERRY, replace(LATER, at=WINDOW - 1)) == [1, 4]


def test_a_story_that_began_too_long_ago_is_forgotten():
    stories = Clustering()
    stories.place(replace(FERRY, text=LAYERS))
    finished(stories.forget(FERRY.at))
    assert len(stories) == 1

    finished(stories.forget(FERRY.at + 1))

    assert (len(stories), stories.memory, stories._words, len(stories._texts)) == (0, 0, {}, 0)
    assert stories.place(replace(CAPSIZED, text=LAYERS)).story_id == 2


def test_the_oldest_story_is_forgotten_beyond_the_memory_limit():
    stories = Clustering(most_memory=200_000)
    stories.place(replace(FERRY, at=-1.0))
    for article in islice(articles(), 100):
        stories.place(replace(article, story_id=article.story_id + 100))

    assert stories.memory <= 200_000
    assert 5 < len(stories) < 60
    assert 1 not in stories


@pytest.mark.slow
@pytest.mark.parametrize("full_text", [False, True], ids=["feed entries", "full texts"])
def test_the_memory_of_stories_is_estimated_well_enough(full_text):
    given = list(islice(articles(full_text=full_text), 3_000))
    gc.collect()
    tracemalloc.start()
    stories = Clustering()
    for article in given:
        stories.place(article)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 0.6 < stories.memory / taken < 1.6


def test_a_word_that_all_articles_have_leads_nothing_together():
    stories = Clustering()
    for number in range(3_000):
        word = f"event{number % 40:02}"
        stories.place(by(replace(FERRY, title=f"Daily news {word}", lead=word), "blog", number))

    vector = stories._vector_of(replace(FERRY, title="Daily news", lead=""))

    assert all(weight >= 0 for weight in vector.values())


def test_a_long_story_keeps_its_heaviest_words():
    stories = Clustering()
    for number in range(60):
        own = " ".join(f"word{number}x{at}" for at in range(9))
        stories.place(by(replace(FERRY, lead=own), f"paper {number}", number))

    (story,) = stories._stories.values()
    assert len(story.words) <= 200
    assert {"ferry", "bohara"} <= {word.text for word in story.words}
    assert len(story.weights) == len(story.counts) == len(story.words)


_TEXTS = st.text(alphabet="abc 岬町Ä.", max_size=40)


@settings(max_examples=60)
@given(st.lists(st.tuples(_TEXTS, _TEXTS, st.sampled_from("xyz")), max_size=30))
def test_no_chapter_has_a_publisher_twice(given):
    stories = Clustering(most_memory=8_000)
    found = set()
    for number, (title, lead, publisher) in enumerate(given):
        article = NewsArticle(number, number, frozenset({publisher}), title, lead, lead * 9)
        place = stories.place(article)
        assert (place.story_id, publisher) not in found
        found.add((place.story_id, publisher))
        finished(stories.forget(number - 10.0))
    finished(stories.forget(99.0))
    assert (stories.memory, stories._words) == (0, {})


# Private feeds.


def test_private_articles_begin_no_story_for_others():
    stories = Stories()
    given = private(FERRY, ANN), CAPSIZED, LATER

    assert [stories.place(article).chain_id for article in given] == [1, 2, 2]


def test_private_articles_join_a_public_story_without_shaping_it():
    stories = Stories()
    stories.place(FERRY)

    assert stories.place(private(CAPSIZED, ANN)) == Placement(1, 1, is_part=False)


@pytest.mark.parametrize(
    ("first", "second", "story"),
    [
        pytest.param((ANN,), (ANN,), 1, id="the same chats follow both"),
        pytest.param((ANN, BOB), (ANN,), 1, id="all who see the second see the first"),
        pytest.param((ANN,), (ANN, BOB), 2, id="somebody sees only the second"),
        pytest.param((ANN,), (BOB,), 2, id="nobody sees both"),
        pytest.param((), (), 1, id="nobody sees any"),
    ],
)
def test_private_feeds_share_a_story_where_all_readers_see_it(first, second, story):
    stories = Stories()
    stories.place(private(FERRY, *first))

    assert stories.place(private(CAPSIZED, *second)).chain_id == story


def test_a_wider_audience_does_not_see_its_story_change():
    """A chat that follows one feed alone gets what it would get without the other."""
    both = replace(STRIKE, title=f"{FERRY.title}. {STRIKE.title}", publishers=frozenset({"own"}))
    strike = replace(STRIKE, publishers=frozenset({"blog"}))
    stories = Stories()
    stories.place(private(FERRY, ANN, BOB))
    assert stories.place(private(both, ANN)).chain_id == 1

    assert stories.place(private(strike, ANN, BOB)).chain_id == STRIKE.story_id


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
def test_private_articles_join_no_public_stories_together(restarted):
    both = replace(STRIKE, story_id=9, title=f"{FERRY.title} {STRIKE.title}")
    stories = knowing(FERRY, private(both, ANN), restarted=restarted)

    assert stories.place(STRIKE).chain_id == STRIKE.story_id
    assert stories.place(CAPSIZED).chain_id == FERRY.story_id


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
def test_a_private_feed_reports_a_public_story_once_and_then_begins_chapters(restarted):
    first, second = private(CAPSIZED, ANN), private(by(SINKS, "daily", 8), ANN)
    stories = knowing(FERRY, first, restarted=restarted)

    assert stories.place(second) == Placement(8, 1, is_part=False)
    assert stories.place(by(SINKS, "wire", 9)) == Placement(9, 1)


def test_private_articles_do_not_change_the_weights_of_words():
    def worth(*before: NewsArticle) -> list[tuple[str, float, int, int]]:
        stories = Stories()
        for article in (*before, FERRY, STRIKE):
            stories.place(article)
        words = stories._public._words.values()
        return [(word.text, word.frequency, word.named, word.seen) for word in words]

    assert worth(private(CAPSIZED, ANN), private(LATER, BOB)) == worth()


def test_an_audience_is_forgotten_with_its_last_story():
    stories = Stories()
    stories.place(private(FERRY, ANN, BOB))

    finished(stories.forget(FERRY.at + 1))

    assert (len(stories), stories._private, dict(stories._of_chat)) == (0, {}, {})


# How well it does on labelled headlines.


@pytest.mark.parametrize(
    ("name", "precision", "f1", "b_cubed"),
    [
        pytest.param("running events", 0.90, 0.93, 0.95, id="events of two days"),
        pytest.param("many languages", 0.90, 0.92, 0.93, id="title case and other languages"),
    ],
)
def test_invented_events_are_found(name, precision, f1, b_cubed):
    (labelled,) = [each for each in invented() if each.name == name]

    found = score(labelled, grouped(labelled))

    assert found.precision >= precision
    assert found.f1 >= f1
    assert found.b_cubed >= b_cubed


@pytest.mark.parametrize(
    ("name", "precision", "f1", "b_cubed"),
    [
        pytest.param("news", 0.98, 0.97, 0.99, id="three days of seventeen publishers"),
        pytest.param("ground_a", 0.90, 0.86, 0.90, id="events with many publishers"),
        pytest.param("allsides_1", 0.93, 0.94, 0.965, id="events with three publishers"),
    ],
)
def test_the_events_of_the_corpus_are_found(corpus, name, precision, f1, b_cubed):
    labelled = collected(corpus / f"same_story/{name}.json")

    found = score(labelled, grouped(labelled))

    assert found.precision >= precision
    assert found.f1 >= f1
    assert found.b_cubed >= b_cubed
