"""Answers to pressed buttons."""

from typing import Literal

from bot.playground.answers import query_too_old
from bot.playground.call import Call


def answer_callback_query(call: Call) -> Literal[True]:
    pressed = call.world.callbacks.find(call.params["callback_query_id"])
    if pressed.answer is not None:
        raise query_too_old()  # it is answered once
    pressed.answer = {name: call.get(name) for name in ("text", "show_alert", "url")}
    call.world.events.publish(
        "callback_answer",
        chat_id=pressed.chat_id,
        callback_query_id=pressed.id,
        text=call.get("text", ""),
        show_alert=call.get("show_alert", False),
        url=call.get("url", ""),
    )
    return True


METHODS = {"answerCallbackQuery": answer_callback_query}
