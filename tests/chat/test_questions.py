"""Questions of the bot: answered by the next message or a reply, cancelled, or expired."""

from datetime import timedelta

import pytest
from aiogram.types import Message

from bot.chat.callbacks import CancelQuestion, Question
from bot.chat.questions import question_in
from tests.chat.conftest import BOT_NAME, labels


@pytest.fixture
async def question(ann):
    """Return the question about the time of the digest."""
    return await ann.says("/settings", "Change time", "Another time")


async def test_the_next_message_is_the_answer(ann, question):
    assert labels(question) == ["Cancel"]
    assert "every day at 07:30" in (await ann.says("7:30"))["text"]


async def test_an_unreadable_answer_is_asked_for_again(ann, question):
    again = await ann.says("early")

    assert again["text"].startswith("I can't read that as a time.")
    assert labels(again) == ["Cancel"]
    assert "every day at 08:00" in (await ann.says("8"))["text"]


async def test_a_question_takes_one_answer(ann, question):
    await ann.says("7:30")

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


@pytest.mark.parametrize("meanwhile", ["/help", "/topics"])
async def test_a_command_ends_the_question(ann, question, meanwhile):
    await ann.says(meanwhile)

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


async def test_a_button_ends_the_question(ann, question):
    await ann.says("/topics", "Settings")

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


async def test_a_question_waits_for_an_hour(ann, question, clock):
    clock.turn(timedelta(minutes=61))

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


async def test_a_reply_answers_an_old_question_with_any_text(house, ann):
    """The data of its button identifies a question, because its text may change."""
    data = CancelQuestion(question=Question.TIME).pack()
    question = await house.show_button(ann, data)

    assert "every day at 07:30" in (await ann.replies(question, "7:30"))["text"]


@pytest.mark.parametrize(("sender", "is_ours"), [(1, True), (4711, False)])
async def test_only_a_button_of_this_bot_identifies_the_question(house, sender, is_ours):
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


async def test_the_cancel_button_removes_the_question(ann, question, house):
    data = question["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    house.playground.press(ann.who, question["message_id"], data)

    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")
    shown = [one for one in ann.all() if one["message_id"] == question["message_id"]]
    assert all(one.get("deleted") for one in shown)


async def test_the_cancel_command_ends_the_question(ann, question):
    assert (await ann.says("/cancel"))["text"] == "Cancelled. Nothing has changed."
    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · ")


async def test_cancel_without_a_question_reports_that(ann):
    assert (await ann.says("/cancel"))["text"] == "There is nothing to cancel."


async def test_a_question_in_a_group_is_answered_by_a_reply(house, ann):
    group = await house.group(ann, status="administrator")

    question = await group.says("/watch", from_id=ann.who.id)
    reply = {"reply_to_message_id": question["message_id"]}
    card = await group.says("Taiwan", from_id=ann.who.id, **reply)

    assert "replying to this message" in question["text"]
    assert card["text"].startswith("Taiwan · ")


COMMANDS_THAT_ASK = pytest.mark.parametrize(
    ("command", "asked", "shown"),
    [
        ("/search", "What should I search for", "Taiwan · nothing so far"),
        ("/test", "Which query should I try?", "I read it as Taiwan"),
        ("/subscribe", "What should I look for?", "Taiwan · "),
    ],
)


@COMMANDS_THAT_ASK
async def test_a_command_tapped_in_the_menu_asks_for_its_query(ann, command, asked, shown):
    question = await ann.says(command)

    assert question["text"].startswith(asked)
    assert labels(question) == ["Cancel"]
    assert (await ann.says("Taiwan"))["text"].startswith(shown)


@COMMANDS_THAT_ASK
async def test_any_member_of_a_group_answers_by_a_reply(group, eve, command, asked, shown):
    question = await group.says(f"{command}{BOT_NAME}", from_id=eve.id)

    assert question["text"].startswith(asked)
    assert question["text"].endswith("Please answer by replying to this message.")
    answer = await group.replies(question, "Taiwan", from_id=eve.id)
    assert answer["text"].startswith(shown)


async def test_an_unreadable_query_can_be_answered_again(ann):
    await ann.says("/search")

    assert "Write more of the word" in (await ann.says("ab*"))["text"]
    assert (await ann.says("Taiwan"))["text"].startswith("Taiwan · nothing so far")
