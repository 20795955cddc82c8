"""Inline queries and callback queries, and the bot's answers to them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.playground.errors import ApiError
from bot.playground.state.chats import User
from bot.playground.state.world import CALLBACK_LIFETIME
from tests.local_playground import LocalPlayground
from tests.playground.conftest import Call

CONTENT = {"message_text": "News"}


def article(number: object = 1, **facts: Any) -> dict[str, Any]:
    result = {
        "type": "article",
        "id": str(number),
        "title": "A title",
        "input_message_content": CONTENT,
    }
    return result | facts


async def answer_query(
    pg: LocalPlayground, call: Call, ann: User, results: Sequence[Any] = (), **facts: Any
) -> tuple[str, dict[str, Any]]:
    query = pg.inline(ann, "news")
    return query, await call(
        "answerInlineQuery", inline_query_id=query, results=list(results), **facts
    )


async def test_an_inline_query_reaches_the_bot(pg, call, ann):
    await call("getUpdates", allowed_updates=["inline_query"])
    query = pg.inline(ann, "news", "10")

    (update,) = (await call("getUpdates"))["result"]

    assert update["inline_query"] == {
        "id": query,
        "from": ann.to_api(),
        "query": "news",
        "offset": "10",
    }


async def test_an_answer_is_kept_and_a_result_is_sent_into_any_chat(pg, call, ann):
    group = pg.chat("supergroup", "Friends", [ann])
    results = [article(7)]
    query, body = await answer_query(pg, call, ann, results, cache_time=5, next_offset="1")

    pg.choose(group, query, "7", from_id=ann.id)

    assert body == {"ok": True, "result": True}
    answer = await pg.wait_for_inline_answer(query)
    assert (answer["cache_time"], answer["is_personal"], answer["next_offset"]) == (5, False, "1")
    message = pg.messages(group)[-1]
    assert (message["text"], message["from"]["id"]) == ("News", ann.id)
    assert message["via_bot"]["username"] == "dateline_playground_bot"


@pytest.mark.parametrize(
    ("results", "facts", "error"),
    [
        pytest.param([article(n) for n in range(51)], {}, "RESULTS_TOO_MUCH", id="more than 50"),
        pytest.param([article(), article()], {}, "RESULT_ID_DUPLICATE", id="an id twice"),
        pytest.param([article("é" * 33)], {}, "bytes", id="an id of 66 bytes"),
        pytest.param([article(title=" ")], {}, "ARTICLE_TITLE_EMPTY", id="no title"),
        pytest.param([], {"cache_time": -1}, "cache_time", id="a negative time"),
        pytest.param([], {"next_offset": "x" * 65}, "NEXT_OFFSET_INVALID", id="a long offset"),
        pytest.param(
            [],
            {"button": {"text": "Start", "start_parameter": "a b"}},
            "START_PARAM_INVALID",
            id="a start parameter with a space",
        ),
        pytest.param([], {"button": {"text": "Start"}}, "leads to one thing", id="a dead button"),
    ],
)
async def test_an_invalid_inline_answer_is_rejected(pg, call, ann, results, facts, error):
    _, body = await answer_query(pg, call, ann, results, **facts)

    assert not body["ok"]
    assert error in body["description"]


async def test_an_old_unknown_or_answered_inline_query_is_rejected(pg, call, ann, clock):
    query, _ = await answer_query(pg, call, ann)
    again = await call("answerInlineQuery", inline_query_id=query, results=[])
    old = pg.inline(ann, "news")
    clock.turn(timedelta(seconds=31))
    late = await call("answerInlineQuery", inline_query_id=old, results=[])
    unknown = await call("answerInlineQuery", inline_query_id="1", results=[])

    for body in (again, late, unknown):
        assert body["description"].startswith("Bad Request: query is too old and response timeout")


async def test_a_user_cannot_choose_a_result_of_another_user(pg, call, ann):
    bob = pg.user("Bob")
    query, _ = await answer_query(pg, call, ann, [article()])

    with pytest.raises(ApiError):
        pg.choose(bob, query, "1")


@pytest.fixture
async def query_id(call, pg, ann):
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    sent = await call("sendMessage", chat_id=ann.id, text="x", reply_markup=markup)
    return pg.press(ann, sent["result"]["message_id"], "go")


async def test_an_answered_callback_query_reaches_the_user(call, pg, query_id):
    await call("answerCallbackQuery", callback_query_id=query_id, text="Done", show_alert=True)

    assert (await pg.wait_for_answer(query_id))["text"] == "Done"


@pytest.mark.parametrize("late", [True, False])
async def test_an_old_or_unknown_callback_query_is_rejected(call, clock, query_id, late):
    clock.turn(timedelta(seconds=CALLBACK_LIFETIME + 1))

    body = await call("answerCallbackQuery", callback_query_id=query_id if late else "5")

    assert body["description"] == (
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    )
