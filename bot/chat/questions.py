"""Questions that are answered by typing, and how an answer is known for one.

Nothing is remembered: the reply brings our message with it, and its text says what was asked, in
the language of the chat or in one that it was spoken to before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from aiogram.enums import MessageEntityType
from aiogram.filters import Filter

from bot.chat.callbacks import Question
from bot.subscribers.typed import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiogram.types import Message

    from bot.chat.reply import Reply
    from bot.rendering.renderer import Renderer

ASKED = {
    Question.WORDS: "chat/questions.html#query",
    Question.TIME: "chat/questions.html#time",
    Question.ZONE: "chat/questions.html#zone",
    Question.QUIET: "chat/questions.html#quiet",
    Question.DATE: "chat/questions.html#date",
    Question.NUMBER: "chat/questions.html#number",
}
ASKED_AGAIN = {
    Asked.TIME: "chat/questions.html#time_again",
    Asked.ZONE: "chat/questions.html#zone_again",
    Asked.QUIET: "chat/questions.html#quiet_again",
    Asked.DATE: "chat/questions.html#date_again",
    Asked.NUMBER: "chat/questions.html#number_again",
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
    return any(is_said(template, message, renderer) for template in templates)


def asked_by(message: Message | None, renderer: Renderer) -> Asked | None:
    """Return what *message*, which somebody replied to, had asked for."""
    if message is None or not is_ours(message):
        return None
    return next(
        (asked for template, asked in _ANSWERS if is_said(template, message, renderer)),
        None,
    )


@dataclass(frozen=True, slots=True)
class AnswerTo(Filter):
    """Lets through what reply the question that *template* asks of something it shows as code.

    The handler gets that as `shown`.
    """

    template: str

    async def __call__(self, message: Message, reply: Reply) -> bool | dict[str, str]:
        question = message.reply_to_message
        if not message.text or not question or not is_ours(question):
            return False
        shown = code_in(question)
        asked = shown and is_said(self.template, question, reply.renderer, shown=shown)
        return {"shown": shown} if asked else False


def is_said(template: str, message: Message, renderer: Renderer, shown: str = "") -> bool:
    """Whether *message* is what the template says, in whichever language."""
    return any(_text(template, one, shown) == message.text for one in _voices(renderer))


def _voices(renderer: Renderer) -> Iterator[Renderer]:
    yield renderer
    for language in renderer.offered:
        if language != renderer.language:
            yield renderer.of(language.code)


@lru_cache(maxsize=512)  # the plain ones of all languages, each time that somebody replies
def _text(template: str, renderer: Renderer, shown: str) -> str:
    return renderer.message(template, shown=shown).text


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
