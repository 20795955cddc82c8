"""Which story an article tells: rules one by one, and how well they do on labelled headlines."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.storytelling.labelled import Labelled, collected, invented
from benchmarks.storytelling.scoring import Score, chapters, grouped, score
from bot.matching.text import folded_text
from bot.sources.stories.articles import Told
from bot.sources.stories.centre import FIRMLY, IN_LEAD, IN_TITLE, WHOLLY, Centre, Guest, likeness
from bot.sources.stories.memory import WINDOW, Stories
from bot.sources.stories.vocabulary import LISTED, Vocabulary, Word
from tests.sources.stories import test_sketch

LAYERS, OTHER = folded_text(test_sketch.LAYERS), folded_text(test_sketch.OTHER)
FERRY = Told(
    1,
    0.0,
    frozenset({"wire"}),
    "Ferry with 240 aboard sinks off Bohara island",
    "The Santa Rosalia went down in rough seas off Bohara on Tuesday evening.",
)
CAPSIZED = replace(
    FERRY,
    story_id=2,
    outlets=frozenset({"daily"}),
    title="Passenger ferry sinks near Bohara; dozens missing",
    lead="Coast guard boats were searching for passengers of the Santa Rosalia.",
)
STRIKE = replace(
    CAPSIZED,
    story_id=3,
    title="Ferry workers to strike over pay at Norrland ports",
    lead="Ferry traffic from Norrland will stop for 24 hours on Friday.",
)
LATER = replace(
    CAPSIZED,
    story_id=4,
    outlets=frozenset({"post"}),
    title="Captain of sunken ferry Santa Rosalia detained",
    lead="Police in Bohara are questioning the captain about the number of passengers.",
)
FORETASTE = replace(
    CAPSIZED,
    story_id=6,
    outlets=frozenset({"post"}),
    title="How safe are Bohara ferries?",
    lead="Ships such as the Santa Rosalia are old.",
)
REPORT = replace(
    FORETASTE,
    story_id=7,
    title="Ferry Santa Rosalia sinks off Bohara island, dozens missing",
    lead="Passengers jumped into rough seas.",
)


def placed(*articles: Told) -> list[int]:
    stories = Stories()
    return [stories.place(article) for article in articles]


def test_two_outlets_that_tell_one_event_tell_one_story():
    assert placed(FERRY, CAPSIZED, LATER) == [1, 1, 1]


def test_another_event_of_the_same_kind_is_another_story():
    assert placed(FERRY, STRIKE) == [1, 3]


def test_one_outlet_tells_a_story_once():
    assert placed(FERRY, replace(CAPSIZED, outlets=frozenset({"wire", "daily"}))) == [1, 2]


def test_what_hardly_tells_a_story_leaves_it_to_its_outlets_report():
    stories = Stories()
    for article in (FERRY, CAPSIZED, FORETASTE):
        stories.place(replace(article, number=article.story_id))
    assert stories.take_left() == []

    assert stories.place(REPORT) == 1
    (guest,) = stories.take_left()
    assert guest.article.number == FORETASTE.story_id
    assert stories.place(replace(REPORT, story_id=8)) == 8


def test_who_left_begins_a_story_of_its_own():
    stories = Stories()
    for article in (FERRY, CAPSIZED, replace(FORETASTE, text=LAYERS), REPORT):
        stories.place(article)
    (guest,) = stories.take_left()

    stories.begin(guest, 9)

    assert stories.place(replace(FORETASTE, outlets=frozenset({"blog"}), text=LAYERS)) == 9
    assert stories.place(replace(LATER, outlets=frozenset({"echo"}))) == 1


def test_a_guest_comes_once_and_leaves_nothing_behind():
    post, words = frozenset({"post"}), Vocabulary()
    story, own, theirs = Centre(1, 0.0), Word("ship"), Word("old")
    story.add({own: IN_TITLE}, words)
    guest = Guest(FORETASTE, {own: IN_LEAD, theirs: IN_TITLE}, ())
    story.add(guest.marks, words)
    story.guests["post"] = guest

    assert not story.has_room(post, FIRMLY - 0.1)
    assert story.has_room(post, FIRMLY)
    assert story.seat(post) == [guest]
    story.lose(guest.marks, words)

    assert not story.has_room(post, WHOLLY)
    assert (story.articles, story.guests) == (1, {})
    assert (story.words, story.marks) == ((own,), (IN_TITLE,))
    assert (own.count, theirs.count) == (1, 0)


def test_who_began_a_story_has_its_seat_for_good():
    assert placed(FERRY, CAPSIZED, replace(REPORT, outlets=FERRY.outlets)) == [1, 1, 7]


def test_reports_gather_where_more_of_them_are():
    again = replace(FERRY, story_id=5)

    assert placed(FERRY, CAPSIZED, again, LATER) == [1, 1, 5, 1]


def test_the_same_text_under_another_title_is_the_same_story():
    one = replace(FERRY, title="Compensation promised", lead="", text=LAYERS)
    other = replace(CAPSIZED, title="What travellers should know", lead="", text=LAYERS[100:])

    assert placed(one, other) == [1, 1]
    assert placed(one, replace(other, text=OTHER)) == [1, 2]


@pytest.mark.parametrize(
    ("article", "continued"),
    [
        pytest.param(replace(LATER, outlets=FERRY.outlets), {4: 1}, id="its outlet's next report"),
        pytest.param(replace(STRIKE, outlets=FERRY.outlets), {}, id="another event"),
        pytest.param(replace(LATER, outlets=FERRY.outlets, at=WINDOW + 1), {}, id="too late"),
        pytest.param(LATER, {}, id="a report that joins it"),
    ],
)
def test_what_only_the_seat_of_its_outlet_keeps_out_of_a_story_continues_it(
    article: Told, continued: dict[int, int]
):
    stories = Stories()
    for each in (FERRY, CAPSIZED, article):
        stories.place(each)

    assert stories.take_continued() == continued
    assert stories.take_continued() == {}


def test_a_text_that_its_outlet_brings_again_continues_the_story():
    stories = Stories()
    stories.place(replace(FERRY, text=LAYERS))

    stories.place(Told(5, 1.0, FERRY.outlets, "What we know so far", text=LAYERS))

    assert stories.take_continued() == {5: 1}


@pytest.mark.parametrize(
    ("apart", "story"),
    [
        pytest.param(WINDOW, 1, id="three days later"),
        pytest.param(-WINDOW, 1, id="three days before, seen late"),
        pytest.param(WINDOW + 1, 2, id="after three days"),
    ],
)
def test_a_story_lasts_three_days(apart: float, story: int):
    assert placed(FERRY, replace(CAPSIZED, at=FERRY.at + apart)) == [1, story]


def test_what_was_remembered_is_as_good_as_what_was_decided():
    stories = Stories()
    stories.remember(FERRY)
    stories.remember(replace(CAPSIZED, story_id=1))

    assert len(stories) == 1
    assert stories.place(LATER) == 1


def test_the_seats_of_outlets_are_remembered():
    stories = Stories()
    for article in (FERRY, CAPSIZED, FORETASTE):
        stories.remember(replace(article, story_id=1))

    assert stories.place(REPORT) == 1
    assert stories.place(replace(REPORT, story_id=8)) == 8


def test_a_text_that_an_outlet_took_over_whole_has_its_seat_when_it_is_remembered():
    stories = Stories()
    for outlet in ("wire", "post"):
        stories.remember(Told(1, 0.0, frozenset({outlet}), f"As {outlet} tells", text=LAYERS))

    assert stories.place(Told(2, 0.0, frozenset({"post"}), "As wire tells", text=LAYERS)) == 2


def test_a_story_that_began_too_long_ago_is_forgotten():
    stories = Stories()
    stories.place(replace(FERRY, text=LAYERS))
    stories.forget(FERRY.at)
    assert len(stories) == 1

    stories.forget(FERRY.at + 1)

    assert len(stories) == 0
    assert stories.place(replace(CAPSIZED, text=LAYERS)) == 2


def test_where_too_many_stories_come_the_oldest_are_forgotten():
    stories = Stories(most=2)
    for number, word in enumerate(["museum", "volcano", "orchestra"]):
        stories.place(Told(number, number, frozenset({word}), word))
    stories.forget(-1.0)

    assert len(stories) == 2
    assert stories.place(Told(9, 3.0, frozenset({"other"}), "museum")) == 9


def test_a_word_in_many_stories_leads_to_none_and_comes_back_when_it_is_new():
    stories = Stories()
    for number in range(LISTED + 1):
        stories.place(Told(number, number, frozenset({"wire"}), "Volcano"))
    assert stories.place(Told(900, 1.0, frozenset({"daily"}), "Volcano")) == 900

    stories.forget(float(LISTED + 2))

    assert len(stories) == 0
    assert stories.place(FERRY) == 1


def test_likeness_is_whole_only_for_what_is_wholly_alike():
    vocabulary = Vocabulary()
    marks: dict[Word, int] = {}
    vocabulary.mark((f"word{number}" for number in range(10)), 3, marks)
    story = Centre(1, 0.0)
    vocabulary.stories = 100
    story.add(marks, vocabulary)

    same = likeness(marks, story, vocabulary, 0.0)
    half = likeness(dict.fromkeys(list(marks)[:5], 3), story, vocabulary, 0.0)
    none = likeness({}, story, vocabulary, 0.0)

    assert 0.9 < same < 1
    assert 0.5 < half < same
    assert none == 0


_TEXTS = st.text(alphabet="abc 岬町Ä.", max_size=40)


@settings(max_examples=60)
@given(st.lists(st.tuples(_TEXTS, _TEXTS, st.sampled_from("xyz")), max_size=30))
def test_whatever_comes_no_story_has_one_outlet_twice(told: list[tuple[str, str, str]]):
    stories = Stories(most=5)
    found: dict[int, tuple[int, str]] = {}
    for number, (title, lead, outlet) in enumerate(told):
        outlets = frozenset({outlet})
        article = Told(number, number, outlets, title, lead, lead * 9, number=number)
        found[number] = stories.place(article), outlet
        for guest in stories.take_left():
            left = guest.article.number
            found[left] = left, found[left][1]
            stories.begin(guest, left)
        assert len(set(found.values())) == len(found)
        stories.forget(number - 10.0)


def rated(labelled: Labelled) -> Score:
    return score(labelled, grouped(labelled))


@pytest.mark.parametrize(
    ("name", "f1"),
    [
        pytest.param("running events", 0.98, id="events of two days"),
        pytest.param("many tongues", 0.85, id="title case and other languages"),
    ],
)
def test_invented_events_are_found(name: str, f1: float):
    (labelled,) = [each for each in invented() if each.name == name]

    found = rated(labelled)

    assert found.f1 >= f1
    assert found.within == 0


@pytest.mark.parametrize(
    ("name", "precision", "recall"),
    [
        pytest.param("running events", 0.93, 0.9, id="events of two days"),
        pytest.param("many tongues", 0.88, 0.77, id="title case and other languages"),
    ],
)
def test_the_chapters_of_invented_events_are_found(name: str, precision: float, recall: float):
    (labelled,) = [each for each in invented() if each.name == name]

    found = chapters(labelled)

    assert found.precision >= precision
    assert found.recall >= recall


def test_the_events_of_the_corpus_are_found(corpus: Path):
    labelled = collected(corpus / "same_story/news.json")

    everything, sure = rated(labelled), rated(labelled.without_unsure())

    assert everything.within == sure.within == 0
    assert everything.precision >= 0.99
    assert everything.f1 >= 0.95
    assert sure.f1 >= 0.99
