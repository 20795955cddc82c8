"""Answering pressed buttons, in time."""

from __future__ import annotations

import pytest

from bot.playground.api.queries import CALLBACK_LIFETIME


@pytest.fixture
async def query_id(call, pg, ann):
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    sent = await call("sendMessage", chat_id=ann.id, text="x", reply_markup=markup)
    return pg.press(ann, sent["result"]["message_id"], "go")


async def test_the_answer_reaches_the_screen(call, pg, query_id):
    await call("answerCallbackQuery", callback_query_id=query_id, text="Done", show_alert=True)

    assert (await pg.wait_for_answer(query_id))["text"] == "Done"


@pytest.mark.parametrize("late", [True, False])
async def test_a_query_that_is_too_old_or_unknown_is_refused(call, wall, query_id, late):
    wall.turn(CALLBACK_LIFETIME + 1)
    asked = query_id if late else "5"

    answer = await call("answerCallbackQuery", callback_query_id=asked)

    assert answer["description"] == (
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    )
