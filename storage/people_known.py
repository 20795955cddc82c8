"""What chats have of that which is carried from one database to another, many at a time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlmodel import col, select

from storage.allowances import Allowance
from storage.among import as_one, by_dialect
from storage.editions import last_editions_of_each
from storage.engine import Unit
from storage.mailboxes import Mailbox
from storage.mutes import Mute, in_force
from storage.queries import Query
from storage.slots import slots_of_each
from storage.sources import Follow, Source
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.words import OF_A_SOURCE, USUAL_SLOTS, Mode, MuteKind, Slot

Mutes = set[tuple[MuteKind, str]]


@dataclass(slots=True)
class Known:
    """Of one chat. Queries are named by their canonical text, sources by the hash of their URL.

    *days*: of each slot's last edition, by its number.
    """

    slots: tuple[Slot, ...] = USUAL_SLOTS
    topics: set[int] = field(default_factory=set)  # those of the catalogue that it watches
    queries: set[str] = field(default_factory=set)  # of all topics that it watches
    watched: int = 0  # how many these are
    wants_digest: bool = False
    own: dict[str, int] = field(default_factory=dict)  # its topics by query, watched or not
    followed: set[str] = field(default_factory=set)
    muted: Mutes = field(default_factory=set)  # sources
    address: str | None = None  # of its mailbox
    allowance: Allowance | None = None
    days: Mapping[int, date] = field(default_factory=dict)


async def known_of_each(unit: Unit, chat_ids: Collection[int]) -> Mapping[int, Known]:
    if not chat_ids:
        return {}
    known = {chat_id: Known() for chat_id in chat_ids}
    for chat_id, slots in (await slots_of_each(unit, chat_ids)).items():
        known[chat_id].slots = slots
    for chat_id, last in (await last_editions_of_each(unit, chat_ids)).items():
        known[chat_id].days = last.days
    await _fill_topics(unit, known)
    muted = _MUTED[unit.dialect].where(in_force(unit))
    for chat_id, url_hash in await _rows(unit, _FOLLOWED[unit.dialect], known):
        known[chat_id].followed.add(url_hash)
    for chat_id, kind, url_hash in await _rows(unit, muted, known):
        known[chat_id].muted.add((MuteKind(kind), url_hash))
    for chat_id, address in await _rows(unit, _ADDRESSES[unit.dialect], known):
        known[chat_id].address = address
    for allowance in await unit.session.exec(
        select(Allowance).where(col(Allowance.chat_id).in_(chat_ids))
    ):
        known[allowance.chat_id].allowance = allowance
    return known


async def _fill_topics(unit: Unit, known: Mapping[int, Known]) -> None:
    watched = await _rows(unit, _WATCHED[unit.dialect], known)
    for chat_id, topic_id, is_public, canonical, mode, paused in watched:
        one = known[chat_id]
        one.watched += 1
        one.queries.add(canonical)
        one.wants_digest |= Mode(mode).digests and not paused
        if is_public:
            one.topics.add(topic_id)
    for chat_id, canonical, topic_id in await _rows(unit, _OWN[unit.dialect], known):
        known[chat_id].own.setdefault(canonical, topic_id)


async def _rows(unit: Unit, wanted: Any, chat_ids: Collection[int]) -> Sequence[Any]:
    connection = await unit.session.connection()
    rows = await connection.execute(wanted, {"ids": as_one(unit, chat_ids)})
    return list(rows)


_WATCHED: Final = by_dialect(
    "subscription.chat_id",
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
    .where,
)
_OWN: Final = by_dialect(
    "topic.chat_id",
    select(Topic.chat_id, Query.canonical, Topic.id)
    .join(Query, col(Query.id) == Topic.query_id)
    .order_by(col(Topic.id))
    .where,
)
_FOLLOWED: Final = by_dialect(
    "follow.chat_id",
    select(Follow.chat_id, Source.url_hash).join(Source, col(Source.id) == Follow.source_id).where,
)
_MUTED: Final = by_dialect(
    "mute.chat_id",
    select(Mute.chat_id, Mute.kind, Source.url_hash)
    .join(Source, col(Source.id) == Mute.subject_id)
    .where(col(Mute.kind).in_(OF_A_SOURCE), col(Mute.outlet) == "")
    .where,
)
_ADDRESSES: Final = by_dialect("mailbox.chat_id", select(Mailbox.chat_id, Mailbox.address).where)
