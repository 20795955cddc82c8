"""Editions: the dated digests of each chat, and the stories that each one told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import JSON, UniqueConstraint, and_, or_, update
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.columns import ROW_ID
from storage.engine import Unit, claim
from storage.insert import add_new, insert_new
from storage.words import MOST_SLOTS, ChatState, Reach

# What bears on the next edition: a zone may have moved the date by one.
_RECENT_DAYS = 4


class Edition(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("chat_id", "local_date", "slot"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    local_date: date
    slot: int = 0
    due_at: datetime
    made_at: datetime
    since: datetime  # what it reaches back to
    stories: int = 0
    topics: list[tuple[int, str]] = Field(default_factory=list, sa_type=JSON)  # its sections


class EditionStory(SQLModel, table=True):
    """A story that a chat was told in a digest; it is never told again as new.

    The article stands for the story. That is no foreign key, which would want an index of its own
    on the largest table there is.
    """

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    story_id: int = Field(
        primary_key=True, foreign_key="story.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    edition_id: int = Field(
        foreign_key="edition.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    place: int = 0  # in the order of the edition
    article_id: int = Field(default=0, sa_type=ROW_ID)
    topic_ids: list[int] = Field(default_factory=list, sa_type=JSON)  # those that it hit
    alerted: bool = False


class Told(NamedTuple):
    """A story of an edition; see `EditionStory`."""

    story_id: int
    article_id: int
    topic_ids: list[int]
    alerted: bool


@dataclass(frozen=True, slots=True)
class LastEditions:
    """*days*: of each slot's last one, by number, if recent; *made_at*: when the last was made."""

    days: Mapping[int, date]
    made_at: datetime | None


async def claim_due_chats(unit: Unit, *, limit: int, owner: str, lease: timedelta) -> list[Chat]:
    """Lease the chats whose digest is due; those suspended wait until they come back.

    Mails go on where only Telegram's way is shut.
    """
    by_mail = and_(col(Chat.state) != ChatState.PAUSED, col(Chat.digest_by) != Reach.TELEGRAM)
    reached = or_(col(Chat.state) == ChatState.ACTIVE, by_mail)
    due = and_(col(Chat.next_digest_at) <= unit.now, reached)
    order = (col(Chat.next_digest_at), col(Chat.id))
    return await claim(unit, Chat, due, order=order, limit=limit, owner=owner, lease=lease)


async def settle_chat(unit: Unit, chat: Chat, owner: str, next_at: datetime | None) -> bool:
    """Give the chat its next moment and free it; False if it is not ours, or was changed since."""
    ours = (col(Chat.id) == chat.id) & (col(Chat.owner) == owner)
    freed = update(Chat).where(ours).values(owner=None, lease_until=None)
    settled = freed.where(col(Chat.next_digest_at) == chat.next_digest_at)
    if (await unit.session.exec(settled.values(next_digest_at=next_at))).rowcount:
        return True
    await unit.session.exec(freed)
    return False


async def last_editions(unit: Unit, chat_id: int) -> LastEditions:
    rows = await unit.session.exec(
        select(col(Edition.slot), col(Edition.local_date), col(Edition.made_at))
        .where(Edition.chat_id == chat_id)
        .order_by(col(Edition.local_date).desc())
        .limit(_RECENT_DAYS * MOST_SLOTS)
    )
    recent = list(rows)
    days: dict[int, date] = {}
    for slot, day, _ in recent:
        days.setdefault(slot, day)
    return LastEditions(days, max((made_at for _, _, made_at in recent), default=None))


async def make_editions(
    unit: Unit, editions: Sequence[tuple[Mapping[str, Any], Sequence[Told]]]
) -> dict[int, int]:
    """Make the *editions*, one a chat, with what they tell, in order; return their ids by chat.

    Left out is one whose date and slot have an edition already.
    """
    ids = await insert_new(unit, Edition, [row for row, _ in editions], returning=Edition.id)
    new = select(Edition.chat_id, Edition.id).where(col(Edition.id).in_(ids))
    made = {chat_id: edition_id or 0 for chat_id, edition_id in await unit.session.exec(new)}
    rows = [
        {"chat_id": row["chat_id"], "edition_id": made[row["chat_id"]], "place": place}
        | story._asdict()
        for row, told in editions
        if row["chat_id"] in made
        for place, story in enumerate(told)
    ]
    await add_new(unit, EditionStory, rows)
    return made
