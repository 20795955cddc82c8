"""Notices that a group, a channel or a topic is shut to the bot: once, to whoever let it in.

Where that is nobody any more, or nobody the bot may write to, those are told who chose last what
comes there.

What comes meanwhile waits, and goes on by itself; there is nothing that the bot must be told.
"""

from dataclasses import dataclass
from typing import Any

from bot.rendering.renderer import Renderer
from storage.chats import (
    Chat,
    is_reported,
    mark_reported,
    private_chat_of,
    private_chats_of_admins,
    unreported_unreachable,
)
from storage.db.engine import Storage, Transaction
from storage.enums import ChatState, DeliveryKind
from storage.outbox import enqueue, new_delivery

MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Shutting:
    storage: Storage
    renderer: Renderer

    async def notice_shut(self, limit: int) -> int:
        """Return of how many rows it was decided."""
        async with self.storage.writing() as tx:
            shut = await unreported_unreachable(tx, limit=limit)
            rows = []
            for chat in shut:
                rows += await self._notices(tx, chat)
                await mark_reported(tx, [chat])
            await enqueue(tx, rows)
        return len(shut)

    async def _notices(self, tx: Transaction, chat: Chat) -> list[dict[str, Any]]:
        of_a_topic = chat.state is ChatState.TOPIC_CLOSED
        if not of_a_topic and await is_reported(tx, chat):
            return []
        bringer = await private_chat_of(tx, chat.invited_by or 0)
        told = (
            [bringer]
            if bringer
            else await private_chats_of_admins(tx, chat.telegram_id, limit=MOST_TOLD)
        )
        return [self._notice(tx, chat, each) for each in told]

    def _notice(self, tx: Transaction, chat: Chat, told: Chat) -> dict[str, Any]:
        page = self.renderer.of(told.speaks).message("notice/shut.html", chat=chat)
        subject = f"{chat.id}:{chat.state_since:%Y%m%dT%H%M%S}"
        # It is no news: there is no need to wake anybody.
        named = {"notice": "shut", "subject": subject, "silent": True}
        return new_delivery(tx, DeliveryKind.NOTICE, told.id, page, **named)
