"""Bans: people and chats that get nothing and are answered once. Nothing of theirs is deleted."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, delete, update
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.chats_suspended import restore_chat, suspend_chat
from storage.engine import Unit
from storage.insert import insert_new
from storage.words import ChatState


class Ban(SQLModel, table=True):
    telegram_id: int = Field(primary_key=True, sa_type=BigInteger)  # a person's or a group's
    since: datetime
    told: bool = False


async def is_banned(unit: Unit, telegram_ids: Collection[int]) -> bool:
    wanted = select(Ban.telegram_id).where(col(Ban.telegram_id).in_(telegram_ids))
    return (await unit.session.exec(wanted.limit(1))).first() is not None


async def tell_of_ban(unit: Unit, telegram_ids: Collection[int]) -> bool:
    """Say whether they are still to be told; from now on they are not."""
    untold = (col(Ban.telegram_id).in_(telegram_ids), ~col(Ban.told))
    told = update(Ban).where(*untold).values(told=True)
    silently = told.execution_options(synchronize_session=False)
    return bool((await unit.session.exec(silently)).rowcount)


async def ban(unit: Unit, telegram_id: int) -> bool:
    """Let nothing go to Telegram's *telegram_id*; False if that is so already."""
    row = {"telegram_id": telegram_id, "since": unit.now, "told": False}
    new = await insert_new(unit, Ban, [row], returning=Ban.telegram_id)
    for chat in await _chats(unit, telegram_id):
        if chat.state is ChatState.BANNED:
            continue
        chat.was_paused = chat.state is ChatState.PAUSED
        await unit.session.flush()
        await suspend_chat(unit, chat.id, ChatState.BANNED)
    return bool(new)


async def lift_ban(unit: Unit, telegram_id: int) -> bool:
    """Let it be as it was, a pause included; False if there was no ban."""
    gone = await unit.session.exec(delete(Ban).where(col(Ban.telegram_id) == telegram_id))
    for chat in await _chats(unit, telegram_id):
        if chat.state is not ChatState.BANNED:
            continue
        if chat.was_paused:
            chat.state, chat.state_since, chat.was_paused = ChatState.PAUSED, unit.now, False
            await unit.session.flush()
        else:
            await restore_chat(unit, chat.id, is_banned=True)
    return bool(gone.rowcount)


async def move_ban(unit: Unit, old: int, new: int) -> None:
    """A group that became a supergroup stays banned."""
    if await is_banned(unit, [old]):
        await insert_new(
            unit,
            Ban,
            [{"telegram_id": new, "since": unit.now, "told": True}],
            returning=Ban.telegram_id,
        )
        await unit.session.exec(delete(Ban).where(col(Ban.telegram_id) == old))


async def bans(unit: Unit, limit: int) -> Sequence[Ban]:
    newest = select(Ban).order_by(col(Ban.since).desc(), col(Ban.telegram_id))
    return (await unit.session.exec(newest.limit(limit))).all()


async def _chats(unit: Unit, telegram_id: int) -> Sequence[Chat]:
    """Return its rows, one for each thread, locked."""
    theirs = select(Chat).where(col(Chat.telegram_id) == telegram_id).order_by(col(Chat.id))
    fresh = theirs.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.exec(fresh)).all()
