"""All people and what is theirs, some at a time, for whoever carries them elsewhere."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import col, select

from storage.allowances import Allowance
from storage.chats import Chat
from storage.chats_told import Watched
from storage.engine import Unit
from storage.invites import Admission
from storage.mailboxes import Mailbox
from storage.mutes import Mute, in_force
from storage.slots import slots_of_each
from storage.sources import Follow, Source
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.words import OF_A_SOURCE, ChatState, MuteKind, Slot


class MutedSource(NamedTuple):
    kind: MuteKind
    url: str
    until: datetime | None


class Person(NamedTuple):
    """A chat with what it has chosen. *muted* is until when each topic is, by its row."""

    chat: Chat
    slots: Sequence[Slot]
    watched: Sequence[Watched]
    muted: Mapping[int, datetime | None]
    mutes: Sequence[MutedSource]
    sources: Sequence[Source]
    mailbox: Mailbox | None
    allowance: Allowance | None
    is_admitted: bool


async def people_after(unit: Unit, chat_id: int, limit: int) -> list[Person]:
    """Return the next after our row *chat_id*, in the order in which they came."""
    is_there = (col(Chat.id) > chat_id, col(Chat.state) != ChatState.ERASED)
    wanted = select(Chat).where(*is_there).order_by(col(Chat.id)).limit(limit)
    chats = list(await unit.session.exec(wanted))
    ids = [chat.id for chat in chats]
    theirs = await _Theirs.of(unit, chats, ids)
    return [theirs.person(chat) for chat in chats]


class _Theirs(NamedTuple):
    slots: Mapping[int, Sequence[Slot]]
    watched: Mapping[int, list[Watched]]
    muted: Mapping[int, dict[int, datetime | None]]
    mutes: Mapping[int, list[MutedSource]]
    sources: Mapping[int, list[Source]]
    mailboxes: Mapping[int, Mailbox]
    allowances: Mapping[int, Allowance]
    admitted: Collection[int]

    @classmethod
    async def of(cls, unit: Unit, chats: Sequence[Chat], ids: Sequence[int]) -> "_Theirs":
        boxes = await unit.session.exec(select(Mailbox).where(col(Mailbox.chat_id).in_(ids)))
        said = await unit.session.exec(select(Allowance).where(col(Allowance.chat_id).in_(ids)))
        persons = [chat.telegram_id for chat in chats]
        let_in = select(Admission.person_id).where(col(Admission.person_id).in_(persons))
        return cls(
            slots=await slots_of_each(unit, ids),
            watched=await _watched(unit, ids),
            muted=await _muted(unit, ids),
            mutes=await _mutes(unit, ids),
            sources=await _sources(unit, ids),
            mailboxes={box.chat_id: box for box in boxes},
            allowances={one.chat_id: one for one in said},
            admitted=frozenset(await unit.session.exec(let_in)),
        )

    def person(self, chat: Chat) -> Person:
        chat_id = chat.id
        return Person(
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


async def _watched(unit: Unit, ids: Sequence[int]) -> Mapping[int, list[Watched]]:
    rows = await unit.session.exec(
        select(Topic, Subscription)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id).in_(ids))
        .order_by(col(Subscription.id))
    )
    found: defaultdict[int, list[Watched]] = defaultdict(list)
    for topic, subscription in rows:
        found[subscription.chat_id].append(Watched(topic, subscription))
    return found


async def _muted(unit: Unit, ids: Sequence[int]) -> Mapping[int, dict[int, datetime | None]]:
    theirs = (col(Mute.chat_id).in_(ids), col(Mute.kind) == MuteKind.TOPIC, in_force(unit))
    rows = await unit.session.exec(select(Mute.chat_id, Mute.subject_id, Mute.until).where(*theirs))
    found: defaultdict[int, dict[int, datetime | None]] = defaultdict(dict)
    for chat_id, topic_id, until in rows:
        found[chat_id][topic_id] = until
    return found


async def _mutes(unit: Unit, ids: Sequence[int]) -> Mapping[int, list[MutedSource]]:
    """Stories pass, and an outlet of a search has no address: neither is carried elsewhere."""
    rows = await unit.session.exec(
        select(Mute.chat_id, Mute.kind, Source.url, Mute.until)
        .join(Source, col(Source.id) == Mute.subject_id)
        .where(
            col(Mute.chat_id).in_(ids),
            col(Mute.kind).in_(OF_A_SOURCE),
            col(Mute.outlet) == "",
            in_force(unit),
        )
        .order_by(col(Mute.id))
    )
    found: defaultdict[int, list[MutedSource]] = defaultdict(list)
    for chat_id, kind, url, until in rows:
        found[chat_id].append(MutedSource(MuteKind(kind), url, until))
    return found


async def _sources(unit: Unit, ids: Sequence[int]) -> Mapping[int, list[Source]]:
    rows = await unit.session.exec(
        select(Follow.chat_id, Source)
        .join(Source, col(Source.id) == Follow.source_id)
        .where(col(Follow.chat_id).in_(ids))
        .order_by(col(Source.id))
    )
    found: defaultdict[int, list[Source]] = defaultdict(list)
    for chat_id, source in rows:
        found[chat_id].append(source)
    return found
