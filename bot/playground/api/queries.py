"""The methods that answer callback queries and inline queries."""

import re
from typing import Any, Literal

from bot.playground.api.keyboards import check_markup
from bot.playground.api.parameters import Call
from bot.playground.errors import bad_request
from bot.playground.text.formatting import message_text

MOST_RESULTS = 50
LONGEST_OFFSET = 64  # bytes
_START = re.compile(r"[A-Za-z0-9_-]{1,64}")


def answer_callback_query(call: Call) -> Literal[True]:
    query = call.world.callbacks.find_unanswered(call.params["callback_query_id"])
    query.answer = {name: call.get(name) for name in ("text", "show_alert", "url")}
    call.world.events.publish(
        "callback_answer",
        chat_id=query.chat_id,
        callback_query_id=query.id,
        text=call.get("text", ""),
        show_alert=call.get("show_alert", False),
        url=call.get("url", ""),
    )
    return True


def answer_inline_query(call: Call) -> Literal[True]:
    query = call.world.inline.find_unanswered(call.params["inline_query_id"])
    results = call.params["results"]
    if len(results) > MOST_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    if len({result["id"] for result in results}) < len(results):
        raise bad_request("RESULT_ID_DUPLICATE")
    if len(call.get("next_offset", "").encode()) > LONGEST_OFFSET:
        raise bad_request("NEXT_OFFSET_INVALID")
    if call.get("cache_time", 300) < 0:
        raise bad_request("cache_time must be non-negative")
    query.answer = {
        "results": [_result(result) for result in results],
        "button": _button(call.get("button")),
        "next_offset": call.get("next_offset", ""),
        "cache_time": call.get("cache_time", 300),
        "is_personal": call.get("is_personal", False),
    }
    call.world.events.publish("inline_answer", inline_query_id=query.id)
    return True


def _result(result: dict[str, Any]) -> dict[str, Any]:
    """Return an article result with the content of its message."""
    if result["type"] != "article":
        raise bad_request("results of other kinds than article are not in this playground")
    if not result["title"].strip():
        raise bad_request("ARTICLE_TITLE_EMPTY")
    content = result["input_message_content"]
    if "message_text" not in content:
        raise bad_request("results are text in this playground")
    message = message_text(
        content["message_text"], content.get("parse_mode", ""), content.get("entities", [])
    )
    return result | {"message": message, "reply_markup": check_markup(result.get("reply_markup"))}


def _button(button: dict[str, Any] | None) -> dict[str, Any] | None:
    if button is None:
        return None
    if not button["text"].strip() or len({"web_app", "start_parameter"} & set(button)) != 1:
        raise bad_request("a button above results has a text and leads to one thing")
    if "start_parameter" in button and not _START.fullmatch(button["start_parameter"]):
        raise bad_request("START_PARAM_INVALID")
    return button


METHODS = {"answerCallbackQuery": answer_callback_query, "answerInlineQuery": answer_inline_query}
