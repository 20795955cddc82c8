"""Questions that are answered by typing, and how an answer is known for one.

Nothing is remembered: the reply brings our message with it, and its text says what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiogram.enums import MessageEntityType
from aiogram.filters import Filter

from bot.chat.callbacks import Question
from bot.subscribers.typed import Asked

if TYPE_CHECKING:
    from aiogram.types import Message

    from bot.chat.answers import Answers
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


def asks(message: Message | None, renderer: Renderer) -> bool:
    """Whether *message*, which somebody replied to, is one of these questions."""
    if message is None or not is_ours(message):
        return False
    templates = (*ASKED.values(), *ASKED_AGAIN.values())
    return any(renderer.message(template).text == message.text for template in templates)


def asked_by(message: Message | None, renderer: Renderer) -> Asked | None:
    """Return what *message*, which somebody replied to, had asked for."""
    if message is None or not is_ours(message):
        return None
    return next(
        (asked for template, asked in _ANSWERS if renderer.message(template).text == message.text),
        None,
    )


@dataclass(frozen=True, slots=True)
class AnswerTo(Filter):
    """Lets through what answers the question that *template* asks of something it shows as code.

    The handler gets that as `shown`.
    """

    template: str

    async def __call__(self, message: Message, answers: Answers) -> bool | dict[str, str]:
        question = message.reply_to_message
        if not message.text or not question or not is_ours(question):
            return False
        shown = code_in(question)
        asked = answers.renderer.message(self.template, shown=shown).text
        return {"shown": shown} if shown and asked == question.text else False


def is_ours(message: Message) -> bool:
    return message.from_user is not None and message.from_user.is_bot


def code_in(message: Message) -> str:
    """Return what the message shows first as code, "" for nothing."""
    text = message.text or ""
    code = (
        entity.extract_from(text)
        for entity in message.entities or ()
        if entity.type == MessageEntityType.CODE
    )
    return next(code, "")
