"""Editions: the dated digests of each chat, and the stories that each one told."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, ColumnElement, UniqueConstraint, and_, bindparam, or_, update
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.columns import NUMBERED, ROW_ID
from storage.engine import Unit
from storage.insert import add_new, insert_new
from storage.leases import claim
from storage.words import SHUT, ChatState, Reach

# Nearly every chat that had an edition at all had one since.
_LATELY = timedelta(days=20)


class Edition(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "local_date", "slot"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
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

    The article stands for the story. The two are no foreign keys, which would want an index of
    their own on the largest table there is; they are kept for longer than an edition.
    """

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    story_id: int = Field(primary_key=True, sa_type=ROW_ID)
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


class _Made(NamedTuple):
    slot: int
    day: date
    made_at: datetime


@dataclass(frozen=True, slots=True)
class LastEditions:
    """*days*: of each slot's last one, by number, if recent; *made_at*: when the last was made."""

    days: Mapping[int, date]
    made_at: datetime | None


async def claim_due_chats(unit: Unit, *, limit: int, owner: str, lease: timedelta) -> list[Chat]:
    """Lease the chats whose digest is due; those suspended wait until they come back.

    Mails go on where only Telegram's way is shut.
    """
    by_mail = and_(col(Chat.state).not_in(SHUT), col(Chat.digest_by) != Reach.TELEGRAM)
    reached = or_(col(Chat.state) == ChatState.ACTIVE, by_mail)
    due = and_(col(Chat.next_digest_at) <= unit.now, reached)
    order = (col(Chat.next_digest_at), col(Chat.id))
    return await claim(unit, Chat, due, order=order, limit=limit, owner=owner, lease=lease)


async def settle_chats(
    unit: Unit, owner: str, plans: Mapping[int, tuple[datetime | None, datetime | None]]
) -> set[int]:
    """Free the chats, and give each its next moment if its plan is still that of when it was taken.

    *plans*: by chat, when its digest was due and when the next one is. Returned are those that were
    ours and unchanged.
    """
    ours = await unit.session.exec(
        select(Chat.id, Chat.next_digest_at)
        .where(col(Chat.id).in_(plans), col(Chat.owner) == owner)
        .order_by(col(Chat.id))
        .with_for_update()
    )
    due_at = {chat_id: moment for chat_id, moment in ours if chat_id}
    settled = {chat_id for chat_id, moment in due_at.items() if moment == plans[chat_id][0]}
    rows = [
        {"chat": chat_id, "next": plans[chat_id][1] if chat_id in settled else moment}
        for chat_id, moment in due_at.items()
    ]
    if rows:
        await (await unit.session.connection()).execute(_FREED, rows)
    return settled


_FREED: Final = (
    update(Chat)
    .where(col(Chat.id) == bindparam("chat"))
    .values(next_digest_at=bindparam("next"), owner=None, lease_until=None)
)


async def last_editions(unit: Unit, chat_id: int) -> LastEditions:
    return (await last_editions_of_each(unit, [chat_id]))[chat_id]


async def last_editions_of_each(
    unit: Unit, chat_ids: Collection[int]
) -> Mapping[int, LastEditions]:
    lately = col(Edition.local_date) >= (unit.now - _LATELY).date()
    made = await _made(unit, chat_ids, lately)
    if silent := set(chat_ids) - made.keys():
        made |= await _made(unit, silent)
    return {chat_id: _last(made.get(chat_id, ())) for chat_id in chat_ids}


async def _made(
    unit: Unit, chat_ids: Collection[int], *conditions: ColumnElement[bool]
) -> dict[int, list[_Made]]:
    """Return the editions of each chat that has any, the newest first."""
    rows = await unit.session.exec(
        select(
            col(Edition.chat_id), col(Edition.slot), col(Edition.local_date), col(Edition.made_at)
        )
        .where(col(Edition.chat_id).in_(chat_ids), *conditions)
        .order_by(col(Edition.local_date).desc())
    )
    made: defaultdict[int, list[_Made]] = defaultdict(list)
    for chat_id, slot, day, made_at in rows:
        made[chat_id].append(_Made(slot, day, made_at))
    return made


def _last(made: Sequence[_Made]) -> LastEditions:
    days: dict[int, date] = {}
    for one in made:
        days.setdefault(one.slot, one.day)
    return LastEditions(days, max((one.made_at for one in made), default=None))


async def make_editions(
    unit: Unit, editions: Sequence[tuple[Mapping[str, Any], Sequence[Told]]]
) -> dict[int, int]:
    """Make the *editions*, one a chat, with what they tell, in order; return their ids by chat.

    Left out is one whose date and slot have an edition already.
    """
    ids = await insert_new(unit, Edition, [row for row, _ in editions], returning=Edition.id)
    new = select(Edition.chat_id, Edition.id).where(col(Edition.id).in_(ids))
    made = dict(await unit.session.exec(new))
    rows = [
        {"chat_id": row["chat_id"], "edition_id": made[row["chat_id"]], "place": place}
        | story._asdict()
        for row, told in editions
        if row["chat_id"] in made
        for place, story in enumerate(told)
    ]
    await add_new(unit, EditionStory, rows)
    return made
