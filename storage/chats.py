"""Chats: where Telegram delivers. Keys name this row, never Telegram's id, which may change."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Select,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    or_,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, enum_column, insert_new, partial_index
from storage.enums import CLOSED, ChatKind, ChatState, DigestMedium, EmptyDay, Layout, Style
from storage.schedules import DEFAULT_ALERTS_PER_HOUR, DEFAULT_SCHEDULE, QuietHours, ScheduleTime


class Chat(Leased, table=True):
    __table_args__ = (
        UniqueConstraint("telegram_id", "thread_id"),
        Index("ix_chat_digest_due", "next_digest_at"),
        Index("ix_chat_invited_by", "invited_by", **partial_index("invited_by IS NOT NULL")),
        Index("ix_chat_erased", "id", **partial_index("state = 'erased'")),
        Index("ix_chat_resume_at", "resume_at", **partial_index("resume_at IS NOT NULL")),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    telegram_id: int = Field(sa_type=BigInteger)
    thread_id: int = 0  # 0: the chat itself
    kind: ChatKind = Field(default=ChatKind.PRIVATE, sa_type=enum_column(ChatKind))
    name: str = ""
    thread_name: str = Field(default="", max_length=128)  # of a forum topic, once it is known
    language: str = Field(default="en", max_length=16)  # IETF tag, as the client said
    chosen_language: str | None = Field(default=None, max_length=16)  # as people said
    state: ChatState = Field(default=ChatState.ACTIVE, sa_type=enum_column(ChatState))
    state_since: datetime
    was_paused: bool = False  # of a closed chat: it is paused again when it is reopened
    created_at: datetime

    zone: str = "UTC"  # IANA name
    zone_guessed: bool = True
    empty_day: EmptyDay = Field(default=EmptyDay.SKIP, sa_type=enum_column(EmptyDay))
    style: Style = Field(default=Style.STANDARD, sa_type=enum_column(Style))
    layout: Layout = Field(default=Layout.CLASSIC, sa_type=enum_column(Layout))
    digest_by: DigestMedium = Field(
        default=DigestMedium.TELEGRAM, sa_type=enum_column(DigestMedium)
    )
    next_digest_at: datetime | None = None  # None: no subscription asks for a digest
    quiet_from: int | None = None  # minutes after local midnight; neither or both
    quiet_to: int | None = None
    alerts_an_hour: int = DEFAULT_ALERTS_PER_HOUR
    resume_at: datetime | None = None  # of a paused chat: it comes back by itself
    # When Telegram last let nothing through to it: alerts of that time come in its next digest.
    away_from: datetime | None = None
    away_until: datetime | None = None

    # Of a group or channel: Telegram's id of the person the user who invited the bot.
    invited_by: int | None = Field(default=None, sa_type=BigInteger)
    reported_since: datetime | None = None  # the `state_since` that was reported to that user
    # Of a private chat: our row of what is managed from it, if that is there still.
    managing: int | None = Field(default=None, sa_type=ROW_ID)
    # Of a private chat: the question whose answer may be typed next, and since when.
    question: str | None = Field(default=None, max_length=64)
    asked_at: datetime | None = None

    @property
    def quiet_hours(self) -> QuietHours | None:
        return _quiet_hours(self.quiet_from, self.quiet_to)

    @property
    def speaks(self) -> str:
        """The tag of the language that the chat is spoken to in."""
        return self.chosen_language or self.language


class DigestTime(SQLModel, table=True):
    __tablename__ = "digest_time"

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    number: int = Field(primary_key=True)
    minutes: int  # after local midnight
    weekdays: int  # bit 0 is Monday


class Quota(SQLModel, table=True):
    """Each is None where the chat may have what all may; no alerts a day are as many as come."""

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    topics: int | None = None
    feeds: int | None = None
    alerts: int | None = None  # a day


class ChatAdmin(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, sa_type=ROW_ID, foreign_key="chat.id", ondelete="CASCADE"
    )
    user_id: int = Field(primary_key=True, sa_type=BigInteger, index=True)
    at: datetime


class AlertPreferences(NamedTuple):
    """What a chat wants of its alerts; see `Chat`."""

    chat_id: int
    zone: str
    quiet_from: int | None
    quiet_to: int | None
    alerts_an_hour: int
    state: ChatState
    state_since: datetime
    language: str
    kind: ChatKind
    telegram_id: int

    @property
    def quiet_hours(self) -> QuietHours | None:
        return _quiet_hours(self.quiet_from, self.quiet_to)


def _quiet_hours(start: int | None, end: int | None) -> QuietHours | None:
    return None if start is None or end is None else QuietHours(start, end)


async def chosen_languages(tx: Transaction, people: Collection[int]) -> dict[int, str]:
    """Return what those of *people*, by Telegram's ids, speak who did not leave it as it was."""
    theirs = (among(col(Chat.telegram_id), people), col(Chat.chosen_language).is_not(None))
    chosen = await tx.session.exec(select(Chat.telegram_id, Chat.chosen_language).where(*theirs))
    return {telegram_id: str(code) for telegram_id, code in chosen}


def effective_language() -> ColumnElement[str]:
    """The tag of the language that a `Chat` in the query is spoken to in."""
    return func.coalesce(col(Chat.chosen_language), col(Chat.language))


async def chat_at(tx: Transaction, telegram_id: int, thread_id: int = 0) -> Chat | None:
    place = (col(Chat.telegram_id) == telegram_id, col(Chat.thread_id) == thread_id)
    return (await tx.session.exec(select(Chat).where(*place))).one_or_none()


async def chats_of(tx: Transaction, telegram_id: int) -> list[Chat]:
    """The rows of a chat and of its threads, the chat's own first."""
    rows = select(Chat).where(col(Chat.telegram_id) == telegram_id).order_by(col(Chat.thread_id))
    return list(await tx.session.exec(rows))


async def chat_ids_after(tx: Transaction, chat_id: int, limit: int) -> list[int]:
    """Return the next chats after our row *chat_id*, in the order in which they came."""
    there = (col(Chat.id) > chat_id, col(Chat.state) != ChatState.ERASED)
    return list(
        await tx.session.exec(select(Chat.id).where(*there).order_by(col(Chat.id)).limit(limit))
    )


async def open_chat(tx: Transaction, values: Mapping[str, Any]) -> Chat:
    """Return the chat at the place that *values* name, made of them where it is new."""
    row = {"state_since": tx.now, "created_at": tx.now, **values}
    await insert_new(tx, Chat, [row])
    opened = await chat_at(tx, values["telegram_id"], values["thread_id"])
    if opened is None:
        raise LookupError("a chat that was just opened is gone")
    return opened


async def lock_chat(tx: Transaction, chat_id: int) -> Chat:
    """Return our row *chat_id*, locked, so that what one chat asks for happens in turn."""
    locked = select(Chat).where(col(Chat.id) == chat_id).with_for_update()
    fresh = locked.execution_options(populate_existing=True)
    return (await tx.session.exec(fresh)).one()


async def lock_account(tx: Transaction, chat_id: int) -> Chat:
    """Lock all rows of the Telegram chat of our row *chat_id*, in their order; return that row.

    Limits that all threads of a forum share are counted under this lock.
    """
    locked = select(Chat).where(of_account(col(Chat.id), chat_id)).order_by(col(Chat.id))
    fresh = locked.with_for_update().execution_options(populate_existing=True)
    return next(chat for chat in await tx.session.exec(fresh) if chat.id == chat_id)


def of_account(column: Any, chat_id: int) -> ColumnElement[bool]:
    """Say whether *column*, of our rows of chats, is a row of the same Telegram chat."""
    own = aliased(Chat, name="own")
    other = aliased(Chat, name="other")
    rows = select(other.id).join(own, col(own.telegram_id) == col(other.telegram_id))
    within: ColumnElement[bool] = column.in_(rows.where(col(own.id) == chat_id))
    return within


def _locking(which: ColumnElement[bool]) -> Select[Any]:
    """Return the statement that locks chats; rows that name a locked one may be added meanwhile."""
    statement: Select[Any] = (
        select(  # type: ignore[call-overload]
            Chat.id, Chat.zone, Chat.quiet_from, Chat.quiet_to, Chat.alerts_an_hour,
            Chat.state, Chat.state_since, effective_language(), Chat.kind, Chat.telegram_id,
        )
        .where(which)
        .order_by(col(Chat.id))
        .with_for_update(key_share=True)
    )  # fmt: skip
    return statement


_own = aliased(Chat, name="own")

_ASKED: Final = select(_own.telegram_id).where(among(col(_own.id), bindparam("chats")))
_LOCK: Final = _locking(among(col(Chat.id), bindparam("chats")))
_LOCK_ACCOUNTS: Final = _locking(col(Chat.telegram_id).in_(_ASKED))


async def lock_chats(tx: Transaction, chat_ids: Iterable[int]) -> list[AlertPreferences]:
    """Return the chats, by row; until this transaction is over no other changes them."""
    connection = await tx.session.connection()
    rows = await connection.execute(_LOCK, {"chats": list(chat_ids)})
    return [AlertPreferences(*row) for row in rows]


async def lock_with_invited(tx: Transaction, chat_id: int, user_id: int | None) -> None:
    """Lock our row *chat_id*, and those of the groups that *user_id* let the bot into."""
    rows = select(Chat.id).where(col(Chat.id) == chat_id)
    if user_id is not None:
        rows = select(Chat.id).where(or_(col(Chat.id) == chat_id, col(Chat.invited_by) == user_id))
    await tx.session.exec(rows.order_by(col(Chat.id)).with_for_update())


async def lock_accounts(tx: Transaction, chat_ids: Iterable[int]) -> list[AlertPreferences]:
    """Return the chats, by row, with the other threads of the same Telegram chats; see above."""
    connection = await tx.session.connection()
    rows = await connection.execute(_LOCK_ACCOUNTS, {"chats": list(chat_ids)})
    return [AlertPreferences(*row) for row in rows]


def columns_naming_a_chat() -> list[Column[int]]:
    """Return them, parents before children: an edition before its stories."""
    return [
        column
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.references(SQLModel.metadata.tables["chat"].c.id)
    ]


# Schedule times: when each chat's digests come. A chat that has chosen none has the default ones.


async def schedule_of(tx: Transaction, chat_id: int) -> tuple[ScheduleTime, ...]:
    return (await schedules_of(tx, [chat_id]))[chat_id]


_SCHEDULES: Final = (
    select(DigestTime.chat_id, DigestTime.number, DigestTime.minutes, DigestTime.weekdays)
    .where(among(col(DigestTime.chat_id), bindparam("chats")))
    .order_by(col(DigestTime.number))
)


async def schedules_of(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, tuple[ScheduleTime, ...]]:
    connection = await tx.session.connection()
    rows = await connection.execute(_SCHEDULES, {"chats": chat_ids})
    chosen: defaultdict[int, list[ScheduleTime]] = defaultdict(list)
    for chat_id, *time in rows:
        chosen[chat_id].append(ScheduleTime(*time))
    return {chat_id: tuple(chosen[chat_id]) or DEFAULT_SCHEDULE for chat_id in chat_ids}


async def set_schedule(tx: Transaction, chat_id: int, schedule: Sequence[ScheduleTime]) -> None:
    """Let these be all the schedule times of our row *chat_id*."""
    await tx.session.exec(delete(DigestTime).where(col(DigestTime.chat_id) == chat_id))
    tx.session.add_all(
        DigestTime(
            chat_id=chat_id, number=time.number, minutes=time.minutes, weekdays=time.weekdays
        )
        for time in schedule
    )
    await tx.session.flush()


# How much one chat may have, where the operator has said otherwise than for all. The threads of a
# Telegram chat share it.


async def quota_of(tx: Transaction, chat_id: int) -> Quota:
    """Return the quota of our row *chat_id*, which it shares with the threads of its chat."""
    theirs = select(Quota).where(of_account(col(Quota.chat_id), chat_id))
    found = await tx.session.exec(theirs.order_by(col(Quota.chat_id)).limit(1))
    return found.first() or Quota(chat_id=chat_id)


_other = aliased(Chat, name="other")

_ALERT_QUOTAS: Final = (
    select(_own.id, Quota.alerts)
    .join(_other, col(_other.telegram_id) == col(_own.telegram_id))
    .join(Quota, col(Quota.chat_id) == col(_other.id))
    .where(among(col(_own.id), bindparam("chats")), col(Quota.alerts).is_not(None))
    .order_by(col(Quota.chat_id).desc())
)


async def alert_quotas(tx: Transaction, chat_ids: Collection[int]) -> dict[int, int]:
    """Return how many alerts a day each chat may have, of those for whom that was said."""
    connection = await tx.session.connection()
    rows = await connection.execute(_ALERT_QUOTAS, {"chats": chat_ids})
    return {chat_id: number for chat_id, number in rows if number is not None}


# Chat admins: which administrators of a group or channel changed its subscriptions, and when last.
#
# Telegram does not say who administers a chat that the bot was removed from.


# Once a day is often enough, and an admin not seen for long may run it no more.
RECORD_EVERY, KNOWN_FOR = timedelta(days=1), timedelta(days=180)


async def is_recorded(tx: Transaction, chat_id: int, user_id: int) -> bool:
    """Whether it is written down already that the person chose something there lately."""
    known = await tx.session.get(ChatAdmin, (chat_id, user_id))
    return known is not None and known.at > tx.now - RECORD_EVERY


async def record_chat_admin(tx: Transaction, chat_id: int, user_id: int) -> None:
    await tx.session.merge(ChatAdmin(chat_id=chat_id, user_id=user_id, at=tx.now))
    await tx.session.flush()


async def private_chats_of_admins(tx: Transaction, telegram_id: int, *, limit: int) -> list[Chat]:
    """Return the private chats of those seen last in any thread of the place, if they are open."""
    seen = (
        select(col(ChatAdmin.user_id), func.max(col(ChatAdmin.at)).label("at"))
        .join(Chat, col(Chat.id) == ChatAdmin.chat_id)
        .where(col(Chat.telegram_id) == telegram_id, col(ChatAdmin.at) > tx.now - KNOWN_FOR)
        .group_by(col(ChatAdmin.user_id))
        .subquery()
    )
    rows = await tx.session.exec(
        select(Chat)
        .join(seen, seen.c.user_id == Chat.telegram_id)
        .where(
            col(Chat.kind) == ChatKind.PRIVATE,
            col(Chat.state).in_((ChatState.ACTIVE, ChatState.PAUSED)),
        )
        .order_by(seen.c.at.desc(), col(Chat.id))
        .limit(limit)
    )
    return list(rows)


async def forget_chat_admin(tx: Transaction, user_id: int) -> None:
    await tx.session.exec(delete(ChatAdmin).where(col(ChatAdmin.user_id) == user_id))


# Groups and channels, as those see them who may manage them from elsewhere.


ERASED_USER = 0  # the user who invited the bot, and has had all about themselves erased

_LEFT = (ChatState.KICKED, ChatState.GONE)


async def invited_chats(tx: Transaction, user_id: int, *, limit: int) -> list[Chat]:
    """Return groups and channels that *user_id* let the bot into, the newest first."""
    return await _shared(tx, col(Chat.invited_by) == user_id, limit)


async def other_chats(tx: Transaction, user_id: int, *, limit: int) -> list[Chat]:
    """Return groups and channels that somebody else let the bot into, the newest first."""
    return await _shared(tx, col(Chat.invited_by) != user_id, limit)


async def _shared(tx: Transaction, by_whom: ColumnElement[bool], limit: int) -> list[Chat]:
    rows = await tx.session.exec(
        select(Chat)
        .where(
            by_whom,
            col(Chat.thread_id) == 0,
            col(Chat.kind) != ChatKind.PRIVATE,
            col(Chat.state).not_in((*_LEFT, *CLOSED)),
        )
        .order_by(col(Chat.id).desc())
        .limit(limit)
    )
    return list(rows)


async def manage(tx: Transaction, user_id: int, chat_id: int | None) -> None:
    """Let what the person types in private be meant for our row *chat_id*; None: for themselves."""
    own = await chat_at(tx, user_id)
    if own is not None:
        own.managing = chat_id
        tx.session.add(own)
        await tx.session.flush()


async def set_question(
    tx: Transaction,
    telegram_id: int,
    thread_id: int,
    *,
    question: str | None,
    instead_of: str | None = None,
) -> None:
    """Let the chat wait for the answer to *question* (None: for none); see `Chat.question`.

    *instead_of*: only if it still waits for that.
    """
    where = [col(Chat.telegram_id) == telegram_id, col(Chat.thread_id) == thread_id]
    if instead_of is not None:
        where.append(col(Chat.question) == instead_of)
    await tx.session.exec(
        update(Chat)
        .where(*where)
        .values(question=question, asked_at=tx.now if question else None)
        .execution_options(synchronize_session=False)
    )


async def set_inviter(tx: Transaction, telegram_id: int, user_id: int) -> None:
    """Record who let the bot into a group or channel, for its threads too."""
    theirs = update(Chat).where(col(Chat.telegram_id) == telegram_id).values(invited_by=user_id)
    await tx.session.exec(theirs.execution_options(synchronize_session="fetch"))


async def forget_inviter(tx: Transaction, user_id: int) -> None:
    """Let the groups and channels stay, and nothing say any more that it was this person."""
    await tx.session.exec(
        update(Chat)
        .where(col(Chat.invited_by) == user_id)
        .values(invited_by=ERASED_USER)
        .execution_options(synchronize_session="fetch")
    )


# Groups and channels that are shut, of which the user who invited the bot does not know yet.


# What ends by somebody's doing there; a pause is what was asked for.
UNREACHABLE = (ChatState.KICKED, ChatState.BLOCKED, ChatState.GONE, ChatState.TOPIC_CLOSED)


async def unreported_unreachable(tx: Transaction, *, limit: int) -> list[Chat]:
    """Return up to *limit* such rows, locked; those of whole chats before those of threads."""
    rows = await tx.session.exec(
        select(Chat)
        .where(
            col(Chat.invited_by).is_not(None),
            col(Chat.state).in_(UNREACHABLE),
            or_(
                col(Chat.reported_since).is_(None),
                col(Chat.reported_since) != col(Chat.state_since),
            ),
        )
        .order_by(col(Chat.thread_id), col(Chat.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(rows)


async def is_reported(tx: Transaction, chat: Chat) -> bool:
    """Whether the same was reported of another row of the group, which it was about as well."""
    reported = select(Chat.id).where(
        col(Chat.telegram_id) == chat.telegram_id,
        col(Chat.id) != chat.id,
        col(Chat.state) == chat.state,
        col(Chat.reported_since) == col(Chat.state_since),
    )
    return (await tx.session.exec(reported.limit(1))).first() is not None


async def mark_reported(tx: Transaction, chats: Sequence[Chat]) -> None:
    await tx.session.exec(
        update(Chat)
        .where(among(col(Chat.id), [chat.id for chat in chats]))
        .values(reported_since=col(Chat.state_since))
        .execution_options(synchronize_session="fetch")
    )


async def private_chat_of(tx: Transaction, user_id: int) -> Chat | None:
    """Return the private chat with the person, unless they have blocked the bot."""
    theirs = (col(Chat.telegram_id) == user_id, col(Chat.kind) == ChatKind.PRIVATE)
    open_to_us = col(Chat.state).in_((ChatState.ACTIVE, ChatState.PAUSED))
    return (await tx.session.exec(select(Chat).where(*theirs, open_to_us))).first()
