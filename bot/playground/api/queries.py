"""Callback queries and inline queries: asked by a user, answered by the bot, too old."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot.playground.api.errors import bad_request, query_too_old
from bot.playground.api.keyboards import check_markup
from bot.playground.text.formatting import message_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.api.server import Call


CALLBACK_LIFETIME = 60.0  # seconds in which the bot may answer
INLINE_LIFETIME = 30.0
KEPT = 10_000
MOST_RESULTS = 50
LONGEST_OFFSET = 64  # bytes
_START = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(slots=True)
class PendingQuery:
    """*chat_id* is that of the message whose button was pressed."""

    id: str
    at: float
    user_id: int
    chat_id: int | None = None
    answer: dict[str, Any] | None = None


class Queries:
    """The queries of one kind; above `KEPT` the oldest go."""

    def __init__(self, clock: Callable[[], float], lifetime: float, first_id: int) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._queries: OrderedDict[str, PendingQuery] = OrderedDict()
        self._last_id = first_id

    def ask(self, user_id: int, chat_id: int | None = None) -> PendingQuery:
        self._last_id += 1
        query = PendingQuery(str(self._last_id), self._clock(), user_id, chat_id)
        self._queries[query.id] = query
        if len(self._queries) > KEPT:
            self._queries.popitem(last=False)
        return query

    def find(self, query_id: str) -> PendingQuery | None:
        return self._queries.get(query_id)

    def waiting(self, query_id: str) -> PendingQuery:
        """Return the query to answer; raise if it is too old, unknown or answered already."""
        query = self._queries.get(query_id)
        if query is None or query.answer is not None or self._clock() - query.at > self._lifetime:
            raise query_too_old()
        return query


def answer_callback_query(call: Call) -> Literal[True]:
    query = call.world.callbacks.waiting(call.params["callback_query_id"])
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
    query = call.world.inline.waiting(call.params["inline_query_id"])
    given = call.params["results"]
    if len(given) > MOST_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    if len({result["id"] for result in given}) < len(given):
        raise bad_request("RESULT_ID_DUPLICATE")
    if len(call.get("next_offset", "").encode()) > LONGEST_OFFSET:
        raise bad_request("NEXT_OFFSET_INVALID")
    if call.get("cache_time", 300) < 0:
        raise bad_request("cache_time must be non-negative")
    query.answer = {
        "results": [_result(result) for result in given],
        "button": _button(call.get("button")),
        "next_offset": call.get("next_offset", ""),
        "cache_time": call.get("cache_time", 300),
        "is_personal": call.get("is_personal", False),
    }
    call.world.events.publish("inline_answer", inline_query_id=query.id)
    return True


def _result(result: dict[str, Any]) -> dict[str, Any]:
    """A result with what its message will say; only articles are known here."""
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
