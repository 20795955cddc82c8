"""Replies that Telegram's rate limit prevented: the chat gets one apology after the pause."""

from bot.rendering.messages import Message
from storage.chats import chat_at
from storage.db.engine import Storage
from storage.enums import DeliveryKind
from storage.outbox import enqueue, has_pending_notice, new_delivery
from storage.pace import chat_pace_key, lock_pace

KIND = "unanswered"


async def enqueue_apology(
    storage: Storage, telegram_id: int, thread_id: int, message: Message
) -> None:
    """Enqueue *message*, unless the chat is unknown or has an apology pending."""
    async with storage.writing() as tx:
        await lock_pace(tx, chat_pace_key(telegram_id))  # of two at once the second sees it
        chat = await chat_at(tx, telegram_id, thread_id)
        if chat is None:
            return
        if await has_pending_notice(tx, chat.id, KIND):
            return
        named = {"notice": KIND, "subject": f"{tx.now:%Y%m%dT%H%M%S%f}", "silent": True}
        row = new_delivery(tx, DeliveryKind.NOTICE, chat.id, message, **named)
        await enqueue(tx, [row])
