"""Telling whoever sends a broadcast how far it is: their message is edited as it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import AiogramError

from bot.chat import callbacks
from bot.chat.callbacks import admin as for_admins
from bot.subscribers import broadcasts
from bot.telegram import NO_PREVIEW, entities_of, markup_of

if TYPE_CHECKING:
    from aiogram import Bot

    from bot.rendering.renderer import Renderer
    from bot.subscribers.broadcasts import BroadcastSeen, Desk
    from storage.db.engine import Storage

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Telling:
    bot: Bot
    renderer: Renderer
    storage: Storage

    async def tell(self) -> int:
        """Edit what is due; none is missed for long, since the next round tells it anew."""
        for desk, seen in await broadcasts.progress_due(self.storage):
            try:
                await self._edit(desk, seen)
            except (AiogramError, OSError, TimeoutError) as error:
                log.info("the progress of a broadcast could not be shown", reason=str(error))
        return 0

    async def _edit(self, desk: Desk, seen: BroadcastSeen) -> None:
        renderer = self.renderer.of(desk.language)
        message = renderer.message(
            "chat/admin/broadcasts.html#page", press=callbacks, admin=for_admins, seen=seen
        )
        await self.bot.edit_message_text(
            message.text,
            chat_id=desk.telegram_id,
            message_id=desk.message_id,
            entities=entities_of(message),
            reply_markup=markup_of(message.keyboard),
            link_preview_options=NO_PREVIEW,
            parse_mode=None,
        )
