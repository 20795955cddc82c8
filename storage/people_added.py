"""What is new of many chats, put into the tables together.

Chats are locked, as are the sources that are named. Queries are named by their canonical text and
sources by the hash of their URL, since the numbers of those that are new are given here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, exists
from sqlmodel import col, select

from storage.allowances import Allowance
from storage.among import as_one, by_dialect
from storage.engine import Unit
from storage.follows import Unfollowed
from storage.insert import add_new, insert_new
from storage.invites import Admission
from storage.mailboxes import Mailbox
from storage.mutes import NewMute, Subject, mute_all
from storage.queries import queries_for
from storage.slots import DigestSlot
from storage.sources import Follow, Source, sources_known
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.words import Mode, MuteKind, Slot


class Watch(NamedTuple):
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


class SourceMute(NamedTuple):
    chat_id: int
    kind: MuteKind
    url_hash: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Added:
    """Each list in the order in which its rows are to stand; dicts are rows, without moments."""

    slots: dict[int, tuple[Slot, ...]] = field(default_factory=dict)  # all of a chat
    allowances: list[Allowance] = field(default_factory=list)
    admitted: list[int] = field(default_factory=list)  # Telegram's ids of people
    watches: list[Watch] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    follows: list[tuple[int, str]] = field(default_factory=list)  # chat and source
    mutes: list[SourceMute] = field(default_factory=list)
    mailboxes: list[dict[str, Any]] = field(default_factory=list)


async def add_people(unit: Unit, added: Added, there: Collection[int]) -> None:
    """*there* are the chats that are not new themselves."""
    await _add_slots(unit, added.slots, there)
    await add_new(unit, Allowance, [one.model_dump() for one in added.allowances])
    let_in = {"since": unit.now, "invite_id": None}
    await add_new(unit, Admission, [let_in | {"person_id": one} for one in added.admitted])
    asked = {"created_at": unit.now, "state_since": unit.now, "asked_at": unit.now}
    await add_new(unit, Mailbox, [box | asked for box in added.mailboxes])
    source_mutes = await _add_sources(unit, added, there)
    # Last, since who else wants words that nobody watched before waits from here on.
    topic_mutes = await _add_watches(unit, added.watches)
    await mute_all(unit, topic_mutes + source_mutes)


async def _add_slots(
    unit: Unit, slots: Mapping[int, tuple[Slot, ...]], there: Collection[int]
) -> None:
    if changed := slots.keys() & set(there):
        connection = await unit.session.connection()
        await connection.execute(_OTHER_SLOTS[unit.dialect], {"ids": as_one(unit, changed)})
    rows = [
        {"chat_id": chat_id, "number": one.number, "minutes": one.minutes, "weekdays": one.weekdays}
        for chat_id, chosen in slots.items()
        for one in chosen
    ]
    await add_new(unit, DigestSlot, rows)


async def _add_watches(unit: Unit, watches: Collection[Watch]) -> list[NewMute]:
    """Return what of it is to be muted."""
    asked = [one.canonical for one in watches if one.canonical is not None]
    queries = await queries_for(unit, asked)
    own = await _add_topics(unit, [one for one in watches if one.topic_id is None], queries)
    rows, mutes = [], []
    for one in watches:
        topic_id = one.topic_id or own[one.chat_id, queries[one.canonical or ""]]
        named = {"chat_id": one.chat_id, "topic_id": topic_id, "mode": one.mode}
        rows.append(named | {"paused": one.is_paused, "created_at": unit.now})
        if one.is_muted:
            mutes.append(NewMute(one.chat_id, Subject(MuteKind.TOPIC, topic_id), one.muted_until))
    await add_new(unit, Subscription, rows)
    return mutes


async def _add_topics(
    unit: Unit, new: Collection[Watch], queries: Mapping[str, int]
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
            "created_at": unit.now,
        }
        for one in new
    ]
    await add_new(unit, Topic, rows)
    connection = await unit.session.connection()
    ids = as_one(unit, {one.chat_id for one in new})
    found = await connection.execute(_OWN[unit.dialect], {"ids": ids})
    return {(one.chat_id, one.query_id): one.id for one in found}


async def _add_sources(unit: Unit, added: Added, there: Collection[int]) -> list[NewMute]:
    """Let them be followed; return what of them is to be muted."""
    moments = {"created_at": unit.now, "next_fetch_at": unit.now}
    await insert_new(unit, Source, [one | moments for one in added.sources], returning=Source.id)
    named = {url_hash for _, url_hash in added.follows} | {one.url_hash for one in added.mutes}
    ids = {source.url_hash: source.id for source in await sources_known(unit, named)}
    rows = [{"chat_id": chat_id, "source_id": ids[hashed]} for chat_id, hashed in added.follows]
    await add_new(unit, Follow, rows)
    await _forget_left(unit, {chat_id for chat_id, _ in added.follows} & set(there))
    return [
        NewMute(one.chat_id, Subject(one.kind, ids[one.url_hash]), one.until) for one in added.mutes
    ]


async def _forget_left(unit: Unit, chat_ids: Collection[int]) -> None:
    """What a chat follows again it has not let go of."""
    if chat_ids:
        connection = await unit.session.connection()
        ids = as_one(unit, chat_ids)
        await connection.execute(_FOLLOWED_AGAIN[unit.dialect], {"ids": ids})


_OTHER_SLOTS: Final = by_dialect("slot.chat_id", delete(DigestSlot).where)
_FOLLOWED_AGAIN: Final = by_dialect(
    "unfollowed.chat_id",
    delete(Unfollowed)
    .where(
        exists().where(
            col(Follow.chat_id) == Unfollowed.chat_id, col(Follow.source_id) == Unfollowed.source_id
        )
    )
    .where,
)
_OWN: Final = by_dialect(
    "topic.chat_id",
    select(Topic.chat_id, Topic.query_id, Topic.id).order_by(col(Topic.id).desc()).where,
)
