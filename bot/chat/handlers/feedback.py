"""/feedback words: to whoever runs the bot, and what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command, CommandObject

from bot.chat.callbacks import Question
from bot.chat.callbacks.admin import AnswerFeedback
from bot.chat.handlers.admin import is_admin
from bot.chat.questions import AnswerTo, ask
from bot.subscribers import feedback

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


async def given(_message: Message, command: CommandObject, context: Context) -> None:
    words = (command.args or "").strip()
    if not words:
        await context.reply.show("chat/feedback.html#how")
        return
    is_sent = await feedback.send_feedback(
        context.storage,
        context.chat_id,
        words,
        once=context.reply.once,
        renderer=context.resources.renderer,
        admins=context.resources.access.admins,
    )
    await context.reply.show("chat/feedback.html#sent", is_sent=is_sent)


async def answer_wanted(
    _pressed: CallbackQuery, callback_data: AnswerFeedback, context: Context
) -> None:
    number = callback_data.feedback_id
    await ask(context, Question.FEEDBACK_REPLY, subject=number, shown=str(number))


async def answered(message: Message, subject: int, context: Context) -> None:
    name = await feedback.reply_to_feedback(
        context.storage,
        subject,
        message.text or "",
        once=context.reply.once,
        renderer=context.resources.renderer,
    )
    await context.reply.show("chat/feedback.html#answered", name=name)


def make_router() -> Router:
    router = Router(name="feedback")
    router.message.register(given, Command("feedback"))
    router.message.register(answered, AnswerTo(Question.FEEDBACK_REPLY), is_admin)
    router.callback_query.register(answer_wanted, AnswerFeedback.filter(), is_admin)
    return router
