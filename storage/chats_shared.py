"""Groups and channels, as those see them who may manage them from elsewhere."""

from sqlalchemy import update
from sqlmodel import col, select

from storage.chats import Chat, chat_at
from storage.engine import Unit
from storage.words import ChatKind, ChatState

SOMEBODY = 0  # who let the bot in, and has had all about themselves erased
_LEFT = (ChatState.KICKED, ChatState.GONE)


async def shared_chats(unit: Unit, person_id: int, *, limit: int) -> list[Chat]:
    """Return groups and channels that the bot is in, those first that *person_id* let it into."""
    brought_by = col(Chat.brought_by)
    rows = await unit.session.exec(
        select(Chat)
        .where(
            brought_by.is_not(None),
            col(Chat.thread_id) == 0,
            col(Chat.kind) != ChatKind.PRIVATE,
            col(Chat.state).not_in(_LEFT),
        )
        .order_by((brought_by == person_id).desc(), col(Chat.id).desc())
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
