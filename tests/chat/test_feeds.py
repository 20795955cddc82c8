import pytest

from bot.rendering.links import Links, Signer
from tests.chat.conftest import labels


def links(message) -> list[str]:
    return [entity["url"] for entity in message["entities"] if entity["type"] == "text_link"]


@pytest.fixture
async def feeds(ann):
    await ann.says("Taiwan", "Both")
    return await ann.says("/feeds")


async def test_the_addresses_of_digests_and_topics_are_shown(feeds):
    assert "Every digest: Atom · JSON" in feeds["text"]
    assert "Taiwan: Atom · JSON" in feeds["text"]
    assert [link.rsplit(".", 1)[1] for link in links(feeds)] == ["atom", "json"] * 2
    assert all(link.startswith("https://bot.example/f/") for link in links(feeds))


async def test_the_addresses_stay_the_same(ann, feeds):
    assert links(await ann.says("/feeds")) == links(feeds)


async def test_new_addresses_replace_all_former_ones(ann, feeds):
    renewed = await ann.presses(feeds, "New addresses", "New addresses")

    assert "These addresses are new" in renewed["text"]
    assert renewed["message_id"] == feeds["message_id"]
    assert not set(links(renewed)) & set(links(feeds))


async def test_feeds_are_turned_off_and_on_under_new_addresses(ann, feeds):
    closed = await ann.presses(feeds, "Turn off", "Turn off")
    opened = await ann.presses(closed, "Turn on")

    assert "Your feeds are off" in closed["text"]
    assert labels(closed) == ["Turn on, with new addresses"]
    assert not set(links(opened)) & set(links(feeds))


async def test_feeds_that_were_turned_off_stay_off(ann, feeds):
    await ann.presses(feeds, "Turn off", "Turn off")

    assert "Your feeds are off" in (await ann.says("/feeds"))["text"]


async def test_many_topics_are_shown_page_by_page(ann):
    for number in range(9):
        await ann.says(f"word{number}", "Both")

    first = await ann.says("/feeds")
    second = await ann.presses(first, "2 ›")

    assert first["text"].startswith("Your feeds · page 1 of 2")
    assert "Word8: Atom" in second["text"]
    assert "Every digest" not in second["text"]


async def test_feeds_need_a_public_address(ann, house):
    object.__setattr__(house.resources, "links", Links(None, Signer(bytes(32))))

    assert "There are no feeds" in (await ann.says("/feeds"))["text"]


@pytest.mark.parametrize("label", ["New addresses", "Turn off"])
async def test_addresses_stay_until_the_question_is_answered(ann, label):
    feeds = await ann.says("/feeds")
    question = await ann.presses(feeds, label)
    kept = await ann.presses(question, "‹ Back")

    assert labels(question) == [label, "‹ Back"]
    assert (kept["text"], kept["entities"]) == (feeds["text"], feeds["entities"])
