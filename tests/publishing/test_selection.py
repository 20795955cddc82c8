from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.selection import (
    CAPS,
    Caps,
    Hit,
    SelectedStory,
    SelectedTopic,
    arrange,
    choose,
    deal,
)
from storage.enums import Style

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TIES, CONSUL = (
    SelectedTopic(1, "ties", is_public=False),
    SelectedTopic(2, "consul", is_public=False),
)


def story(
    number: int = 1, hits: tuple[Hit, ...] = (Hit(1, frozenset("w")),), **more: Any
) -> SelectedStory:
    defaults: dict[str, Any] = {"publishers": ("Wire",), "news_at": NOON}
    return SelectedStory(
        number, number, f"SelectedStory {number}", "https://a.example", hits=hits, **defaults | more
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            story(publishers=("Wire", "Times"), news_at=NOON - timedelta(hours=9)),
            story(hits=(Hit(1, frozenset("abc"), in_title=True), Hit(2, frozenset("w")))),
            id="more publishers before more topics",
        ),
        pytest.param(
            story(hits=(Hit(1, frozenset("w")), Hit(2, frozenset("w")))),
            story(hits=(Hit(1, frozenset("abc"), in_title=True),)),
            id="more topics before more words",
        ),
        pytest.param(
            story(hits=(Hit(1, frozenset("ab")),)),
            story(hits=(Hit(1, frozenset("a"), in_title=True),)),
            id="more words before the title",
        ),
        pytest.param(
            story(hits=(Hit(1, frozenset("a"), in_title=True),), news_at=NOON - timedelta(hours=9)),
            story(),
            id="the title before freshness",
        ),
        pytest.param(story(), story(news_at=NOON - timedelta(hours=1)), id="the newer first"),
        pytest.param(story(2), story(1), id="else the one stored later"),
    ],
)
def test_stories_are_listed_in_order(first, second):
    assert first.rank < second.rank


def test_a_story_of_two_topics_is_listed_in_the_first_and_counted_in_the_other():
    both = story(1, (Hit(1, frozenset("w")), Hit(2, frozenset("w"))))

    choice = choose([TIES, CONSUL], [both])

    assert [section.listed for section in choice.sections] == [(both,), ()]
    assert [section.above for section in choice.sections] == [(), (both,)]
    assert choice.stories == 1


@pytest.mark.parametrize(
    ("style", "listed"),
    [
        pytest.param(Style.BRIEF, 3, id="brief"),
        pytest.param(Style.STANDARD, 5, id="standard"),
        pytest.param(Style.FULL, 10, id="full"),
    ],
)
def test_a_topic_lists_as_many_stories_as_the_style_allows(style, listed):
    choice = choose([TIES], [story(number) for number in range(15)], CAPS[style])

    (section,) = choice.sections
    assert [one.id for one in choice.top] == [14]
    assert (len(section.listed), section.more, section.stories) == (listed, 14 - listed, 14)
    assert [one.id for one in (*section.listed, *section.rest)] == list(range(13, -1, -1))


def wide(number: int, publishers: int, **more: Any) -> SelectedStory:
    return story(number, publishers=tuple(f"Publisher {n}" for n in range(publishers)), **more)


@pytest.mark.parametrize(
    ("stories", "top"),
    [
        pytest.param([wide(1, 3), wide(2, 2), story(3)], [], id="three are read at a glance"),
        pytest.param([story(n) for n in range(4)], [3], id="without a wide one, the best"),
        pytest.param([wide(1, 2), *map(story, (2, 3, 4))], [1], id="the only wide one"),
        pytest.param([wide(n, n) for n in range(1, 7)], [6, 5, 4], id="at most three"),
        pytest.param(
            [story(1, (Hit(1, frozenset("w")), Hit(2, frozenset("w")))), *map(story, (2, 3, 4))],
            [1],
            id="a story of two topics is wide",
        ),
        pytest.param(
            [wide(1, 3, alerted=True), *map(story, (2, 3, 4))], [], id="alerted ones do not count"
        ),
    ],
)
def test_the_widest_stories_of_all_topics_stand_first(stories, top):
    choice = choose([TIES, CONSUL], stories)

    assert [one.id for one in choice.top] == top
    assert [one.id for one in choice.in_order][: len(top)] == top


def test_a_topic_counts_its_stories_at_the_top_as_listed_above():
    stories = [wide(1, 3), *map(story, (2, 3, 4))]

    (section,) = choose([TIES], stories).sections

    assert [one.id for one in section.above] == [1]
    assert section.stories == 3


@pytest.mark.parametrize(
    ("wanted", "caps", "shares"),
    [
        pytest.param([2, 3], Caps(5, 30), [2, 3], id="room for all"),
        pytest.param([9, 9], Caps(5, 30), [5, 5], id="each topic to its cap"),
        pytest.param([5, 5, 5], Caps(5, 7), [3, 2, 2], id="in rounds, the first topics first"),
        pytest.param([1, 9, 1], Caps(9, 5), [1, 3, 1], id="who wants less leaves it to others"),
        pytest.param([4, 0, 4], Caps(2, 3), [2, 0, 1], id="nothing for who has nothing"),
        pytest.param([], Caps(2, 3), [], id="no topic"),
        pytest.param([7, 8], Caps(5, 30), [7, 5], id="two beyond the cap, but no third"),
    ],
)
def test_places_are_dealt_in_rounds(wanted, caps, shares):
    assert deal(wanted, caps) == shares


@given(st.lists(st.integers(0, 20), max_size=20), st.integers(0, 9), st.integers(0, 60))
def test_all_places_are_used_and_never_exceeded(wanted, per_topic, in_all):
    caps = Caps(per_topic, in_all)
    shares = deal(wanted, caps)

    assert all(0 <= share <= caps.of(one) for share, one in zip(shares, wanted, strict=True))
    assert sum(shares) == min(in_all, sum(map(caps.of, wanted)))


def test_alerted_stories_are_a_list_of_their_own():
    new, old = story(1), story(2, alerted=True)

    choice = choose([TIES], [new, old])

    assert choice.alerted == (old,)
    assert list(choice.listed) == [new]
    assert choice.stories == 1


def test_each_publisher_counts_once():
    wide = story(2, publishers=("Wire", "Times", "Daily"), hits=(Hit(2, frozenset("w")),))

    assert choose([TIES, CONSUL], [story(1), wide]).publishers == 3


@pytest.mark.parametrize(
    ("stories", "headlines", "more"),
    [
        pytest.param(5, 0, 0, id="none is left"),
        pytest.param(8, 3, 0, id="three are named: a fold would be longer"),
        pytest.param(9, 0, 4, id="four are folded"),
    ],
)
def test_the_rest_is_folded_from_four_lines_on(stories, headlines, more):
    # One more, which stands at the top.
    (section,) = choose([TIES], [story(number) for number in range(stories + 1)]).sections

    assert (len(section.headlines), section.more) == (headlines, more)
    assert (*section.listed, *section.headlines) == (*section.listed, *section.rest)[
        : 5 + headlines
    ]


def test_a_crowded_edition_folds_even_a_single_story():
    topics = [TIES, CONSUL]
    stories = [story(n, hits=(Hit(1 + n % 2, frozenset("w")),)) for n in range(5)]

    first, second = choose(topics, stories, Caps(per_topic=5, in_all=4)).sections

    assert (first.more, len(first.headlines)) == (0, 0)
    assert (second.more, len(second.headlines)) == (1, 0)


@pytest.mark.parametrize(("count", "folds"), [(3, False), (4, True)])
def test_alerted_stories_are_folded_from_four_lines_on(count, folds):
    alerted = [story(number, alerted=True) for number in range(count)]

    assert choose([TIES], alerted).folds_alerted is folds


def test_no_stories_make_an_empty_choice():
    assert not choose([TIES], [])


@given(
    st.lists(
        st.builds(
            story,
            st.integers(1, 60),
            st.lists(st.sampled_from([1, 2, 3]), min_size=1, unique=True).map(
                lambda ids: tuple(Hit(topic, frozenset("w")) for topic in ids)
            ),
            alerted=st.booleans(),
        ),
        unique_by=lambda one: one.id,
    )
)
def test_every_story_has_one_place(stories):
    topics = [TIES, CONSUL, SelectedTopic(3, "third", is_public=False)]

    choice = choose(topics, stories)

    listed = [one.id for one in choice.listed]
    rest = sum(len(section.headlines) + section.more for section in choice.sections)
    assert len(listed) == len(set(listed))
    assert len(listed) + rest + len(choice.alerted) == len(stories)
    assert {one.id for one in choice.all_stories} == {one.id for one in stories}


# A stored edition, arranged again

CHOSEN = [SelectedTopic(number, f"topic {number}", is_public=False) for number in (3, 1, 2)]


def hitting(number: int, topics: set[int], *, alerted: bool = False) -> SelectedStory:
    hits = tuple(Hit(topic, frozenset()) for topic in sorted(topics))
    return story(number, hits, publishers=(f"Publisher {number % 4}",), alerted=alerted)


STORIES = st.lists(
    st.tuples(st.sets(st.sampled_from([1, 2, 3]), min_size=1), st.booleans()), max_size=60
).map(
    lambda found: [hitting(n, topics, alerted=alerted) for n, (topics, alerted) in enumerate(found)]
)


@given(STORIES)
def test_each_new_story_is_listed_once_at_the_top_or_under_its_first_topic(stories):
    choice = arrange(CHOSEN, stories)

    new = {one.id for one in stories if not one.alerted}
    assert sorted(one.id for one in choice.listed) == sorted(new)
    for section in choice.sections:
        assert not {one.id for one in choice.top} & {one.id for one in section.listed}
        for one in section.listed:
            assert one.hits[0].topic_id == section.topic.id


@given(STORIES)
def test_a_topic_knows_all_its_stories_wherever_they_are_listed(stories):
    choice = arrange(CHOSEN, stories)

    places = {one.id: place for place, s in enumerate(choice.sections) for one in s.listed}
    for place, section in enumerate(choice.sections):
        hit = {one.id for one in stories if not one.alerted and section.topic.id in one.topic_ids}
        assert {one.id for one in section.all_stories} == hit
        assert all(places.get(one.id, -1) < place for one in section.above)
        assert all(places[one.id] > place for one in section.below)


def test_a_story_is_listed_under_a_later_topic_that_fits_it_better():
    fits_second = story(1, (Hit(2, frozenset("w"), in_title=True), Hit(1, frozenset("w"))))

    first, second = choose([TIES, CONSUL], [fits_second, story(2)]).sections

    assert [one.id for one in first.listed] == [2]
    assert first.below == second.listed == (fits_second,)


@given(STORIES)
def test_arranging_keeps_the_stored_order(stories):
    choice = arrange(CHOSEN, stories)

    assert list(choice.all_stories) == stories
    assert list(choice.alerted) == [one for one in stories if one.alerted]
    for section in choice.sections:
        assert [one.id for one in section.listed] == sorted(one.id for one in section.listed)


def test_arranging_lists_every_story():
    choice = arrange(CHOSEN, [hitting(number, {1}) for number in range(80)])

    assert (choice.stories, choice.publishers, choice.sections[0].more) == (80, 4, 0)
    assert len(list(choice.listed)) == 80


def test_an_edition_without_stories_is_empty():
    assert not arrange(CHOSEN, [])
