"""Questions and their answers: typed next, as a reply, cancelled, too late."""

from datetime import timedelta

import pytest
from aiogram.types import Message

from bot.chat.callbacks import CancelQuestion, Question
from bot.chat.questions import question_in
from tests.chat.conftest import labels


@pytest.fixture
async def question(ann):
    """Return the question for a time of the digest."""
    return await ann.says("/settings", "Change time", "Another time")


async def test_what_is_typed_next_is_the_answer(ann, question):
    assert labels(question) == ["Cancel"]
    assert "every day at 07:30" in (await ann.says("7:30"))["text"]


async def test_an_answer_that_cannot_be_read_is_asked_for_again_until_it_can(ann, question):
    again = await ann.says("early")

    assert again["text"].startswith("I can't read that as a time.")
    assert labels(again) == ["Cancel"]
    assert "every day at 08:00" in (await ann.says("8"))["text"]


async def test_an_answer_is_taken_once(ann, question):
    await ann.says("7:30")

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


@pytest.mark.parametrize("meanwhile", ["/help", "/topics"])
async def test_a_command_ends_the_wait(ann, question, meanwhile):
    await ann.says(meanwhile)

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


async def test_a_button_ends_the_wait(ann, question):
    await ann.says("/topics", "Settings")

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


async def test_a_question_waits_for_an_hour(ann, question, clock):
    clock.turn(timedelta(minutes=61))

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


async def test_a_reply_is_an_answer_for_ever_whatever_the_question_says(house, ann):
    """The words of a template may change; what the button carries says what was asked."""
    data = CancelQuestion(question=Question.TIME).pack()
    question = await house.show_button(ann, data)

    assert "every day at 07:30" in (await ann.replies(question, "7:30"))["text"]


@pytest.mark.parametrize(("sender", "is_ours"), [(1, True), (4711, False)])
async def test_only_a_button_of_this_bot_says_what_was_asked(house, sender, is_ours):
    data = CancelQuestion(question=Question.TIME).pack()
    sent = {
        "message_id": 5,
        "date": 0,
        "chat": {"id": -100, "type": "supergroup", "title": "Newsroom"},
        "from": {"id": sender, "is_bot": True, "first_name": "A bot"},
        "text": "At what time?",
        "reply_markup": {"inline_keyboard": [[{"text": "Cancel", "callback_data": data}]]},
    }
    message = Message.model_validate(sent, context={"bot": house.bot})

    assert (question_in(message) is not None) == is_ours


async def test_the_button_cancels_and_takes_the_question_away(ann, question, house):
    data = question["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    house.playground.press(ann.who, question["message_id"], data)

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")
    shown = [one for one in ann.all() if one["message_id"] == question["message_id"]]
    assert all(one.get("deleted") for one in shown)


async def test_cancel_is_a_command(ann, question):
    assert (await ann.says("/cancel"))["text"] == "Cancelled. Nothing has changed."
    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


async def test_where_nothing_was_asked_there_is_nothing_to_cancel(ann):
    assert (await ann.says("/cancel"))["text"] == "There is nothing to cancel."


async def test_in_a_group_a_question_is_answered_by_a_reply(house, ann):
    group = await house.group(ann, status="administrator")

    question = await group.says("/watch", from_id=ann.who.id)
    reply = {"reply_to_message_id": question["message_id"]}
    card = await group.says("Taiwan", from_id=ann.who.id, **reply)

    assert "replying to this message" in question["text"]
    assert card["text"].startswith("Taiwan · ")
