"""/trend and the publishers of a topic."""

from datetime import timedelta

import pytest

from bot.publishing.pictures import WIDTH
from storage.mutes import Mute
from tests.chat.conftest import labels


@pytest.fixture
async def told(ann, news, clock):
    """Store two weeks of news, then subscribe Ann to their topic."""
    for number in range(1, 9):
        await news(f"Taiwan, part {number}", f"{number}", f"https://news.example.org/{number}")
        clock.turn(timedelta(days=2))
    await ann.says("taiwan", "Both")


async def test_a_trend_is_a_picture_with_a_caption(ann, told):
    seen = await ann.says("/trend Taiwan")

    assert seen["photo"][0]["width"] == WIDTH
    assert seen["caption"].startswith("Taiwan · ")
    assert "8 stories in four weeks. Week by week: 0, 2, 3, 3." in seen["caption"]
    assert "The most on one day: 1, on " in seen["caption"]


async def test_trend_without_a_topic_asks_for_one(ann, told):
    asked = await ann.says("/trend")

    seen = await ann.presses(asked, "Taiwan")

    assert asked["text"] == "Which topic?"
    assert seen["caption"].startswith("Taiwan · ")


async def test_trend_without_subscriptions_explains_itself(ann):
    assert "/trend Taiwan" in (await ann.says("/trend"))["text"]


async def test_a_topic_is_found_by_its_name(ann):
    seen = await ann.says("/trend semiconductors")

    assert seen["text"].startswith("semiconductors · ")
    assert seen["text"].endswith("No story in four weeks.")


async def test_the_page_of_a_topic_leads_to_its_trend(ann, told):
    assert "photo" in await ann.says("/topics", "Taiwan", "More ▸", "Trend")


async def test_sources_lists_the_publishers_of_a_topic(ann, told):
    topic = await ann.says("/topics", "Taiwan")

    seen = await ann.presses(topic, "More ▸", "Sources")
    back = await ann.presses(seen, "‹ Back")

    assert seen["text"].startswith(
        "Taiwan · 8 stories in the last 30 days\n\nStories per publisher. "
    )
    assert "1. Sample Times · 8" in seen["text"]
    assert labels(seen) == ["1", "‹ Back"]
    assert back["message_id"] == seen["message_id"] == topic["message_id"]


@pytest.mark.parametrize(
    ("label", "said"),
    [
        pytest.param("Less from it", "In digests only", id="less"),
        pytest.param("Mute for a day", "Muted until ", id="a day"),
        pytest.param("For a week", "Muted until ", id="a week"),
    ],
)
async def test_one_publisher_is_muted_and_unmuted(ann, told, label, said, one_storage):
    publisher = await ann.says("/topics", "Taiwan", "More ▸", "Sources", "1")

    muted = await ann.presses(publisher, label)
    listed = await ann.says("/mutes")
    unmuted = await ann.presses(muted, "Get everything")

    assert publisher["text"] == "Sample Times\nYou get everything from it."
    assert said in muted["text"]
    assert "Sample Times" in listed["text"]
    assert unmuted["text"] == publisher["text"]
    async with one_storage.reading() as tx:
        assert await tx.session.get(Mute, 1) is None


@pytest.mark.parametrize(
    "data", ["from:424242", "trend:424242", "publisher:1:9:9", "mutepub:1:9:9:0:week"]
)
async def test_a_missing_topic_is_reported(house, ann, data):
    await ann.says("/start")

    assert "no longer" in await ann.presses_quietly(await house.show_button(ann, data), "By hand")
