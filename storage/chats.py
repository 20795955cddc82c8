"""Chats: the addresses on Telegram, one row for each chat and each thread.

Other tables refer to the row's `id`, never to Telegram's id, which may change.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Executable,
    Index,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    or_,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import (
    NUMBERED,
    ROW_ID,
    Leased,
    among,
    enum_column,
    insert_new,
    partial_index,
    upsert,
)
from storage.enums import (
    CLOSED,
    ChatKind,
    ChatState,
    DigestMedium,
    EmptyDay,
    Layout,
    Style,
    WordsPart,
)
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
    language: str = Field(default="en", max_length=16)  # IETF tag that the client reported
    chosen_language: str | None = Field(default=None, max_length=16)  # set by the chat's users
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
    # Where the lead picture of the first story is shown: in Telegram and on the page of a digest,
    # in mails, and in alerts.
    pictures: bool = True
    mail_pictures: bool = False
    alert_pictures: bool = False
    hashtags: bool = False  # of topics, at the end of alerts
    # Digests show translations and summaries of a language model, if the operator has set one up.
    uses_model: bool = True
    next_digest_at: datetime | None = None  # None: no subscription asks for a digest
    quiet_from: int | None = None  # minutes after local midnight; neither or both
    quiet_to: int | None = None
    alerts_an_hour: int = DEFAULT_ALERTS_PER_HOUR
    resume_at: datetime | None = None  # of a paused chat: when it resumes by itself
    # The last period in which Telegram delivered nothing to the chat. The next digest lists the
    # alerts of that period.
    away_from: datetime | None = None
    away_until: datetime | None = None

    # Groups and channels: Telegram's id of the user who invited the bot.
    invited_by: int | None = Field(default=None, sa_type=BigInteger)
    reported_since: datetime | None = None  # the `state_since` that was reported to that user
    # Private chats: the row id of the chat that is managed from here, which may since be deleted.
    managing: int | None = Field(default=None, sa_type=ROW_ID)
    managed_at: datetime | None = None  # when the user last did something for that chat
    # The question that the next typed message answers, and when it was asked.
    question: str | None = Field(default=None, max_length=64)
    asked_at: datetime | None = None

    @property
    def quiet_hours(self) -> QuietHours | None:
        return _quiet_hours(self.quiet_from, self.quiet_to)

    @property
    def speaks(self) -> str:
        """The tag of the language in which the bot writes to the chat."""
        return self.chosen_language or self.language


class DigestTime(SQLModel, table=True):
    __tablename__ = "digest_time"

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    number: int = Field(primary_key=True)
    minutes: int  # after local midnight
    weekdays: int  # bit 0 is Monday
    most_covered: bool = False  # it lists the most covered stories of the week


class DigestWords(SQLModel, table=True):
    """A chat's own words in its digests, "" for none; *former*: the text before, to undo."""

    __tablename__ = "digest_words"

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    part: WordsPart = Field(primary_key=True, sa_type=enum_column(WordsPart))
    text: str = ""
    former: str = ""


class Quota(SQLModel, table=True):
    """The limits of one chat. None: the default limit; 0 alerts a day: no limit."""

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    topics: int | None = None
    feeds: int | None = None
    alerts: int | None = None  # a day


class ChatAdmin(SQLModel, table=True):
    """An administrator of a group or channel; *at*: when they last changed its subscriptions."""

    chat_id: int = Field(
        primary_key=True, sa_type=ROW_ID, foreign_key="chat.id", ondelete="CASCADE"
    )
    user_id: int = Field(primary_key=True, sa_type=BigInteger, index=True)
    at: datetime | None = None


class PublishedFeed(SQLModel, table=True):
    """Whether the chat's topics and digests may be read as feeds. No row: nobody turned them on.

    The feed URLs contain the version, so that a new version invalidates the old URLs.
    """

    chat_id: int = Field(
        primary_key=True,
        foreign_key="chat.id",
        ondelete="CASCADE",
        sa_type=ROW_ID,
        sa_column_kwargs={"autoincrement": False},
    )
    version: int = 1
    is_open: bool = True
    changed_at: datetime


class AlertPreferences(NamedTuple):
    """The columns of a `Chat` that its alerts depend on."""

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


async def words_of(tx: Transaction, chat_id: int, part: WordsPart) -> DigestWords | None:
    return await tx.get(DigestWords, (chat_id, part))


async def words_of_each(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, Mapping[WordsPart, str]]:
    """Return the chats' own words, by chat; leaves out empty texts, and chats without any."""
    words: defaultdict[int, dict[WordsPart, str]] = defaultdict(dict)
    if chat_ids:
        for chat_id, part, text in await tx.rows(_WORDS, chats=chat_ids):
            words[chat_id][WordsPart(part)] = text
    return words


_WORDS: Final = select(DigestWords.chat_id, DigestWords.part, DigestWords.text).where(
    among(col(DigestWords.chat_id), bindparam("chats")), col(DigestWords.text) != ""
)


async def spoken_languages(tx: Transaction, telegram_ids: Collection[int]) -> dict[int, str]:
    """Return the language in which the bot writes to each of these chats, by Telegram's id."""
    rows = await tx.rows(
        select(Chat.telegram_id, effective_language()).where(
            among(col(Chat.telegram_id), telegram_ids), col(Chat.thread_id) == 0
        )
    )
    return {telegram_id: str(code) for telegram_id, code in rows}


async def names_of_chats(tx: Transaction, telegram_ids: Collection[int]) -> dict[int, str]:
    """Return the known names of these chats, by Telegram's id."""
    rows = await tx.rows(
        select(Chat.telegram_id, Chat.name).where(
            among(col(Chat.telegram_id), telegram_ids),
            col(Chat.thread_id) == 0,
            col(Chat.name) != "",
        )
    )
    return dict(rows)


def effective_language() -> ColumnElement[str]:
    """Build the SQL form of `Chat.speaks`."""
    return func.coalesce(col(Chat.chosen_language), col(Chat.language))


async def chat_at(tx: Transaction, telegram_id: int, thread_id: int = 0) -> Chat | None:
    chat: Chat | None = await tx.first(_chat_at(), telegram_id=telegram_id, thread_id=thread_id)
    return chat


@cache
def _chat_at() -> Executable:
    return select(Chat).where(
        col(Chat.telegram_id) == bindparam("telegram_id"),
        col(Chat.thread_id) == bindparam("thread_id"),
    )


async def chats_of(tx: Transaction, telegram_id: int) -> Sequence[Chat]:
    """Return the rows of a chat and of its threads, the chat's own first."""
    of_chat = select(Chat).where(col(Chat.telegram_id) == telegram_id)
    return await tx.rows(of_chat.order_by(col(Chat.thread_id)))


async def channels(tx: Transaction) -> Sequence[Chat]:
    """Return the channels in which the bot posts."""
    of_kind = (col(Chat.kind) == ChatKind.CHANNEL, col(Chat.state).not_in(CLOSED), is_kept())
    return await tx.rows(select(Chat).where(*of_kind).order_by(col(Chat.id)))


async def chat_ids_after(tx: Transaction, chat_id: int, limit: int) -> Sequence[int]:
    """Return at most *limit* ids of chats above *chat_id*, in order."""
    following = (col(Chat.id) > chat_id, is_kept())
    return await tx.rows(select(Chat.id).where(*following).order_by(col(Chat.id)).limit(limit))


def is_kept() -> ColumnElement[bool]:
    """Build the condition that a `Chat` is not being erased."""
    return col(Chat.state) != ChatState.ERASED


async def open_chat(tx: Transaction, values: Mapping[str, Any]) -> Chat:
    """Return the chat at the Telegram id and thread of *values*; create it if it is new."""
    row = {"state_since": tx.now, "created_at": tx.now, **values}
    await insert_new(tx, Chat, [row])
    opened = await chat_at(tx, values["telegram_id"], values["thread_id"])
    if opened is None:
        raise LookupError("a chat that was just opened is gone")
    return opened


async def lock_chat(tx: Transaction, chat_id: int) -> Chat:
    """Lock the chat, so that its requests are handled one by one; return its row."""
    locked = select(Chat).where(col(Chat.id) == chat_id).with_for_update()
    return await tx.one(locked.execution_options(populate_existing=True))


async def lock_account(tx: Transaction, chat_id: int) -> Chat:
    """Lock the rows of all threads of the Telegram chat, by id; return row *chat_id*.

    Limits that the threads of a forum share are counted under this lock.
    """
    rows = await tx.rows(
        select(Chat)
        .where(of_account(col(Chat.id), chat_id))
        .order_by(col(Chat.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return next(chat for chat in rows if chat.id == chat_id)


def of_account(column: Any, chat_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Build the condition that *column*, a row id, is in the same Telegram chat as *chat_id*."""
    rows, own_id = _rows_of_account()
    within: ColumnElement[bool] = column.in_(rows.where(own_id == chat_id))
    return within


@cache
def _rows_of_account() -> tuple[Any, Any]:
    """Return the ids of a chat's account, and the column that must be the chat's id."""
    own = aliased(Chat, name="own")
    other = aliased(Chat, name="other")
    rows = select(other.id).join(own, col(own.telegram_id) == col(other.telegram_id))
    return rows, col(own.id)


async def lock_chats(tx: Transaction, chat_ids: Iterable[int]) -> list[AlertPreferences]:
    """Lock the chats, in the order of their ids, until the transaction ends; return them."""
    rows = await tx.rows(_locking_chats(), chats=list(chat_ids))
    return [AlertPreferences(*row) for row in rows]


@cache
def _locking_chats() -> Executable:
    return _locking(among(col(Chat.id), bindparam("chats")))


async def lock_accounts(tx: Transaction, chat_ids: Iterable[int]) -> list[AlertPreferences]:
    """Lock and return all threads of the Telegram chats that *chat_ids* belong to, by id."""
    rows = await tx.rows(_locking_accounts(), chats=list(chat_ids))
    return [AlertPreferences(*row) for row in rows]


@cache
def _locking_accounts() -> Executable:
    own = aliased(Chat, name="own")
    telegram_ids = select(own.telegram_id).where(among(col(own.id), bindparam("chats")))
    return _locking(col(Chat.telegram_id).in_(telegram_ids))


def _locking(which: ColumnElement[bool]) -> Executable:
    # FOR NO KEY UPDATE lets other transactions insert rows that refer to a locked chat.
    statement: Executable = (
        select(  # type: ignore[call-overload]
            Chat.id, Chat.zone, Chat.quiet_from, Chat.quiet_to, Chat.alerts_an_hour,
            Chat.state, Chat.state_since, effective_language(), Chat.kind, Chat.telegram_id,
        )
        .where(which)
        .order_by(col(Chat.id))
        .with_for_update(key_share=True)
    )  # fmt: skip
    return statement


async def lock_with_invited(tx: Transaction, chat_id: int, user_id: int | None) -> None:
    """Lock the chat, and the groups and channels that *user_id* invited the bot to."""
    rows = select(Chat.id).where(col(Chat.id) == chat_id)
    if user_id is not None:
        rows = select(Chat.id).where(or_(col(Chat.id) == chat_id, col(Chat.invited_by) == user_id))
    await tx.rows(rows.order_by(col(Chat.id)).with_for_update())


def columns_naming_a_chat() -> list[Column[int]]:
    """Return all foreign keys to `chat`, those of parent tables before those of their children."""
    return [
        column
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.references(SQLModel.metadata.tables["chat"].c.id)
    ]


# Schedule times: when each chat's digests are sent. A chat that has chosen none has the defaults.


async def schedule_of(tx: Transaction, chat_id: int) -> tuple[ScheduleTime, ...]:
    return (await schedules_of(tx, [chat_id]))[chat_id]


_SCHEDULES: Final = (
    select(  # type: ignore[call-overload]
        DigestTime.chat_id,
        DigestTime.number,
        DigestTime.minutes,
        DigestTime.weekdays,
        DigestTime.most_covered,
    )
    .where(among(col(DigestTime.chat_id), bindparam("chats")))
    .order_by(col(DigestTime.number))
)


async def schedules_of(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, tuple[ScheduleTime, ...]]:
    chosen: defaultdict[int, list[ScheduleTime]] = defaultdict(list)
    for chat_id, *time in await tx.rows(_SCHEDULES, chats=chat_ids):
        chosen[chat_id].append(ScheduleTime(*time))
    return {chat_id: tuple(chosen[chat_id]) or DEFAULT_SCHEDULE for chat_id in chat_ids}


async def set_schedule(tx: Transaction, chat_id: int, schedule: Sequence[ScheduleTime]) -> None:
    """Replace all schedule times of the chat."""
    await tx.change(delete(DigestTime).where(col(DigestTime.chat_id) == chat_id))
    rows = [{"chat_id": chat_id, **asdict(time)} for time in schedule]
    await insert_new(tx, DigestTime, rows)


# Quotas: limits that the operator set for one chat. The threads of a Telegram chat share them.


async def quota_of(tx: Transaction, chat_id: int) -> Quota:
    """Return the quota that the chat shares with the other threads of its Telegram chat."""
    return await tx.first(_shared_quota(), chat_id=chat_id) or Quota(chat_id=chat_id)


@cache
def _shared_quota() -> Executable:
    shared = select(Quota).where(of_account(col(Quota.chat_id), bindparam("chat_id")))
    return shared.order_by(col(Quota.chat_id)).limit(1)


async def alert_quotas(tx: Transaction, chat_ids: Collection[int]) -> dict[int, int]:
    """Return how many alerts a day each chat may get; leaves out chats without such a quota."""
    rows = await tx.rows(_alert_quotas(), chats=chat_ids)
    return {chat_id: number for chat_id, number in rows if number is not None}


@cache
def _alert_quotas() -> Executable:
    own = aliased(Chat, name="own")
    other = aliased(Chat, name="other")
    return (
        select(own.id, Quota.alerts)
        .join(other, col(other.telegram_id) == col(own.telegram_id))
        .join(Quota, col(Quota.chat_id) == col(other.id))
        .where(among(col(own.id), bindparam("chats")), col(Quota.alerts).is_not(None))
        .order_by(col(Quota.chat_id).desc())
    )


# Published feeds.


async def published_feed(tx: Transaction, chat_id: int) -> PublishedFeed | None:
    feed: PublishedFeed | None = await tx.first(
        select(PublishedFeed).where(PublishedFeed.chat_id == chat_id)
    )
    return feed


async def lock_published_feed(tx: Transaction, chat_id: int) -> PublishedFeed:
    """Lock and return the chat's row, created if it is missing. The chat must be locked."""
    locked = select(PublishedFeed).where(col(PublishedFeed.chat_id) == chat_id).with_for_update()
    grant = await tx.first(locked)
    return grant or await tx.add(PublishedFeed(chat_id=chat_id, changed_at=tx.now))


# Chat admins: the administrators of each group and channel, as Telegram last listed them.
#
# They are recorded because Telegram does not tell which chats a user administers, and no longer
# lists the administrators once the bot was removed.


# `KNOWN_FOR` is limited, because an admin who was not seen for long may no longer be one.
RECORD_EVERY, KNOWN_FOR = timedelta(days=1), timedelta(days=180)


async def is_admin_recorded(tx: Transaction, chat_id: int, user_id: int) -> bool:
    """Return whether the user was recorded as an admin of the chat within `RECORD_EVERY`."""
    known = await tx.get(ChatAdmin, (chat_id, user_id))
    return known is not None and known.at is not None and known.at > tx.now - RECORD_EVERY


async def record_chat_admin(tx: Transaction, chat_id: int, user_id: int) -> None:
    row = {"chat_id": chat_id, "user_id": user_id, "at": tx.now}
    await upsert(tx, ChatAdmin, [row], key="chat_id, user_id", changes="at = excluded.at")


async def listed_admins(tx: Transaction, telegram_id: int) -> frozenset[int]:
    """Return the user ids of the recorded administrators of a group or channel."""
    rows = await tx.rows(select(ChatAdmin.user_id).where(_of_telegram_chat(telegram_id)))
    return frozenset(rows)


async def add_listed_admins(tx: Transaction, chat_id: int, user_ids: Iterable[int]) -> None:
    rows = [{"chat_id": chat_id, "user_id": user_id} for user_id in user_ids]
    await insert_new(tx, ChatAdmin, rows)


async def remove_listed_admins(
    tx: Transaction, telegram_id: int, user_ids: Collection[int]
) -> None:
    """Forget that these users administer the group or channel, in its threads too."""
    former = among(col(ChatAdmin.user_id), user_ids)
    await tx.change(delete(ChatAdmin).where(_of_telegram_chat(telegram_id), former))


def _of_telegram_chat(telegram_id: int) -> ColumnElement[bool]:
    rows = select(Chat.id).where(col(Chat.telegram_id) == telegram_id)
    return col(ChatAdmin.chat_id).in_(rows)


async def private_chats_of_admins(
    tx: Transaction, telegram_id: int, *, limit: int
) -> Sequence[Chat]:
    """Return the open private chats of the admins of a chat, those seen last first."""
    seen = (
        select(col(ChatAdmin.user_id), func.max(col(ChatAdmin.at)).label("at"))
        .join(Chat, col(Chat.id) == ChatAdmin.chat_id)
        .where(col(Chat.telegram_id) == telegram_id, col(ChatAdmin.at) > tx.now - KNOWN_FOR)
        .group_by(col(ChatAdmin.user_id))
        .subquery()
    )
    return await tx.rows(
        select(Chat)
        .join(seen, seen.c.user_id == Chat.telegram_id)
        .where(col(Chat.kind) == ChatKind.PRIVATE, _is_open())
        .order_by(seen.c.at.desc(), col(Chat.id))
        .limit(limit)
    )


def _is_open() -> ColumnElement[bool]:
    return col(Chat.state).in_((ChatState.ACTIVE, ChatState.PAUSED))


async def forget_chat_admin(tx: Transaction, user_id: int) -> None:
    await tx.change(delete(ChatAdmin).where(col(ChatAdmin.user_id) == user_id))


# Groups and channels that are managed from a private chat.


ERASED_USER = 0  # stands for a user whose data was erased: who invited the bot, or an admin

_LEFT = (ChatState.KICKED, ChatState.GONE)


async def administered_chats(
    tx: Transaction, user_id: int, *, offset: int, limit: int
) -> Sequence[Chat]:
    """Return the groups and channels with the bot that the user administers, newest first."""
    administered = select(Chat).where(_is_administered_by(user_id))
    return await tx.rows(administered.order_by(col(Chat.id).desc()).offset(offset).limit(limit))


async def count_administered_chats(tx: Transaction, user_id: int) -> int:
    return await tx.one(select(func.count()).select_from(Chat).where(_is_administered_by(user_id)))


def _is_administered_by(user_id: int) -> ColumnElement[bool]:
    used = aliased(Chat, name="used")  # a group, or one of its threads
    telegram_ids = (
        select(used.telegram_id)
        .join(ChatAdmin, col(ChatAdmin.chat_id) == used.id)
        .where(col(ChatAdmin.user_id) == user_id)
    )
    return and_(
        col(Chat.telegram_id).in_(telegram_ids),
        col(Chat.thread_id) == 0,
        col(Chat.kind) != ChatKind.PRIVATE,
        col(Chat.state).not_in((*_LEFT, *CLOSED, ChatState.ERASED)),
    )


async def set_managed_chat(tx: Transaction, user_id: int, chat_id: int | None) -> None:
    """Let the user manage *chat_id* from the private chat; None: the private chat itself."""
    own = await chat_at(tx, user_id)
    if own is not None:
        own.managing, own.managed_at = chat_id, tx.now if chat_id else None
        await tx.flush()


async def set_question(
    tx: Transaction,
    telegram_id: int,
    thread_id: int,
    *,
    question: str | None,
    instead_of: str | None = None,
) -> None:
    """Store the question that the chat's next message answers; None: none.

    *instead_of*: change it only if the chat still waits for the answer to this question.
    """
    where = [col(Chat.telegram_id) == telegram_id, col(Chat.thread_id) == thread_id]
    if instead_of is not None:
        where.append(col(Chat.question) == instead_of)
    values = {"question": question, "asked_at": tx.now if question else None}
    await tx.change(update(Chat).where(*where).values(**values))


async def set_inviter(tx: Transaction, telegram_id: int, user_id: int) -> None:
    """Record which user invited the bot to a group or channel, for its threads too."""
    of_chat = col(Chat.telegram_id) == telegram_id
    await tx.change(update(Chat).where(of_chat).values(invited_by=user_id))


async def forget_inviter(tx: Transaction, user_id: int) -> None:
    """Remove the user's id from the groups and channels that the user invited the bot to."""
    invited = col(Chat.invited_by) == user_id
    await tx.change(update(Chat).where(invited).values(invited_by=ERASED_USER))


# Groups and channels that the bot can no longer reach, until the user who invited it is notified.


# A pause is not among these states, because the chat's own users asked for it.
UNREACHABLE = (ChatState.KICKED, ChatState.BLOCKED, ChatState.GONE, ChatState.TOPIC_CLOSED)


async def unreported_unreachable(tx: Transaction, *, limit: int) -> Sequence[Chat]:
    """Lock and return at most *limit* unreachable chats whose inviter was not notified yet.

    Whole chats come before threads.
    """
    return await tx.rows(
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


async def is_reported_by_other_row(tx: Transaction, chat: Chat) -> bool:
    """Return whether the same state was already reported for another thread of the group."""
    reported = select(Chat.id).where(
        col(Chat.telegram_id) == chat.telegram_id,
        col(Chat.id) != chat.id,
        col(Chat.state) == chat.state,
        col(Chat.reported_since) == col(Chat.state_since),
    )
    return await tx.first(reported.limit(1)) is not None


async def mark_reported(tx: Transaction, chat: Chat) -> None:
    chat.reported_since = chat.state_since
    await tx.flush()


async def private_chat_of(tx: Transaction, user_id: int) -> Chat | None:
    """Return the private chat with the user, unless the user has blocked the bot."""
    private = (col(Chat.telegram_id) == user_id, col(Chat.kind) == ChatKind.PRIVATE)
    chat: Chat | None = await tx.first(select(Chat).where(*private, _is_open()))
    return chat
