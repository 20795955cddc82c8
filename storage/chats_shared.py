"""Groups and channels, as those see them who may manage them from elsewhere."""

from sqlalchemy import ColumnElement, update
from sqlmodel import col, select

from storage.chats import Chat, chat_at
from storage.engine import Unit
from storage.words import ChatKind, ChatState

SOMEBODY = 0  # who let the bot in, and has had all about themselves erased
_LEFT = (ChatState.KICKED, ChatState.GONE)


async def brought_chats(unit: Unit, person_id: int, *, limit: int) -> list[Chat]:
    """Return groups and channels that *person_id* let the bot into, the newest first."""
    return await _shared(unit, col(Chat.brought_by) == person_id, limit)


async def other_chats(unit: Unit, person_id: int, *, limit: int) -> list[Chat]:
    """Return groups and channels that somebody else let the bot into, the newest first."""
    return await _shared(unit, col(Chat.brought_by) != person_id, limit)


async def _shared(unit: Unit, by_whom: ColumnElement[bool], limit: int) -> list[Chat]:
    rows = await unit.session.exec(
        select(Chat)
        .where(
            by_whom,
            col(Chat.thread_id) == 0,
            col(Chat.kind) != ChatKind.PRIVATE,
            col(Chat.state).not_in(_LEFT),
        )
        .order_by(col(Chat.id).desc())
        .limit(limit)
    )
    return list(rows)


async def manage(unit: Unit, person_id: int, chat_id: int | None) -> None:
    """Let what the person types in private be meant for our row *chat_id*; None: for themselves."""
    own = await chat_at(unit, person_id)
    if own is not None:
        own.managing = chat_id
        unit.session.add(own)
        await unit.session.flush()


async def forget_bringer(unit: Unit, person_id: int) -> None:
    """Let the groups and channels stay, and nothing say any more that it was this person."""
    await unit.session.exec(
        update(Chat)
        .where(col(Chat.brought_by) == person_id)
        .values(brought_by=SOMEBODY)
        .execution_options(synchronize_session="fetch")
    )
