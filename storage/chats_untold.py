"""Groups and channels that are shut, of which whoever let the bot in has not been told yet."""

from collections.abc import Sequence

from sqlalchemy import or_, update
from sqlmodel import col, select

from storage.chats import Chat
from storage.engine import Unit
from storage.words import ChatKind, ChatState

# What ends by somebody's doing there; a pause is what was asked for.
SHUT = (ChatState.KICKED, ChatState.BLOCKED, ChatState.GONE, ChatState.TOPIC_CLOSED)


async def shut_untold(unit: Unit, *, limit: int) -> list[Chat]:
    """Return up to *limit* such rows, locked; those of whole chats before those of threads."""
    rows = await unit.session.exec(
        select(Chat)
        .where(
            col(Chat.brought_by).is_not(None),
            col(Chat.state).in_(SHUT),
            or_(col(Chat.told_since).is_(None), col(Chat.told_since) != col(Chat.state_since)),
        )
        .order_by(col(Chat.thread_id), col(Chat.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(rows)


async def is_told_of_group(unit: Unit, chat: Chat) -> bool:
    """Whether the same has been told of another row of the group, which it was about as well."""
    told = select(Chat.id).where(
        col(Chat.telegram_id) == chat.telegram_id,
        col(Chat.id) != chat.id,
        col(Chat.state) == chat.state,
        col(Chat.told_since) == col(Chat.state_since),
    )
    return (await unit.session.exec(told.limit(1))).first() is not None


async def mark_told(unit: Unit, chats: Sequence[Chat]) -> None:
    await unit.session.exec(
        update(Chat)
        .where(col(Chat.id).in_([chat.id for chat in chats]))
        .values(told_since=col(Chat.state_since))
        .execution_options(synchronize_session="fetch")
    )


async def private_chat_of(unit: Unit, person_id: int) -> Chat | None:
    """Return the private chat with the person, unless they have blocked the bot."""
    theirs = (col(Chat.telegram_id) == person_id, col(Chat.kind) == ChatKind.PRIVATE)
    open_to_us = col(Chat.state).in_((ChatState.ACTIVE, ChatState.PAUSED))
    return (await unit.session.exec(select(Chat).where(*theirs, open_to_us))).first()
