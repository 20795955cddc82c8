"""Stewards: who of those that run a group or channel chose what comes there, and when last.

Telegram tells nobody who runs a place that the bot has been thrown out of.
"""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, delete, func
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.columns import ROW_ID
from storage.engine import Unit
from storage.words import ChatKind, ChatState

# Once a day is often enough, and whoever has not been seen for long may run it no more.
SEEN_EVERY, KNOWN_FOR = timedelta(days=1), timedelta(days=180)


class Steward(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, sa_type=ROW_ID, foreign_key="chat.id", ondelete="CASCADE"
    )
    person_id: int = Field(primary_key=True, sa_type=BigInteger, index=True)
    at: datetime


async def is_seen(unit: Unit, chat_id: int, person_id: int) -> bool:
    """Whether it is written down already that the person chose something there lately."""
    known = await unit.session.get(Steward, (chat_id, person_id))
    return known is not None and known.at > unit.now - SEEN_EVERY


async def see_steward(unit: Unit, chat_id: int, person_id: int) -> None:
    await unit.session.merge(Steward(chat_id=chat_id, person_id=person_id, at=unit.now))
    await unit.session.flush()


async def stewards_of(unit: Unit, telegram_id: int, *, limit: int) -> list[Chat]:
    """Return the private chats of those seen last in any thread of the place, if they are open."""
    seen = (
        select(col(Steward.person_id), func.max(col(Steward.at)).label("at"))
        .join(Chat, col(Chat.id) == Steward.chat_id)
        .where(col(Chat.telegram_id) == telegram_id, col(Steward.at) > unit.now - KNOWN_FOR)
        .group_by(col(Steward.person_id))
        .subquery()
    )
    rows = await unit.session.exec(
        select(Chat)
        .join(seen, seen.c.person_id == Chat.telegram_id)
        .where(
            col(Chat.kind) == ChatKind.PRIVATE,
            col(Chat.state).in_((ChatState.ACTIVE, ChatState.PAUSED)),
        )
        .order_by(seen.c.at.desc(), col(Chat.id))
        .limit(limit)
    )
    return list(rows)


async def forget_steward(unit: Unit, person_id: int) -> None:
    await unit.session.exec(delete(Steward).where(col(Steward.person_id) == person_id))
