"""A chat turns the language model off, or keeps the headlines of a topic as they are."""

import pytest

from storage.chats import Chat, chat_at
from storage.subscriptions import subscriptions_of
from tests.chat.conftest import labels


@pytest.fixture
def with_model(house):
    object.__setattr__(house.resources, "has_model", True)  # as a bot with MODEL_URL has it


async def chat_of(house, talk) -> Chat:
    async with house.storage.reading() as tx:
        chat = await chat_at(tx, talk.who.id)
    assert chat
    return chat


async def test_without_a_model_nothing_speaks_of_one(ann):
    settings = await ann.says("/settings")

    assert "language model" not in settings["text"]
    assert "No translations or summaries" not in labels(settings)


@pytest.mark.usefixtures("with_model")
async def test_a_chat_turns_the_model_off_and_undoes_it(ann, house):
    settings = await ann.says("/settings")
    off = await ann.presses(settings, "No translations or summaries")

    assert not (await chat_of(house, ann)).uses_model
    assert "Digests show headlines in their own languages" in off["text"]

    await ann.presses(off, "Undo")

    assert (await chat_of(house, ann)).uses_model


@pytest.mark.usefixtures("with_model")
async def test_a_topic_keeps_its_headlines_until_the_button_is_pressed_again(ann, house):
    await ann.says("Taiwan", "Both")
    topic = await ann.presses(await ann.says("/topics"), "Taiwan")
    more = await ann.presses(topic, "More ▸", "Keep original headlines")

    async with house.storage.reading() as tx:
        (subscribed,) = await subscriptions_of(tx, (await chat_of(house, ann)).id)
    assert subscribed.subscription.keeps_original

    again = await ann.presses(more, "✓ Keep original headlines")

    assert "Keep original headlines" in labels(again)
