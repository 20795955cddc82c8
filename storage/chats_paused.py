"""Chats whose pause ends by itself."""

from sqlmodel import col, select

from storage.chats import Chat
from storage.chats_suspended import restore_chat
from storage.engine import Unit
from storage.words import ChatState


async def wake_chats(unit: Unit, *, limit: int) -> int:
    """Bring back up to *limit* chats whose pause is over; return how many."""
    over = (
        select(Chat.id)
        .where(col(Chat.resume_at) <= unit.now, col(Chat.state) == ChatState.PAUSED)
        .order_by(col(Chat.resume_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    chat_ids = list(await unit.session.exec(over))
    for chat_id in chat_ids:
        await restore_chat(unit, chat_id)
    return len(chat_ids)
