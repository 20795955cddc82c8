"""Lists of feeds that chats have sent, until each of their lines has been tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, delete, func, update
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.columns import NUMBERED, ROW_ID, Leased
from storage.engine import Unit
from storage.insert import add_new
from storage.leases import claim

KEPT = timedelta(days=1)  # for so long a list waits for its chat to say yes


class FeedList(Leased, table=True):
    """`message_id`: Telegram's, of the message that tells how far it is; None: not wanted yet."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    made_at: datetime


class FeedListLine(SQLModel, table=True):
    """`outcome` is None until it was tried; `sentence` says why it could not be added."""

    list_id: int = Field(
        primary_key=True, foreign_key="feedlist.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    url: str = Field(max_length=2000)
    outcome: str | None = Field(default=None, max_length=16)
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Where a list is told of, and in which language."""

    list_id: int
    chat_id: int
    telegram_id: int
    message_id: int
    language: str


async def keep_list(unit: Unit, chat_id: int, urls: Sequence[str]) -> int:
    """Keep it instead of those that the chat has not said yes to, and what is old."""
    unwanted = (col(FeedList.chat_id) == chat_id) | (col(FeedList.made_at) < unit.now - KEPT)
    await unit.session.exec(delete(FeedList).where(unwanted, col(FeedList.message_id).is_(None)))
    kept = FeedList(chat_id=chat_id, made_at=unit.now)
    unit.session.add(kept)
    await unit.session.flush()
    list_id = kept.id
    lines = [{"list_id": list_id, "number": n, "url": url} for n, url in enumerate(urls)]
    await add_new(unit, FeedListLine, lines)
    return list_id


async def want_list(unit: Unit, chat_id: int, list_id: int, message_id: int) -> bool:
    """Return whether the chat has such a list that was not wanted before."""
    wanted = await unit.session.exec(
        update(FeedList)
        .where(
            col(FeedList.id) == list_id,
            col(FeedList.chat_id) == chat_id,
            col(FeedList.message_id).is_(None),
        )
        .values(message_id=message_id)
    )
    return bool(wanted.rowcount)


async def claim_list(unit: Unit, owner: str, lease: timedelta) -> ListPlace | None:
    lists = await claim(
        unit,
        FeedList,
        col(FeedList.message_id).is_not(None),
        order=(col(FeedList.made_at), col(FeedList.id)),
        limit=1,
        owner=owner,
        lease=lease,
    )
    if not lists:
        return None
    one = lists[0]
    chat = await unit.session.get_one(Chat, one.chat_id)
    return ListPlace(one.id, one.chat_id, chat.telegram_id, one.message_id or 0, chat.speaks)


async def free_list(unit: Unit, list_id: int) -> None:
    free = update(FeedList).where(col(FeedList.id) == list_id)
    await unit.session.exec(free.values(owner=None, lease_until=None))


async def lines_to_try(unit: Unit, list_id: int, limit: int) -> list[FeedListLine]:
    rows = await unit.session.exec(
        select(FeedListLine)
        .where(col(FeedListLine.list_id) == list_id, col(FeedListLine.outcome).is_(None))
        .order_by(col(FeedListLine.number))
        .limit(limit)
    )
    return list(rows)


async def line_tried(
    unit: Unit, list_id: int, number: int, outcome: str, sentence: str = ""
) -> None:
    await unit.session.exec(
        update(FeedListLine)
        .where(col(FeedListLine.list_id) == list_id, col(FeedListLine.number) == number)
        .values(outcome=outcome, sentence=sentence)
    )


async def count_lines(unit: Unit, list_id: int) -> tuple[int, int]:
    """Return how many were tried, and how many there are."""
    rows = await unit.session.exec(
        select(func.count(col(FeedListLine.outcome)), func.count()).where(
            col(FeedListLine.list_id) == list_id
        )
    )
    tried, total = rows.one()
    return tried, total


async def lines_of(unit: Unit, list_id: int) -> list[FeedListLine]:
    rows = await unit.session.exec(
        select(FeedListLine)
        .where(col(FeedListLine.list_id) == list_id)
        .order_by(col(FeedListLine.number))
    )
    return list(rows)


async def drop_list(unit: Unit, list_id: int) -> None:
    await unit.session.exec(delete(FeedList).where(col(FeedList.id) == list_id))
