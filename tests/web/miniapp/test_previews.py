"""While words are typed: what they would have found, or where they are wrong."""

from datetime import timedelta

import pytest

from tests.matching.stored import stored_article, stored_source

pytestmark = pytest.mark.slow


@pytest.fixture
async def news(storage) -> None:
    """Store seven stories about Taiwan, of as many hours."""
    source = await stored_source(storage, "Example <Wire>")
    for hours in range(7):
        await stored_article(
            storage,
            f"Taiwan & all, {hours}",
            "Nothing else. A consul-general spoke of 𝒯aiwan <b>here</b>.",
            source_id=source,
            ago=timedelta(hours=hours),
        )


async def test_a_query_shows_its_volume_and_the_newest_stories_with_marked_words(ann, news):
    found = await ann.does("preview_query", query="taiwan consul")

    assert found["text"] == "7 stories in the last 7 days, about one a day"
    assert [hit["title"][1][0] for hit in found["newest"]] == [f" & all, {n}" for n in range(5)]
    hit = found["newest"][0]
    assert hit["title"][0] == ["Taiwan", True]
    assert hit["by"] == "Example <Wire> · 21:00"
    assert "".join(text for text, _ in hit["snippet"]).startswith("A consul-general spoke")


async def test_other_forms_of_a_word_are_offered_and_find_more(ann, storage):
    source = await stored_source(storage, "Example Wire")
    await stored_article(storage, "One tariff", "A tariff.", source_id=source)
    for number in range(3):
        await stored_article(storage, f"Tariffs, {number}", "Many tariffs.", source_id=source)

    found = await ann.does("preview_query", query="tariff")
    wider = await ann.does("preview_query", query=found["wider"]["query"])

    assert found["wider"]["label"] == "Also: Tariffs"
    assert wider["wider"] is None
    assert wider["text"] != found["text"]


async def test_a_query_without_matches_is_reported(ann, news, clock):
    clock.turn(timedelta(days=31))
    ann.data = ann.launched()
    found = await ann.does("preview_query", query="Atlantis")

    assert found["text"] == "nothing in the last 7 days"
    assert "No matches in 30 days" in found["warning"]
    assert found["newest"] == []


async def test_an_invalid_query_shows_its_error_and_a_suggestion(ann):
    wrong = await ann.does("preview_query", query="Taiwan OR (consul")

    assert wrong["marked"] == [["Taiwan OR ", False], ["(", True], ["consul", False]]
    assert wrong["reason"].startswith("This bracket is never closed.")
    assert wrong["suggestion"] == "Taiwan OR consul"


async def test_a_changed_query_shows_the_added_and_dropped_stories(ann, news):
    topic = await ann.subscribes("taiwan")

    found = await ann.does("preview_change", topic=topic, query='"all 1" OR "all 2" OR Atlantis')

    assert (found["after"], found["before"]) == ("New: 2 a week", "Old: 7 a week")
    (going,) = found["moving"]
    assert (going["text"], going["more"]) == ("5 stories dropped:", "… and 2 more")
    assert going["newest"][0]["title"] == [["Taiwan & all, 0", False]]
    same = await ann.does("preview_change", topic=topic, query="title:taiwan")
    assert (same["same"], same["moving"]) == ("Both find the same stories.", [])


async def test_an_invalid_change_shows_its_error(ann):
    topic = await ann.subscribes("Taiwan")

    assert (await ann.does("preview_change", topic=topic, query="Taiwan OR (consul"))["marked"]


async def test_a_topic_shows_what_it_found_lately(ann, news):
    topic = await ann.subscribes("taiwan")

    found = await ann.does("preview_topic", topic=topic)

    assert found["text"].startswith("7 stories")
    assert len(found["newest"]) == 5


async def test_previews_have_a_limit_apart_from_actions(ann):
    answers = [await ann.asks("preview_query", query="Taiwan") for _ in range(41)]

    assert [answer.status for answer in answers] == [200] * 40 + [429]
    assert (await ann.asks("state")).status == 200
