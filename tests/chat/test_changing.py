"""The page of one topic: muted, paused, given other words or another name."""

import pytest
from sqlmodel import select

from storage.subscriptions import Subscription
from tests.chat.conftest import buttons, labels


@pytest.fixture
async def topic(ann):
    """The page of what Ann watches."""
    await ann.presses(await ann.says("taiwan"), "Both")
    return await ann.presses(await ann.says("/topics"), "Taiwan")


@pytest.fixture
def replies(ann):
    async def reply(text: str, question):
        return await ann.says(text, reply_to_message_id=question["message_id"])

    return reply


async def test_its_buttons_stand_in_one_order(topic):
    assert labels(topic) == [
        *("Alerts", "Digest", "✓ Both"),
        *("Change words", "Rename"),
        *("Mute", "Pause"),
        *("Trend", "Where from"),
        *("Share", "Delete"),
        "‹ Topics",
    ]


@pytest.mark.parametrize(
    ("length", "said"),
    [
        pytest.param("a day", "Muted until 3 Mar 21:00.", id="a day"),
        pytest.param("a week", "Muted until ", id="a week"),
        pytest.param("Until I lift it", "Muted until you lift it.", id="until it is lifted"),
    ],
)
async def test_a_topic_is_muted_and_heard_again(ann, topic, length, said):
    muting = await ann.presses(topic, "Mute")
    muted = await ann.presses(muting, length)
    listed = await ann.says("/mutes")
    heard = await ann.presses(muted, "Unmute")

    assert said in muted["text"]
    assert "Taiwan, until" in listed["text"]
    assert "Muted" not in heard["text"]
    assert muting["message_id"] == muted["message_id"] == heard["message_id"]


async def test_muting_can_be_thought_better_of(ann, topic):
    back = await ann.presses(await ann.presses(topic, "Mute"), "‹ Back")

    assert (back["text"], labels(back)) == (topic["text"], labels(topic))


async def test_one_topic_is_paused_and_resumed(ann, topic, one_storage):
    paused = await ann.presses(topic, "Pause")
    async with one_storage.reading() as tx:
        (subscription,) = await tx.session.exec(select(Subscription))
    digest = await ann.says("/digest")
    resumed = await ann.presses(paused, "Resume")

    assert "Paused: nothing comes of it" in paused["text"]
    assert subscription.paused
    assert digest["text"].startswith("No topic of yours is in a digest yet.")
    assert resumed["text"] == topic["text"]


async def test_other_words_are_compared_with_the_old_before_they_are_used(
    ann, topic, replies, news
):
    await news("Taiwan votes", "A quiet day.", "https://news.example.org/1")
    await news("Formosa votes", "A quiet day.", "https://news.example.org/2")
    question = await ann.presses(topic, "Change words")

    compared = await replies("formosa", question)
    used = await ann.presses(compared, "Use it")

    assert labels(question) == ["Cancel"]
    assert question["text"].endswith("The words now:\ntaiwan")
    assert compared["text"] == (
        "New: formosa · 1 a week\nOld: taiwan · 1 a week\n\n"
        "1 story comes new:\n• Formosa votes\n\n1 story goes:\n• Taiwan votes"
    )
    assert used["text"].startswith("Formosa · alerts and daily digest\n1 story")
    assert (await ann.says("/topics"))["text"].startswith("You watch 1 topic\n\n1. Formosa")


async def test_the_old_words_can_be_kept(ann, topic, replies):
    question = await ann.presses(topic, "Change words")

    compared = await replies("formosa", question)
    kept = await ann.presses(compared, "Keep the old one")

    assert kept["text"] == topic["text"]


async def test_words_that_cannot_be_read_are_pointed_at(ann, topic, replies):
    question = await ann.presses(topic, "Change words")

    assert "is never closed" in (await replies("(formosa", question))["text"]


async def test_words_that_another_topic_has_are_refused(ann, topic, replies):
    await ann.presses(await ann.says("formosa"), "Both")
    question = await ann.presses(topic, "Change words")
    compared = await replies("Formosa", question)

    told = await ann.presses_quietly(compared, "Use it")

    assert told == "You watch that already, as Formosa. Nothing has changed."


async def test_a_topic_of_the_catalogue_becomes_ones_own_with_other_words(ann, replies):
    await ann.presses(await ann.presses(await ann.says("/start"), "Semiconductors"), "Alert me")
    topic = await ann.presses(await ann.says("/topics"), "Semiconductors")
    question = await ann.presses(topic, "Change words")

    used = await ann.presses(await replies("chips AND wafers", question), "Use it")
    catalogue = await ann.presses(await ann.says("/topics"), "Catalogue")

    assert "Rename" not in labels(topic)
    assert used["text"].startswith("Semiconductors · alerts\nchips AND wafers\n")
    assert "Rename" in labels(used)
    assert "Semiconductors" in labels(catalogue)


async def test_a_name_is_one_line_and_the_words_stay(ann, topic, replies):
    question = await ann.presses(topic, "Rename")

    renamed = await replies("The\nisland", question)

    assert renamed["text"].startswith("The island · alerts and daily digest\ntaiwan\n")


async def test_a_name_of_nothing_is_refused(ann, topic, replies):
    question = await ann.presses(topic, "Rename")

    assert (await replies("\u200b", question))["text"].startswith("A name needs a letter")


async def test_a_question_about_a_topic_that_is_gone_says_so(ann, topic, replies):
    question = await ann.presses(topic, "Rename")
    await ann.presses(topic, "Delete")

    told = await replies("The island", question)

    assert told["text"].startswith("This topic is no longer there.")


async def test_an_old_question_still_asks_about_its_topic(ann, topic, replies):
    question = await ann.presses(topic, "Change words")
    await ann.presses(await replies("formosa", question), "Use it")

    told = await replies("something else", question)

    assert told["text"].startswith("New: something else · 0 a week\nOld: formosa")


@pytest.mark.parametrize(
    "data",
    [
        *("hush:{}:1", "muting:{}", "mute:{}:7", "unmutetopic:{}", "unstop:{}"),
        *("change:{}:words", "change:{}:name", "use:{}"),
    ],
)
async def test_another_chats_topic_cannot_be_changed(house, ann, topic, data):
    from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

    (opened,) = (d for text, d in buttons(await ann.says("/topics")) if text == "Taiwan")
    bob = house.talk("Bob")
    await bob.says("/start")
    made = InlineKeyboardButton(text="x", callback_data=data.format(opened.partition(":")[2]))
    markup = InlineKeyboardMarkup(inline_keyboard=[[made]])
    entities = [{"type": "code", "offset": 0, "length": 5}]
    await house.bot.send_message(bob.who.id, "words", reply_markup=markup, entities=entities)

    told = await bob.presses_quietly(await bob.next(), "x")

    assert told.startswith(("This topic is no longer there.", "That was more than ten"))
