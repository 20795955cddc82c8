"""Questions that are answered by typing, and how an answer is recognised.

1. The Cancel button under a question holds its kind, its subject and the managed chat that it is
   about, so that a reply to the message is always its answer.
2. In a private chat, the next text typed within an hour is the answer too. The chat's row holds the
   question until then. A command or a press ends that wait.
3. A page that asks with buttons may `expect` a typed answer, too. Any other text is handled as
   usual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
from aiogram.exceptions import AiogramError
from aiogram.filters import Filter

from bot.chat import callbacks as press
from bot.chat.callbacks import CancelQuestion, Question
from bot.chat.commands import COMMAND_NAMES
from bot.chat.managed_chats import buttons_on
from storage.chats import set_question
from storage.db.problems import DatabaseError

if TYPE_CHECKING:
    from aiogram.types import Message

    from bot.chat.context import Context
    from bot.rendering.messages import Message as Rendered
    from bot.subscribers.users import CurrentUser

log = structlog.get_logger(__name__)

_COMMAND: Final = re.compile(r"/(\w{1,32})(?:@\w+)?(?:\s|\Z)", re.ASCII)
_FOR_SECRETS: Final = frozenset(
    {
        Question.SOURCE_LOGIN,
        Question.SOURCE_TOKEN,
        Question.SOURCE_COOKIE,
        Question.SOURCE_HEADER,
        Question.SOURCE_PROXY,
    }
)

TEMPLATES = {
    Question.FEEDBACK_REPLY: "chat/feedback.html#question",
    Question.BROADCAST: "chat/admin/broadcasts.html#question",
    Question.NEW_CATALOGUE_TOPIC: "chat/admin/catalogue.html#question",
    Question.CATALOGUE_NAME: "chat/admin/catalogue.html#question",
    Question.CATALOGUE_QUERY: "chat/admin/catalogue.html#question",
    Question.SOURCE_LOGIN: "chat/admin/source_access.html#question",
    Question.SOURCE_TOKEN: "chat/admin/source_access.html#question",
    Question.SOURCE_COOKIE: "chat/admin/source_access.html#question",
    Question.SOURCE_HEADER: "chat/admin/source_access.html#question",
    Question.SOURCE_USER_AGENT: "chat/admin/source_access.html#question",
    Question.SOURCE_PROXY: "chat/admin/source_access.html#question",
}
"""The templates of the questions without a block of their own in `chat/questions.html`."""

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
"""Questions without a subject, which a button may ask."""

_NOT_SENT = 0


class AskedQuestion(NamedTuple):
    """A question that waits; *message_id* is that of its message, or `_NOT_SENT`.

    *chat_id*: our row of the group or channel that it is about; 0 for the user's own chat.
    """

    message_id: int
    question: Question
    subject: int
    chat_id: int = 0

    @property
    def may_be_ignored(self) -> bool:
        """Whether the question has no message of its own, so that other texts are no answers."""
        return self.message_id == _NOT_SENT

    def __str__(self) -> str:
        return f"{self.message_id}:{self.question}:{self.subject}:{self.chat_id}"


async def ask(
    context: Context, question: Question, *, subject: int = 0, is_again: bool = False, **values: Any
) -> None:
    """Ask the user to type something; the handler with `AnswerTo(question)` gets the answer.

    *subject*: the id of our row that the question is about, which that handler gets too.
    *is_again*: the previous answer could not be read. *values* are for the question's template.
    """
    reply = context.reply
    template = TEMPLATES.get(question, f"chat/questions.html#{question}")
    message = reply.renderer.message(
        template + ("_again" if is_again else ""), press=press, **values
    )
    text, keyboard = message.text, message.keyboard
    if not context.is_private:
        text += "\n\n" + reply.renderer.message("chat/questions.html#reply_here").text
    keyboard += reply.renderer.keyboard(
        "chat/questions.html#cancel", press=press, question=question, subject=subject
    )
    message = replace(message, text=text, keyboard=keyboard)
    if context.is_private:
        chat_id = context.chat_id if reply.frame else 0
        await _ask_and_wait(context, message, AskedQuestion(_NOT_SENT, question, subject, chat_id))
    else:
        await reply.send_one(message)


async def expect(context: Context, question: Question) -> None:
    """Take the next text as the answer to *question*, if it can be one."""
    if context.is_private:
        await _wait(context, AskedQuestion(_NOT_SENT, question, 0))


async def _ask_and_wait(context: Context, message: Rendered, asked: AskedQuestion) -> None:
    """Store the question, then send it.

    A handler runs again if the database fails. If it sent first, it would send twice.
    """
    await _wait(context, asked)
    try:
        sent = await context.reply.send_one(message)
    except AiogramError:
        await end_wait(context, asked)  # nobody saw the question, so the next text is no answer
        raise
    if sent:
        try:
            await _wait(context, asked._replace(message_id=sent), instead_of=asked)
        except (DatabaseError, OSError) as error:
            log.warning("the message of a question was not recorded", reason=str(error))


def asked_by(message: Message, user: CurrentUser) -> AskedQuestion | None:
    """Return the question that *message* answers, if it answers one."""
    text = message.text or ""
    if not text or message.forward_origin:
        return None
    in_reply_to = message.reply_to_message
    asked = question_in(in_reply_to) if in_reply_to else waiting_question(user)
    return None if asked is None or _is_command(text, asked.question) else asked


def _is_command(text: str, question: Question) -> bool:
    """Return whether the text is a command rather than an answer, such as an XPath.

    A secret may look like a command. Only commands of the bot are none, so that the message with
    any other secret is read and deleted.
    """
    found = _COMMAND.match(text)
    if found is None:
        return False
    return question not in _FOR_SECRETS or found[1] in COMMAND_NAMES


def waiting_question(user: CurrentUser) -> AskedQuestion | None:
    match user.question.split(":"):
        case [message_id, question, *ids] if question in set(Question):
            return AskedQuestion(int(message_id), Question(question), *map(int, ids))
    return None


def question_in(message: Message | None) -> AskedQuestion | None:
    """Return the question that *message* asks, if it is one of ours."""
    if message is None or not message.from_user or not message.from_user.is_bot:
        return None
    if message.bot and message.from_user.id != message.bot.id:
        return None  # another bot's buttons may hold anything
    for chat_id, data in buttons_on(message):
        if data.startswith(f"{CancelQuestion.__prefix__}{CancelQuestion.__separator__}"):
            pressed = CancelQuestion.unpack(data)
            return AskedQuestion(message.message_id, pressed.question, pressed.subject, chat_id)
    return None


@dataclass(frozen=True, slots=True)
class AnswerTo(Filter):
    """Matches an answer to *question*; the handler gets its `subject`."""

    question: Question

    async def __call__(self, message: Message, context: Context) -> bool | dict[str, int]:
        asked = asked_by(message, context.user)
        if asked is None or asked.question is not self.question:
            return False
        return {"subject": asked.subject}


async def cancel(context: Context) -> bool:
    """Delete the message of the question that waits; return False if none waits."""
    asked = waiting_question(context.user)
    if asked and asked.message_id != _NOT_SENT:
        await context.reply.delete(asked.message_id)
    return asked is not None


async def _wait(
    context: Context, asked: AskedQuestion, *, instead_of: AskedQuestion | None = None
) -> None:
    """Store *asked* as the question that waits; with *instead_of*, only if that still waits."""
    former = str(instead_of) if instead_of else None
    async with context.storage.writing() as tx:
        chat = context.reply.telegram_id, context.reply.thread_id
        await set_question(tx, *chat, question=str(asked), instead_of=former)


async def end_wait(context: Context, asked: AskedQuestion) -> None:
    """Stop waiting for the answer to *asked*, unless another question was asked meanwhile."""
    async with context.storage.writing() as tx:
        chat = context.reply.telegram_id, context.reply.thread_id
        await set_question(tx, *chat, question=None, instead_of=str(asked))
