from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.selection import Hit, Story, Topic, arrange

NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)
TOPICS = [Topic(number, f"topic {number}") for number in (3, 1, 2)]


def story(number: int, topics: set[int], *, alerted: bool = False) -> Story:
    return Story(
        id=number,
        article_id=number,
        title=f"title {number}",
        url=f"https://news.example/{number}",
        publishers=(f"Publisher {number % 4}",),
        news_at=NOW,
        hits=tuple(Hit(topic, frozenset()) for topic in sorted(topics)),
        alerted=alerted,
    )


STORIES = st.lists(
    st.tuples(st.sets(st.sampled_from([1, 2, 3]), min_size=1), st.booleans()), max_size=60
).map(lambda found: [story(n, topics, alerted=listed) for n, (topics, listed) in enumerate(found)])


@given(STORIES)
def test_each_new_story_is_listed_once_under_the_first_topic_that_it_hits(stories):
    choice = arrange(TOPICS, stories)

    new = {one.id for one in stories if not one.alerted}
    assert sorted(one.id for one in choice.listed) == sorted(new)
    for section in choice.sections:
        before = TOPICS[: TOPICS.index(section.topic)]
        for one in section.listed:
            assert not {topic.id for topic in before} & {hit.topic_id for hit in one.hits}


@given(STORIES)
def test_what_hits_a_later_topic_too_is_named_there(stories):
    choice = arrange(TOPICS, stories)

    shown = [(s.topic.id, one.id) for s in choice.sections for one in (*s.listed, *s.above)]
    hits = [(hit.topic_id, one.id) for one in stories if not one.alerted for hit in one.hits]
    assert sorted(shown) == sorted(hits)


@given(STORIES)
def test_the_order_is_what_it_was(stories):
    choice = arrange(TOPICS, stories)

    assert list(choice.all_stories) == stories
    assert list(choice.alerted) == [one for one in stories if one.alerted]
    for section in choice.sections:
        assert [one.id for one in section.listed] == sorted(one.id for one in section.listed)


def test_nothing_is_only_counted():
    choice = arrange(TOPICS, [story(number, {1}) for number in range(80)])

    assert (choice.stories, choice.publishers, choice.sections[0].more) == (80, 4, 0)
    assert len(choice.sections[0].listed) == 80


def test_an_edition_that_listed_nothing_is_empty():
    assert not arrange(TOPICS, [])
