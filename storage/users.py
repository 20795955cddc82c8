"""Chats as admins see them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, bindparam, delete, exists, func
from sqlmodel import SQLModel, col, select

from storage.access import Admission
from storage.alerts import Alert
from storage.chats import Chat, DigestTime, Quota, schedules_of
from storage.db.engine import Transaction
from storage.db.sql import among, insert_new
from storage.editions import Edition, last_editions_of_each
from storage.enums import (
    DEFAULT_SCHEDULE,
    SOURCE_MUTES,
    ChatKind,
    ChatState,
    Mode,
    MuteKind,
    ScheduleTime,
)
from storage.feeds_followed import Unfollowed
from storage.mailboxes import Mailbox
from storage.mutes import Mute, MuteSubject, NewMute, add_mutes, is_active
from storage.outbox import Delivery
from storage.queries import Query, queries_for
from storage.sources import Follow, Source, sources_known
from storage.subscriptions import Subscription
from storage.topics import Topic


class ChatListed(NamedTuple):
    id: int
    telegram_id: int
    thread_id: int
    kind: ChatKind
    name: str
    thread_name: str
    state: ChatState
    state_since: datetime
    created_at: datetime
    topics: int
    last_alert_at: datetime | None


_IS_THERE: Final = col(Chat.state) != ChatState.ERASED


async def count_chats(tx: Transaction) -> int:
    there = select(func.count()).select_from(Chat).where(_IS_THERE)
    return (await tx.session.exec(there)).one()


async def chats_listed(tx: Transaction, *, offset: int, limit: int) -> list[ChatListed]:
    """Return the chats, the newest first."""
    newest = _listed().where(_IS_THERE).order_by(col(Chat.id).desc()).offset(offset).limit(limit)
    return [ChatListed(*row) for row in await tx.session.exec(newest)]


async def chat_listed(tx: Transaction, chat_id: int) -> ChatListed | None:
    row = (await tx.session.exec(_listed().where(col(Chat.id) == chat_id))).first()
    return ChatListed(*row) if row else None


async def names_of_chats(tx: Transaction, telegram_ids: Collection[int]) -> dict[int, str]:
    """Return what Telegram's chats of these numbers are called, as far as we know them."""
    named = (
        among(col(Chat.telegram_id), telegram_ids),
        col(Chat.thread_id) == 0,
        col(Chat.name) != "",
    )
    rows = await tx.session.exec(select(Chat.telegram_id, Chat.name).where(*named))
    return dict(list(rows))


def _listed() -> Any:
    topics = select(func.count()).where(col(Subscription.chat_id) == Chat.id)
    last = select(func.max(Alert.made_at)).where(col(Alert.chat_id) == Chat.id)
    return select(  # type: ignore[call-overload]
        Chat.id, Chat.telegram_id, Chat.thread_id, Chat.kind, Chat.name, Chat.thread_name,
        Chat.state, Chat.state_since, Chat.created_at,
        topics.correlate(Chat).scalar_subquery(), last.correlate(Chat).scalar_subquery(),
    )  # fmt: skip


# All that there is of a chat, for what is kept of it.


class SubscribedTopic(NamedTuple):
    topic: Topic
    subscription: Subscription


async def all_subscriptions(tx: Transaction, chat_id: int) -> list[SubscribedTopic]:
    """Return every topic of the chat, in the order in which it began."""
    rows = await tx.session.exec(
        select(Topic, Subscription)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id)
        .order_by(col(Subscription.id))
    )
    return [SubscribedTopic(*row) for row in rows]


async def all_followed(tx: Transaction, chat_id: int) -> list[Source]:
    rows = await tx.session.exec(
        select(Source)
        .join(Follow, col(Follow.source_id) == Source.id)
        .where(col(Follow.chat_id) == chat_id)
        .order_by(col(Source.id))
    )
    return list(rows)


async def all_editions(tx: Transaction, chat_id: int, limit: int) -> list[Edition]:
    """Return the newest of them, the oldest first."""
    rows = await tx.session.exec(
        select(Edition)
        .where(col(Edition.chat_id) == chat_id)
        .order_by(col(Edition.id).desc())
        .limit(limit)
    )
    return list(rows)[::-1]


class StoredCounts(NamedTuple):
    """How many rows there are of each."""

    topics: int
    sources: int
    mutes: int
    mailboxes: int
    editions: int
    alerts: int
    messages: int


async def stored_counts(tx: Transaction, chat_id: int) -> StoredCounts:
    tables = (Subscription, Follow, Mute, Mailbox, Edition, Alert, Delivery)
    return StoredCounts(*[await _count(tx, table, chat_id) for table in tables])


async def _count(tx: Transaction, table: type[SQLModel], chat_id: int) -> int:
    ours = table.__table__.c.chat_id == chat_id  # type: ignore[attr-defined]
    return (await tx.session.exec(select(func.count()).select_from(table).where(ours))).one()


# All people and what is theirs, some at a time, to carry them elsewhere.


class MutedSource(NamedTuple):
    kind: MuteKind
    url: str
    until: datetime | None


class UserData(NamedTuple):
    """A chat with what it has chosen. *muted* is until when each topic is, by its row."""

    chat: Chat
    slots: Sequence[ScheduleTime]
    watched: Sequence[SubscribedTopic]
    muted: Mapping[int, datetime | None]
    mutes: Sequence[MutedSource]
    sources: Sequence[Source]
    mailbox: Mailbox | None
    allowance: Quota | None
    is_admitted: bool


async def users_after(tx: Transaction, chat_id: int, limit: int) -> list[UserData]:
    """Return the next after our row *chat_id*, in the order in which they came."""
    is_there = (col(Chat.id) > chat_id, col(Chat.state) != ChatState.ERASED)
    wanted = select(Chat).where(*is_there).order_by(col(Chat.id)).limit(limit)
    chats = list(await tx.session.exec(wanted))
    ids = [chat.id for chat in chats]
    theirs = await _Collected.of(tx, chats, ids)
    return [theirs.person(chat) for chat in chats]


class _Collected(NamedTuple):
    slots: Mapping[int, Sequence[ScheduleTime]]
    watched: Mapping[int, list[SubscribedTopic]]
    muted: Mapping[int, dict[int, datetime | None]]
    mutes: Mapping[int, list[MutedSource]]
    sources: Mapping[int, list[Source]]
    mailboxes: Mapping[int, Mailbox]
    allowances: Mapping[int, Quota]
    admitted: Collection[int]

    @classmethod
    async def of(cls, tx: Transaction, chats: Sequence[Chat], ids: Sequence[int]) -> "_Collected":
        boxes = await tx.session.exec(select(Mailbox).where(among(col(Mailbox.chat_id), ids)))
        said = await tx.session.exec(select(Quota).where(among(col(Quota.chat_id), ids)))
        persons = [chat.telegram_id for chat in chats]
        let_in = select(Admission.user_id).where(among(col(Admission.user_id), persons))
        return cls(
            slots=await schedules_of(tx, ids),
            watched=await _watched(tx, ids),
            muted=await _muted(tx, ids),
            mutes=await _mutes(tx, ids),
            sources=await _sources(tx, ids),
            mailboxes={box.chat_id: box for box in boxes},
            allowances={one.chat_id: one for one in said},
            admitted=frozenset(await tx.session.exec(let_in)),
        )

    def person(self, chat: Chat) -> UserData:
        chat_id = chat.id
        return UserData(
            chat=chat,
            slots=self.slots[chat_id],
            watched=self.watched.get(chat_id, ()),
            muted=self.muted.get(chat_id, {}),
            mutes=self.mutes.get(chat_id, ()),
            sources=self.sources.get(chat_id, ()),
            mailbox=self.mailboxes.get(chat_id),
            allowance=self.allowances.get(chat_id),
            is_admitted=chat.telegram_id in self.admitted,
        )


async def _watched(tx: Transaction, ids: Sequence[int]) -> Mapping[int, list[SubscribedTopic]]:
    rows = await tx.session.exec(
        select(Topic, Subscription)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(among(col(Subscription.chat_id), ids))
        .order_by(col(Subscription.id))
    )
    found: defaultdict[int, list[SubscribedTopic]] = defaultdict(list)
    for topic, subscription in rows:
        found[subscription.chat_id].append(SubscribedTopic(topic, subscription))
    return found


async def _muted(tx: Transaction, ids: Sequence[int]) -> Mapping[int, dict[int, datetime | None]]:
    theirs = (among(col(Mute.chat_id), ids), col(Mute.kind) == MuteKind.TOPIC, is_active(tx.now))
    rows = await tx.session.exec(select(Mute.chat_id, Mute.subject_id, Mute.until).where(*theirs))
    found: defaultdict[int, dict[int, datetime | None]] = defaultdict(dict)
    for chat_id, topic_id, until in rows:
        found[chat_id][topic_id] = until
    return found


async def _mutes(tx: Transaction, ids: Sequence[int]) -> Mapping[int, list[MutedSource]]:
    """Stories pass, and an outlet of a search has no address: neither is carried elsewhere."""
    rows = await tx.session.exec(
        select(Mute.chat_id, Mute.kind, Source.url, Mute.until)
        .join(Source, col(Source.id) == Mute.subject_id)
        .where(
            among(col(Mute.chat_id), ids),
            col(Mute.kind).in_(SOURCE_MUTES),
            col(Mute.outlet) == "",
            is_active(tx.now),
        )
        .order_by(col(Mute.id))
    )
    found: defaultdict[int, list[MutedSource]] = defaultdict(list)
    for chat_id, kind, url, until in rows:
        found[chat_id].append(MutedSource(MuteKind(kind), url, until))
    return found


async def _sources(tx: Transaction, ids: Sequence[int]) -> Mapping[int, list[Source]]:
    rows = await tx.session.exec(
        select(Follow.chat_id, Source)
        .join(Source, col(Source.id) == Follow.source_id)
        .where(among(col(Follow.chat_id), ids))
        .order_by(col(Source.id))
    )
    found: defaultdict[int, list[Source]] = defaultdict(list)
    for chat_id, source in rows:
        found[chat_id].append(source)
    return found


# What chats have of that which is carried from one database to another, many at a time.


Mutes = set[tuple[MuteKind, str]]


@dataclass(slots=True)
class KnownUsers:
    """Of one chat. Queries are named by their canonical text, sources by the hash of their URL.

    *days*: of each slot's last edition, by its number.
    """

    slots: tuple[ScheduleTime, ...] = DEFAULT_SCHEDULE
    topics: set[int] = field(default_factory=set)  # those of the catalogue that it watches
    queries: set[str] = field(default_factory=set)  # of all topics that it watches
    watched: int = 0  # how many these are
    wants_digest: bool = False
    own: dict[str, int] = field(default_factory=dict)  # its topics by query, watched or not
    followed: set[str] = field(default_factory=set)
    muted: Mutes = field(default_factory=set)  # sources
    address: str | None = None  # of its mailbox
    allowance: Quota | None = None
    days: Mapping[int, date] = field(default_factory=dict)


async def known_users(tx: Transaction, chat_ids: Collection[int]) -> Mapping[int, KnownUsers]:
    if not chat_ids:
        return {}
    known = {chat_id: KnownUsers() for chat_id in chat_ids}
    for chat_id, slots in (await schedules_of(tx, chat_ids)).items():
        known[chat_id].slots = slots
    for chat_id, last in (await last_editions_of_each(tx, chat_ids)).items():
        known[chat_id].days = last.days
    await _fill_topics(tx, known)
    muted = _MUTED.where(is_active(tx.now))
    for chat_id, url_hash in await _rows(tx, _FOLLOWED, known):
        known[chat_id].followed.add(url_hash)
    for chat_id, kind, url_hash in await _rows(tx, muted, known):
        known[chat_id].muted.add((MuteKind(kind), url_hash))
    for chat_id, address in await _rows(tx, _ADDRESSES, known):
        known[chat_id].address = address
    for allowance in await tx.session.exec(
        select(Quota).where(among(col(Quota.chat_id), chat_ids))
    ):
        known[allowance.chat_id].allowance = allowance
    return known


async def _fill_topics(tx: Transaction, known: Mapping[int, KnownUsers]) -> None:
    watched = await _rows(tx, _WATCHED, known)
    for chat_id, topic_id, is_public, canonical, mode, paused in watched:
        one = known[chat_id]
        one.watched += 1
        one.queries.add(canonical)
        one.wants_digest |= Mode(mode).digests and not paused
        if is_public:
            one.topics.add(topic_id)
    for chat_id, canonical, topic_id in await _rows(tx, _OWN_TOPICS, known):
        known[chat_id].own.setdefault(canonical, topic_id)


async def _rows(tx: Transaction, wanted: Any, chat_ids: Collection[int]) -> Sequence[Any]:
    connection = await tx.session.connection()
    return list(await connection.execute(wanted, {"ids": chat_ids}))


_IDS: Final[BindParameter[Any]] = bindparam("ids")


_WATCHED: Final = (
    select(  # type: ignore[call-overload]
        Subscription.chat_id,
        Subscription.topic_id,
        col(Topic.chat_id).is_(None),
        Query.canonical,
        Subscription.mode,
        Subscription.paused,
    )
    .join(Topic, col(Topic.id) == Subscription.topic_id)
    .join(Query, col(Query.id) == Topic.query_id)
    .where(among(col(Subscription.chat_id), _IDS))
)

_OWN_TOPICS: Final = (
    select(Topic.chat_id, Query.canonical, Topic.id)
    .join(Query, col(Query.id) == Topic.query_id)
    .where(among(col(Topic.chat_id), _IDS))
    .order_by(col(Topic.id))
)

_FOLLOWED: Final = (
    select(Follow.chat_id, Source.url_hash)
    .join(Source, col(Source.id) == Follow.source_id)
    .where(among(col(Follow.chat_id), _IDS))
)

_MUTED: Final = (
    select(Mute.chat_id, Mute.kind, Source.url_hash)
    .join(Source, col(Source.id) == Mute.subject_id)
    .where(among(col(Mute.chat_id), _IDS), col(Mute.kind).in_(SOURCE_MUTES), col(Mute.outlet) == "")
)

_ADDRESSES: Final = select(Mailbox.chat_id, Mailbox.address).where(
    among(col(Mailbox.chat_id), _IDS)
)


# What is new of many chats, put into the tables together.
#
# Chats are locked, as are the sources that are named. Queries are named by their canonical text and
# sources by the hash of their URL, since the numbers of those that are new are given here.


class NewSubscription(NamedTuple):
    """A subscription. *topic_id* is None for a new topic of the chat's own.

    *canonical* is None for one of the catalogue; *name* and *typed* are of a new one.
    """

    chat_id: int
    topic_id: int | None
    canonical: str | None
    name: str
    typed: str
    mode: Mode
    is_paused: bool
    is_muted: bool = False
    muted_until: datetime | None = None


class NewSourceMute(NamedTuple):
    chat_id: int
    kind: MuteKind
    url_hash: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class NewUsers:
    """Each list in the order in which its rows are to stand; dicts are rows, without moments."""

    slots: dict[int, tuple[ScheduleTime, ...]] = field(default_factory=dict)  # all of a chat
    allowances: list[Quota] = field(default_factory=list)
    admitted: list[int] = field(default_factory=list)  # Telegram's ids of people
    watches: list[NewSubscription] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    follows: list[tuple[int, str]] = field(default_factory=list)  # chat and source
    mutes: list[NewSourceMute] = field(default_factory=list)
    mailboxes: list[dict[str, Any]] = field(default_factory=list)


async def add_users(tx: Transaction, added: NewUsers, there: Collection[int]) -> None:
    """*there* are the chats that are not new themselves."""
    await _add_slots(tx, added.slots, there)
    await insert_new(tx, Quota, [one.model_dump() for one in added.allowances])
    let_in = {"since": tx.now, "invite_id": None}
    await insert_new(tx, Admission, [let_in | {"user_id": one} for one in added.admitted])
    asked = {"created_at": tx.now, "state_since": tx.now, "asked_at": tx.now}
    await insert_new(tx, Mailbox, [box | asked for box in added.mailboxes])
    source_mutes = await _add_sources(tx, added, there)
    # Last, since who else wants words that nobody watched before waits from here on.
    topic_mutes = await _add_watches(tx, added.watches)
    await add_mutes(tx, topic_mutes + source_mutes)


async def _add_slots(
    tx: Transaction, slots: Mapping[int, tuple[ScheduleTime, ...]], there: Collection[int]
) -> None:
    if changed := slots.keys() & set(there):
        await tx.session.exec(delete(DigestTime).where(among(col(DigestTime.chat_id), changed)))
    rows = [
        {"chat_id": chat_id, "number": one.number, "minutes": one.minutes, "weekdays": one.weekdays}
        for chat_id, chosen in slots.items()
        for one in chosen
    ]
    await insert_new(tx, DigestTime, rows)


async def _add_watches(tx: Transaction, watches: Collection[NewSubscription]) -> list[NewMute]:
    """Return what of it is to be muted."""
    asked = [one.canonical for one in watches if one.canonical is not None]
    queries = await queries_for(tx, asked)
    own = await _add_topics(tx, [one for one in watches if one.topic_id is None], queries)
    rows, mutes = [], []
    for one in watches:
        topic_id = one.topic_id or own[one.chat_id, queries[one.canonical or ""]]
        named = {"chat_id": one.chat_id, "topic_id": topic_id, "mode": one.mode}
        rows.append(named | {"paused": one.is_paused, "created_at": tx.now})
        if one.is_muted:
            mutes.append(
                NewMute(one.chat_id, MuteSubject(MuteKind.TOPIC, topic_id), one.muted_until)
            )
    await insert_new(tx, Subscription, rows)
    return mutes


async def _add_topics(
    tx: Transaction, new: Collection[NewSubscription], queries: Mapping[str, int]
) -> dict[tuple[int, int], int]:
    """Return the topics of these chats, by chat and query."""
    if not new:
        return {}
    rows = [
        {
            "chat_id": one.chat_id,
            "query_id": queries[one.canonical or ""],
            "name": one.name,
            "typed": one.typed,
            "created_at": tx.now,
        }
        for one in new
    ]
    await insert_new(tx, Topic, rows)
    found = await tx.session.exec(
        select(Topic.chat_id, Topic.query_id, Topic.id)
        .where(among(col(Topic.chat_id), {one.chat_id for one in new}))
        .order_by(col(Topic.id).desc())
    )
    return {(chat_id or 0, query_id): topic_id for chat_id, query_id, topic_id in found}


async def _add_sources(tx: Transaction, added: NewUsers, there: Collection[int]) -> list[NewMute]:
    """Let them be followed; return what of them is to be muted."""
    moments = {"created_at": tx.now, "next_fetch_at": tx.now}
    await insert_new(tx, Source, [one | moments for one in added.sources])
    named = {url_hash for _, url_hash in added.follows} | {one.url_hash for one in added.mutes}
    ids = {source.url_hash: source.id for source in await sources_known(tx, named)}
    rows = [{"chat_id": chat_id, "source_id": ids[hashed]} for chat_id, hashed in added.follows]
    await insert_new(tx, Follow, rows)
    await _forget_left(tx, {chat_id for chat_id, _ in added.follows} & set(there))
    return [
        NewMute(one.chat_id, MuteSubject(one.kind, ids[one.url_hash]), one.until)
        for one in added.mutes
    ]


async def _forget_left(tx: Transaction, chat_ids: Collection[int]) -> None:
    """What a chat follows again it has not let go of."""
    if chat_ids:
        again = exists().where(
            col(Follow.chat_id) == Unfollowed.chat_id, col(Follow.source_id) == Unfollowed.source_id
        )
        await tx.session.exec(
            delete(Unfollowed).where(among(col(Unfollowed.chat_id), chat_ids), again)
        )
