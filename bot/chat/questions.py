"""Questions that are answered by typing, and how an answer is recognised.

1. The Cancel button under a question says what was asked, so a reply to it is always its answer.
2. In a private chat the next text that is typed is the answer too, for an hour: the chat's row
   holds the question. A command or a button ends that wait.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from aiogram import BaseMiddleware
from aiogram.enums import MessageEntityType
from aiogram.exceptions import AiogramError
from aiogram.filters import Filter
from aiogram.types import Message

from bot.chat import callbacks as press
from bot.chat.callbacks import CancelQuestion, Question
from bot.chat.managed_chats import carried_by
from storage.chats import set_question
from storage.db.engine import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.chat.context import Context
    from bot.rendering.messages import Message as Rendered
    from bot.subscribers.users import CurrentUser

log = structlog.get_logger(__name__)

TEMPLATES = {
    Question.FEEDBACK_REPLY: "chat/feedback.html#question",
    Question.BROADCAST: "chat/admin/broadcasts.html#question",
    Question.NEW_CATALOGUE_TOPIC: "chat/admin/catalogue.html#question",
    Question.CATALOGUE_NAME: "chat/admin/catalogue.html#question",
    Question.CATALOGUE_QUERY: "chat/admin/catalogue.html#question",
}
"""Where a question's words are, if not in the block of its name in `chat/questions.html`."""

ASKED_BY_BUTTON = frozenset(
    {
        Question.QUERY,
        Question.TIME,
        Question.ZONE,
        Question.QUIET,
        Question.DATE,
        Question.NUMBER,
        Question.FEEDBACK,
    }
)
"""Questions without a subject, which anybody who may change the chat may be asked."""


_NOT_SENT = 0


class Asked(NamedTuple):
    """A question that waits; *message_id* is the message that asked it, or `_NOT_SENT`."""

    message_id: int
    question: Question
    subject: int

    def __str__(self) -> str:
        return f"{self.message_id}:{self.question}:{self.subject}"


async def ask(
    context: Context, question: Question, *, subject: int = 0, is_again: bool = False, **values: Any
) -> None:
    """Ask for something to be typed; its handler is registered with `AnswerTo(question)`.

    *subject*: our row that the question is about, which the handler gets back. *is_again*: the
    answer could not be read. *values* are for the question's template.
    """
    reply = context.reply
    template = TEMPLATES.get(question, f"chat/questions.html#{question}")
    message = reply.renderer.message(
        template + ("_again" if is_again else ""), press=press, **values
    )
    text, keyboard = message.text, message.keyboard
    if not _is_private(context):
        text += "\n\n" + reply.renderer.message("chat/questions.html#reply_here").text
    keyboard += reply.renderer.keyboard(
        "chat/questions.html#cancel", press=press, question=question, subject=subject
    )
    message = replace(message, text=text, keyboard=keyboard)
    if _is_private(context):
        await _ask_and_wait(context, message, Asked(_NOT_SENT, question, subject))
    else:
        await reply.send_one(message)


async def _ask_and_wait(context: Context, message: Rendered, asked: Asked) -> None:
    """Store that the chat waits for an answer, then ask.

    A handler is run again when the database fails: what it sent before that would come twice.
    """
    await _wait(context, asked)
    try:
        sent = await context.reply.send_one(message)
    except AiogramError:
        await _end(context, asked)  # nobody saw it, so the next text answers nothing
        raise
    if sent:
        try:
            await _wait(context, asked._replace(message_id=sent), instead_of=asked)
        except (DatabaseError, OSError) as error:
            log.warning("a question cannot be taken away later", reason=str(error))


def asked_by(message: Message, user: CurrentUser) -> Asked | None:
    """Return the question that *message* answers, if it answers one."""
    text = message.text or ""
    if not text or text.startswith("/") or message.forward_origin:
        return None
    if message.reply_to_message:
        return question_in(message.reply_to_message)
    return _read(user.question)


def question_in(message: Message | None) -> Asked | None:
    """Return the question that *message* asks, if it is a question of ours."""
    if message is None or not message.from_user or not message.from_user.is_bot:
        return None
    if message.bot and message.from_user.id != message.bot.id:
        return None  # another bot's buttons may say anything
    for row in message.reply_markup.inline_keyboard if message.reply_markup else ():
        for button in row:
            place = carried_by(button.callback_data)
            data = (place[1] if place else button.callback_data) or ""
            if data.startswith(f"{CancelQuestion.__prefix__}{CancelQuestion.__separator__}"):
                pressed = CancelQuestion.unpack(data)
                return Asked(message.message_id, pressed.question, pressed.subject)
    return None


@dataclass(frozen=True, slots=True)
class AnswerTo(Filter):
    """Lets through what answers *question*; the handler gets its `subject`."""

    question: Question

    async def __call__(self, message: Message, context: Context) -> bool | dict[str, int]:
        asked = asked_by(message, context.user)
        is_it = asked is not None and asked.question is self.question
        return {"subject": asked.subject} if asked and is_it else False


class Waiting(BaseMiddleware):
    """Ends the wait for an answer: once it has come, or something else has.

    An answer that led to an error may be given once more.
    """

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        context: Context = data["context"]
        asked = _read(context.user.question)
        if asked is None or (isinstance(event, Message) and event.edit_date):
            return await handler(event, data)
        is_answer = isinstance(event, Message) and asked_by(event, context.user) is not None
        if not is_answer:
            await _end(context, asked)
        result = await handler(event, data)
        if is_answer:
            await _end(context, asked)
        return result


async def cancel(context: Context) -> bool:
    """Take back the question that waits; False if there is none."""
    asked = _read(context.user.question)
    if asked and asked.message_id != _NOT_SENT:
        await context.reply.delete(asked.message_id)
    return asked is not None


def _is_private(context: Context) -> bool:
    return context.reply.telegram_id == context.user.user_id


async def _wait(context: Context, asked: Asked, *, instead_of: Asked | None = None) -> None:
    """Wait for the answer to *asked*; only if *instead_of* still waits, where that is given."""
    former = str(instead_of) if instead_of else None
    async with context.storage.writing() as tx:
        place = context.reply.telegram_id, context.reply.thread_id
        await set_question(tx, *place, question=str(asked), instead_of=former)


async def _end(context: Context, asked: Asked) -> None:
    """End the wait for *asked*, unless something else was asked meanwhile."""
    async with context.storage.writing() as tx:
        place = context.reply.telegram_id, context.reply.thread_id
        await set_question(tx, *place, question=None, instead_of=str(asked))


def _read(question: str) -> Asked | None:
    match question.split(":"):
        case [message_id, kind, subject] if kind in set(Question):
            return Asked(int(message_id), Question(kind), int(subject))
    return None


def code_in(message: Message) -> str:
    """Return what the message shows first as code, "" for nothing."""
    text = message.text or ""
    code = (
        entity.extract_from(text)
        for entity in message.entities or ()
        if entity.type == MessageEntityType.CODE
    )
    return next(code, "")
