"""One message for work that takes its time: what is being done, then what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiogram.exceptions import TelegramBadRequest

from bot.chat import callbacks
from bot.telegram import NO_PREVIEW, entities_of, markup_of

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.rendering.messages import Message


@dataclass(slots=True)
class Progress:
    answers: Answers
    message_id: int

    @classmethod
    async def begin(cls, answers: Answers, template: str, **values: Any) -> Progress:
        """Say what is being done."""
        await answers.typing()
        message = answers.renderer.message(template, press=callbacks, **values)
        sent = await answers.bot.send_message(
            answers.telegram_id,
            message.text,
            message_thread_id=answers.thread_id or None,
            entities=entities_of(message),
            reply_markup=markup_of(message.keyboard),
            link_preview_options=NO_PREVIEW,
            parse_mode=None,
        )
        return cls(answers, sent.message_id)

    @classmethod
    async def instead(
        cls, answers: Answers, pressed: CallbackQuery, template: str, **values: Any
    ) -> Progress:
        """Say it in the place of the message whose button was pressed."""
        progress = cls(answers, pressed.message.message_id if pressed.message else 0)
        await answers.typing()
        await progress.change(template, **values)
        return progress

    async def change(self, template: str, **values: Any) -> None:
        """Show that in its place; as a new message where it is gone."""
        message = self.answers.renderer.message(template, press=callbacks, **values)
        try:
            await self._edit(message)
        except TelegramBadRequest as refused:
            if "not modified" not in refused.message:
                await self.answers.send([message])

    async def _edit(self, message: Message) -> None:
        await self.answers.bot.edit_message_text(
            message.text,
            chat_id=self.answers.telegram_id,
            message_id=self.message_id,
            entities=entities_of(message),
            reply_markup=markup_of(message.keyboard),
            link_preview_options=NO_PREVIEW,
            parse_mode=None,
        )
