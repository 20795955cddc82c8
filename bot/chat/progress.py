"""One message for work that takes its time: what is being done, then what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiogram.exceptions import TelegramBadRequest

from bot.chat import callbacks
from bot.telegram import NO_PREVIEW, entities_of, markup_of

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.reply import Reply
    from bot.rendering.messages import Message


@dataclass(slots=True)
class Progress:
    reply: Reply
    message_id: int

    @classmethod
    async def begin(cls, reply: Reply, template: str, **values: Any) -> Progress:
        """Say what is being done; only once, if the update is handled again."""
        progress = cls(reply, reply.progress_id)
        if progress.message_id:
            await progress.change(template, **values)
        else:
            message = reply.renderer.message(template, press=callbacks, **values)
            progress.message_id = reply.progress_id = await reply.send_one(message)
        return progress

    @classmethod
    async def instead(
        cls, reply: Reply, pressed: CallbackQuery, template: str, **values: Any
    ) -> Progress:
        """Say it in the place of the message whose button was pressed."""
        progress = cls(reply, pressed.message.message_id if pressed.message else 0)
        await progress.change(template, **values)
        return progress

    async def change(self, template: str, **values: Any) -> None:
        """Show that in its place; as a new message where it is gone."""
        message = self.reply.renderer.message(template, press=callbacks, **values)
        try:
            await self._edit(self.reply.framed(message))
        except TelegramBadRequest as refused:
            if "not modified" not in refused.message:
                await self.reply.send([message])

    async def _edit(self, message: Message) -> None:
        await self.reply.bot.edit_message_text(
            message.text,
            chat_id=self.reply.telegram_id,
            message_id=self.message_id,
            entities=entities_of(message),
            reply_markup=markup_of(message.keyboard),
            link_preview_options=NO_PREVIEW,
            parse_mode=None,
        )
