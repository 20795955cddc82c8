"""The stage of pins: pins the newest digest of the chats that want it, and unpins the one before.

1. Due rows are claimed, and the calls are made one after the other outside of any transaction.
2. A transaction stores what is pinned. A process that dies before pins the same message again.
3. If the bot lacks the right to pin, the user who manages the chat is told once, and the next
   digest is tried again. Nothing else waits for a pin.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from aiogram.exceptions import AiogramError, TelegramAPIError, TelegramRetryAfter
from sqlmodel import col

from bot.delivery.errors import ChatClosed, ChatMigrated, Refused
from bot.delivery.telegram import translate
from storage.chats import private_chat_of, private_chats_of_admins
from storage.db.leases import claim, release
from storage.enums import ChatState, DeliveryKind
from storage.outbox import enqueue, new_delivery
from storage.pins import Pin, chats_of_pins

if TYPE_CHECKING:
    from aiogram import Bot

    from bot.rendering.renderer import Renderer
    from storage.chats import Chat
    from storage.db.engine import Storage, Transaction
    from storage.pins import PinToSet

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=5)
PATIENCE: Final = 5  # attempts while Telegram cannot be reached
_FIRST_PAUSE: Final = timedelta(minutes=1)
_MOST_TOLD: Final = 3  # chat admins
_CALL_SECONDS: Final = 10
# The Bot API has no code for these errors.
_RIGHTS: Final = ("not enough rights", "need administrator rights", "chat_admin_required")
_PINNED: Final = ("not modified", "chat_not_modified")


@dataclass(frozen=True, slots=True)
class PinStage:
    storage: Storage
    bot: Bot
    renderer: Renderer
    owner: str

    async def run_once(self, limit: int = 20) -> int:
        """Pin the digests that are due; return how many were claimed."""
        async with self.storage.writing() as tx:
            due = (col(Pin.wanted_id).is_not(None)) & (col(Pin.due_at) <= tx.now)
            order = (col(Pin.due_at), col(Pin.id))
            pins = await claim(
                tx, Pin, due, order=order, limit=limit, owner=self.owner, lease=LEASE
            )
            claimed = await chats_of_pins(tx, pins)
        for each in claimed:
            await self._set(each)
        return len(claimed)

    async def _set(self, claimed: PinToSet) -> None:
        pin, chat = claimed.pin, claimed.chat
        error: AiogramError | None = None
        if chat.state is ChatState.ACTIVE:
            error = await self._call(pin, chat)
        async with self.storage.writing() as tx:
            await self._store(tx, pin, chat, error)

    async def _call(self, pin: Pin, chat: Chat) -> AiogramError | None:
        """Pin the message, then unpin the one before; return why the first was not done."""
        where = {"chat_id": chat.telegram_id, "request_timeout": _CALL_SECONDS}
        try:
            await self.bot.pin_chat_message(
                message_id=pin.wanted_id or 0, disable_notification=True, **where
            )
        except AiogramError as error:
            if not _says(error, _PINNED):
                return error
        if pin.pinned_id not in {None, pin.wanted_id}:
            try:
                await self.bot.unpin_chat_message(message_id=pin.pinned_id, **where)
            except AiogramError as error:  # deleted, or unpinned by hand
                log.info("an old digest was not unpinned", reason=str(error))
        return None

    async def _store(
        self, tx: Transaction, pin: Pin, chat: Chat, error: AiogramError | None
    ) -> None:
        done = {"wanted_id": None, "attempts": 0}
        if error is None:
            is_pinned = chat.state is ChatState.ACTIVE
            values = {"pinned_id": pin.wanted_id, "refused_at": None} if is_pinned else {}
            await self._release(tx, pin, done | values)
        elif isinstance(error, TelegramRetryAfter):
            pause = timedelta(seconds=error.retry_after)
            await self._release(tx, pin, {"due_at": tx.now + pause})
        elif _says(error, _RIGHTS):
            ours = await self._release(tx, pin, done | {"refused_at": pin.refused_at or tx.now})
            if ours and pin.refused_at is None:
                await self._tell(tx, chat)
        elif isinstance(translate(error), (Refused, ChatClosed, ChatMigrated)):
            log.info("a digest was not pinned", reason=str(error))
            await self._release(tx, pin, done)
        elif pin.attempts + 1 >= PATIENCE:
            log.warning("a digest was not pinned", reason=str(error))
            await self._release(tx, pin, done)
        else:
            pause = _FIRST_PAUSE * 2**pin.attempts
            later = {"attempts": pin.attempts + 1, "due_at": tx.now + pause}
            await self._release(tx, pin, later)

    async def _release(self, tx: Transaction, pin: Pin, values: dict[str, object]) -> bool:
        """Free the row with new *values*, unless a newer digest is to be pinned meanwhile."""
        current = await tx.get(Pin, pin.id)
        if current is None:
            return False
        if current.wanted_id != pin.wanted_id:
            values = {name: values[name] for name in ("pinned_id", "refused_at") if name in values}
        return bool(await release(tx, Pin, [pin.id], self.owner, **values))

    async def _tell(self, tx: Transaction, chat: Chat) -> None:
        """Tell the user who added the bot, or else its admins, that it may not pin."""
        inviter = await private_chat_of(tx, chat.invited_by or 0)
        told = [inviter] if inviter else []
        if not told:
            told = [*await private_chats_of_admins(tx, chat.telegram_id, limit=_MOST_TOLD)]
        key = f"{chat.id}:{tx.now:%Y%m%dT%H%M%S}"
        columns = {"notice": "unpinned", "subject": key, "silent": True}
        rows = []
        for recipient in told:
            page = self.renderer.of(recipient.speaks)
            message = page.message("notices.html#not_pinned", chat=chat)
            rows.append(new_delivery(tx, DeliveryKind.NOTICE, recipient.id, message, **columns))
        await enqueue(tx, rows)


def _says(error: AiogramError, sentences: tuple[str, ...]) -> bool:
    text = error.message.lower() if isinstance(error, TelegramAPIError) else ""
    return any(sentence in text for sentence in sentences)
