"""The stage of pins: pins the newest digest of the chats that want it, and unpins the one before.

1. Due rows are claimed, and the calls are made one after the other outside of any transaction. Each
   takes a send permit, and a pin counts as a message to its chat, because it posts a notice there.
   A pin waits while the chat or the token is paused.
2. A transaction stores what is pinned. A process that dies before pins the same message again.
3. If the bot lacks the right to pin, the user who manages the chat gets one message, and the next
   digest is tried again. Nothing else waits for a pin.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import and_
from sqlmodel import col

from bot.delivery.errors import (
    ChatBlocked,
    ChatClosed,
    ChatMigrated,
    DeliveryError,
    EditTargetGone,
    FloodWait,
    NotModified,
    Refused,
)
from bot.delivery.pace import reply_moment
from storage.chats import private_chat_of, private_chats_of_admins
from storage.db.leases import claim, release
from storage.enums import ChatState, DeliveryKind
from storage.maintenance import current_maintenance
from storage.outbox import enqueue, new_delivery
from storage.pace import (
    advance_all,
    chat_pace_key,
    count_flood_wait,
    lock_pace,
    pause_chat,
    pauses_by_key,
)
from storage.pins import Pin, chats_of_pins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.delivery.pace import Pacer
    from bot.delivery.telegram import Telegram
    from bot.rendering.renderer import Renderer
    from storage.chats import Chat
    from storage.db.engine import Storage, Transaction
    from storage.pins import PinToSet

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=5)
PATIENCE: Final = 5  # attempts while Telegram cannot be reached
_FIRST_PAUSE: Final = timedelta(minutes=1)
_MOST_NOTIFIED: Final = 3  # chat admins
_TRIES: Final = 3  # permits that a call may miss before it is made without one
_USELESS: Final = (Refused, ChatClosed, ChatMigrated, EditTargetGone)


@dataclass(frozen=True, slots=True)
class PinStage:
    storage: Storage
    telegram: Telegram
    renderer: Callable[[], Renderer]  # called only to say that the bot may not pin
    owner: str
    pacer: Pacer

    async def run_once(self, limit: int = 20) -> int:
        """Pin the digests that are due; return how many were claimed."""
        async with self.storage.writing() as tx:
            if await current_maintenance(tx):
                return 0
            due = and_(col(Pin.wanted_id).is_not(None), col(Pin.due_at) <= tx.now)
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
        is_open, error = chat.state is ChatState.ACTIVE, None
        if is_open:
            if later := await self._begin(chat):
                async with self.storage.writing() as tx:
                    await self._release(tx, pin, {"due_at": later})
                return
            error = await self._call(pin, chat)
        async with self.storage.writing() as tx:
            if isinstance(error, FloodWait):
                await pause_chat(tx, self.pacer.key, chat.telegram_id, tx.now + error.pause)
                await count_flood_wait(tx)
            values = _values(pin, error, tx.now) if is_open else _DONE
            is_ours = await self._release(tx, pin, values)
            if is_ours and pin.refused_at is None and values.get("refused_at"):
                await self._tell(tx, chat)

    async def _begin(self, chat: Chat) -> datetime | None:
        """Count the pin as a message to the chat; return when to try again if it must wait."""
        async with self.storage.writing() as tx:
            await lock_pace(tx, self.pacer.key)
            key = await chat_pace_key(tx, chat.telegram_id)
            row = await lock_pace(tx, key)
            if pauses := await pauses_by_key(tx, {self.pacer.key, key}):
                return max(pauses.values())
            moment, arrival = reply_moment(row.tat, tx.now, chat.kind)
            if moment > tx.now:
                return moment
            await advance_all(tx, {key: arrival})
            return None

    async def _wait_for_permit(self) -> None:
        for _ in range(_TRIES):
            async with self.pacer.transaction() as tx:
                (moment,) = await self.pacer.block(tx, 1)
            if await self.pacer.keep(moment, 1):
                return

    async def _call(self, pin: Pin, chat: Chat) -> DeliveryError | None:
        """Pin the message, then unpin the one before; return why the first was not done."""
        await self._wait_for_permit()
        try:
            await self.telegram.pin(chat.telegram_id, pin.wanted_id or 0)
        except NotModified:
            pass
        except DeliveryError as error:
            log.info("a digest was not pinned", chat=chat.telegram_id, reason=str(error))
            return error
        if pin.pinned_id and pin.pinned_id != pin.wanted_id:
            await self._wait_for_permit()
            try:
                await self.telegram.unpin(chat.telegram_id, pin.pinned_id)
            except DeliveryError as error:  # deleted, or unpinned by hand
                log.info("an old digest was not unpinned", reason=str(error))
        return None

    async def _release(self, tx: Transaction, pin: Pin, values: Mapping[str, object]) -> bool:
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
        notified = [inviter] if inviter else []
        if not notified:
            notified = [*await private_chats_of_admins(tx, chat.telegram_id, limit=_MOST_NOTIFIED)]
        key = f"{chat.id}:{tx.now:%Y%m%dT%H%M%S}"
        columns = {"notice": "unpinned", "subject": key, "silent": True}
        rows = []
        for recipient in notified:
            page = self.renderer().of(recipient.speaks)
            message = page.message("notices.html#not_pinned", chat=chat)
            rows.append(new_delivery(tx, DeliveryKind.NOTICE, recipient.id, message, **columns))
        await enqueue(tx, rows)


_DONE: Final[Mapping[str, object]] = {"wanted_id": None, "attempts": 0}


def _values(pin: Pin, error: DeliveryError | None, now: datetime) -> Mapping[str, object]:
    """Return the columns of *pin* after a call."""
    match error:
        case None:
            return {**_DONE, "pinned_id": pin.wanted_id, "refused_at": None}
        case FloodWait():
            return {"due_at": now + error.pause}
        case ChatBlocked():  # the bot lacks the right
            return {**_DONE, "refused_at": pin.refused_at or now}
        case _ if isinstance(error, _USELESS) or pin.attempts + 1 >= PATIENCE:
            return _DONE
        case _:
            later = now + _FIRST_PAUSE * 2**pin.attempts
            return {"attempts": pin.attempts + 1, "due_at": later}
