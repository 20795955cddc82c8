"""Sharing a topic: a card whose button lets another user subscribe to the same query."""

import pytest
from sqlmodel import col, select

from storage.topics import Topic
from tests.chat.conftest import labels

LONG = " OR ".join(f"word{number}" for number in range(20))


def link_on(card) -> str:
    """Return the start parameter of the link on a shared card."""
    (button,) = [b for row in card["reply_markup"]["inline_keyboard"] for b in row]
    assert button["url"] in card["text"]
    return str(button["url"]).partition("?start=")[2]


async def shared(talk, words: str):
    """Subscribe to *words*, open the topic and press Share."""
    await talk.says(words, "Both")
    topics = await talk.says("/topics")
    return await talk.presses(topics, labels(topics)[0], "More ▸", "Share")


async def test_a_card_shows_the_query_and_the_newest_stories(ann, news):
    for number in range(3):
        await news(f"Taiwan talks {number}", "Words.", f"https://news.example.org/{number}")

    card = await shared(ann, "Taiwan")

    assert card["text"].startswith("Taiwan\n3 stories in the last 7 days")
    assert card["text"].count("Sample Times") == 2
    assert labels(card) == ["Subscribe too"]


@pytest.mark.parametrize(
    "words", ["Taiwan export", '"consul-general" OR 総領事', LONG], ids=["short", "any", "long"]
)
async def test_another_user_subscribes_in_two_taps(ann, house, words):
    start = link_on(await shared(ann, words))
    ben = house.talk("Ben")

    card = await ben.says(f"/start {start}")
    answer = await ben.presses(card, "Alert me")

    assert len(start) <= 64
    assert card["text"].startswith(words)
    assert answer["text"].startswith("Subscribed to")


async def test_a_catalogue_topic_is_shared_by_its_name(ann):
    await ann.says("/start", "Central banks", "Both")
    topics = await ann.says("/topics")
    assert (
        link_on(await ann.presses(topics, labels(topics)[0], "More ▸", "Share"))
        == "topic_central-banks"
    )


@pytest.mark.parametrize(
    ("start", "said"),
    [
        pytest.param("topic_nowhere", "no longer there", id="a name of none"),
        pytest.param("whatever", "Hello, Ann.", id="nothing of ours"),
        pytest.param("s_guessed", "no longer there", id="a token that was guessed"),
        pytest.param("topic_999999", "no longer there", id="a number of none"),
        pytest.param("topic_99999999999999999999", "no longer there", id="a number of no row"),
        pytest.param("q_KFRhaXdhbg", "I can't read this", id="words that are no query"),
        pytest.param("q_____", "Hello", id="nothing that can be read"),
    ],
)
async def test_forged_links_are_answered(ann, start, said):
    assert said in (await ann.says(f"/start {start}"))["text"]


async def test_the_number_of_a_private_topic_opens_nothing(ann, house):
    await ann.says("Taiwan", "Both")
    async with house.storage.reading() as tx:
        own = (await tx.session.exec(select(Topic.id).where(col(Topic.chat_id) > 0))).one()

    assert "no longer there" in (await house.talk("Ben").says(f"/start topic_{own}"))["text"]


async def test_the_topics_with_most_subscribers_are_offered_first(ann, house):
    for name in ("Ben", "Cat"):
        friend = house.talk(name)
        card = await friend.says("/start topic_semiconductors")
        await friend.presses(card, "Both")

    assert labels(await ann.says("/start"))[0] == "Semiconductors"
