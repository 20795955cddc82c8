"""Chats: where Telegram delivers. Keys name this row, never Telegram's id, which may change."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, ColumnElement, Index, UniqueConstraint, func
from sqlmodel import Field, SQLModel, col, select

from storage.columns import NUMBERED, ROW_ID, Leased, stored_as, where_only
from storage.engine import Unit
from storage.insert import insert_new
from storage.words import (
    USUAL_ALERTS_AN_HOUR,
    ChatKind,
    ChatState,
    EmptyDay,
    Layout,
    QuietHours,
    Reach,
    Style,
)


class Chat(Leased, table=True):
    __table_args__ = (
        UniqueConstraint("telegram_id", "thread_id"),
        Index("ix_chat_digest_due", "next_digest_at"),
        Index("ix_chat_brought_by", "brought_by", **where_only("brought_by IS NOT NULL")),
        Index("ix_chat_erased", "id", **where_only("state = 'erased'")),
        Index("ix_chat_resume_at", "resume_at", **where_only("resume_at IS NOT NULL")),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    telegram_id: int = Field(sa_type=BigInteger)
    thread_id: int = 0  # 0: the chat itself
    kind: ChatKind = Field(default=ChatKind.PRIVATE, sa_type=stored_as(ChatKind))
    name: str = ""
    thread_name: str = Field(default="", max_length=128)  # of a forum topic, once it is known
    language: str = Field(default="en", max_length=16)  # IETF tag, as the client said
    chosen_language: str | None = Field(default=None, max_length=16)  # as people said
    state: ChatState = Field(default=ChatState.ACTIVE, sa_type=stored_as(ChatState))
    state_since: datetime
    was_paused: bool = False  # of a banned chat: it is paused again when the ban is lifted
    created_at: datetime

    zone: str = "UTC"  # IANA name
    zone_guessed: bool = True
    empty_day: EmptyDay = Field(default=EmptyDay.SKIP, sa_type=stored_as(EmptyDay))
    style: Style = Field(default=Style.STANDARD, sa_type=stored_as(Style))
    layout: Layout = Field(default=Layout.CLASSIC, sa_type=stored_as(Layout))
    digest_by: Reach = Field(default=Reach.TELEGRAM, sa_type=stored_as(Reach))
    next_digest_at: datetime | None = None  # None: no subscription asks for a digest
    quiet_from: int | None = None  # minutes after local midnight; neither or both
    quiet_to: int | None = None
    alerts_an_hour: int = USUAL_ALERTS_AN_HOUR
    resume_at: datetime | None = None  # of a paused chat: it comes back by itself

    # Of a group or channel: Telegram's id of the person who let the bot in.
    brought_by: int | None = Field(default=None, sa_type=BigInteger)
    told_since: datetime | None = None  # the `state_since` of what that person has been told
    # Of a private chat: our row of what is managed from it, if that is there still.
    managing: int | None = Field(default=None, sa_type=ROW_ID)

    @property
    def quiet_hours(self) -> QuietHours | None:
        return _quiet_hours(self.quiet_from, self.quiet_to)

    @property
    def speaks(self) -> str:
        """The tag of the language that the chat is spoken to in."""
        return self.chosen_language or self.language


class Wishes(NamedTuple):
    """What a chat wants of its alerts; see `Chat`."""

    chat_id: int
    zone: str
    quiet_from: int | None
    quiet_to: int | None
    alerts_an_hour: int
    state: ChatState
    state_since: datetime
    language: str

    @property
    def quiet_hours(self) -> QuietHours | None:
        return _quiet_hours(self.quiet_from, self.quiet_to)


def _quiet_hours(start: int | None, end: int | None) -> QuietHours | None:
    return None if start is None or end is None else QuietHours(start, end)


async def languages_chosen(unit: Unit, people: Collection[int]) -> dict[int, str]:
    """Return what those of *people*, by Telegram's ids, speak who did not leave it as it was."""
    theirs = (col(Chat.telegram_id).in_(people), col(Chat.chosen_language).is_not(None))
    chosen = await unit.session.exec(select(Chat.telegram_id, Chat.chosen_language).where(*theirs))
    return {telegram_id: str(code) for telegram_id, code in chosen}


def spoken_to() -> ColumnElement[str]:
    """The tag of the language that a `Chat` in the query is spoken to in."""
    return func.coalesce(col(Chat.chosen_language), col(Chat.language))


async def chat_at(unit: Unit, telegram_id: int, thread_id: int = 0) -> Chat | None:
    place = (col(Chat.telegram_id) == telegram_id, col(Chat.thread_id) == thread_id)
    return (await unit.session.exec(select(Chat).where(*place))).one_or_none()


async def chats_of(unit: Unit, telegram_id: int) -> list[Chat]:
    """The rows of a chat and of its threads, the chat's own first."""
    rows = select(Chat).where(col(Chat.telegram_id) == telegram_id).order_by(col(Chat.thread_id))
    return list(await unit.session.exec(rows))


async def open_chat(unit: Unit, values: Mapping[str, Any]) -> Chat:
    """Return the chat at the place that *values* name, made of them where it is new."""
    row = {"state_since": unit.now, "created_at": unit.now, **values}
    await insert_new(unit, Chat, [row], returning=Chat.id)
    opened = await chat_at(unit, values["telegram_id"], values["thread_id"])
    if opened is None:
        raise LookupError("a chat that was just opened is gone")
    return opened


async def chat_to_change(unit: Unit, chat_id: int) -> Chat:
    """Return our row *chat_id*, locked, so that what one chat asks for happens in turn."""
    locked = select(Chat).where(col(Chat.id) == chat_id).with_for_update()
    fresh = locked.execution_options(populate_existing=True)
    return (await unit.session.exec(fresh)).one()


async def hold_still(unit: Unit, chat_ids: Iterable[int]) -> list[Wishes]:
    """Return the chats, by row; until this unit is over none of them is changed by another."""
    wanted = (
        select(  # type: ignore[call-overload]
            Chat.id, Chat.zone, Chat.quiet_from, Chat.quiet_to, Chat.alerts_an_hour,
            Chat.state, Chat.state_since, spoken_to(),
        )
        .where(col(Chat.id).in_(list(chat_ids)))
        .order_by(col(Chat.id))
    )  # fmt: skip
    # Rows that name them may be added meanwhile.
    rows = await unit.session.exec(wanted.with_for_update(key_share=True))
    return [Wishes(*row) for row in rows]


def columns_naming_a_chat() -> list[Column[int]]:
    """Return them, parents before children: an edition before the stories that it told."""
    return [
        column
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.references(SQLModel.metadata.tables["chat"].c.id)
    ]
