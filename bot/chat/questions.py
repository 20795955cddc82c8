"""Questions that are answered by typing, and how an answer is known for one.

Nothing is remembered: the reply brings our message with it, and its text says what was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat.callbacks import Question
from bot.subscribers.typed import Asked

if TYPE_CHECKING:
    from aiogram.types import Message

    from bot.rendering.renderer import Renderer

ASKED = {
    Question.WORDS: "chat/ask/words.html",
    Question.TIME: "chat/ask/time.html",
    Question.ZONE: "chat/ask/zone.html",
    Question.QUIET: "chat/ask/quiet.html",
    Question.DATE: "chat/ask/date.html",
    Question.NUMBER: "chat/ask/number.html",
}
ASKED_AGAIN = {
    Asked.TIME: "chat/ask/time_again.html",
    Asked.ZONE: "chat/ask/zone_again.html",
    Asked.QUIET: "chat/ask/quiet_again.html",
    Asked.DATE: "chat/ask/date_again.html",
    Asked.NUMBER: "chat/ask/number_again.html",
}
_ANSWERS = (
    *((ASKED[Question(asked)], asked) for asked in Asked),
    *((template, asked) for asked, template in ASKED_AGAIN.items()),
)


def asked_by(message: Message | None, renderer: Renderer) -> Asked | None:
    """Return what *message*, which somebody replied to, had asked for."""
    if message is None or not message.from_user or not message.from_user.is_bot:
        return None
    return next(
        (asked for template, asked in _ANSWERS if renderer.message(template).text == message.text),
        None,
    )
