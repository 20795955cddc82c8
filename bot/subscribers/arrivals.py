"""Arrivals: who is there, from the first update of a chat on; and chats that go and come back."""

from dataclasses import dataclass
from datetime import datetime

from bot.subscribers.access import Access
from bot.subscribers.zones import guess_zone
from storage.admins import admin_ids
from storage.chats import Chat, chat_at, chat_to_change, open_chat
from storage.chats_suspended import restore_chat, suspend_chat
from storage.engine import Storage, Unit
from storage.words import ChatKind, ChatState

# A chat in these states had gone; whoever writes from there is back.
_AWAY = frozenset({ChatState.BLOCKED, ChatState.KICKED, ChatState.GONE})


@dataclass(frozen=True, slots=True)
class Visitor:
    """What an update says of the one who sent it and of where it was sent."""

    person_id: int
    telegram_id: int
    thread_id: int = 0
    kind: ChatKind = ChatKind.PRIVATE
    name: str = ""
    language: str = ""  # IETF tag, "" unknown


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who may use the bot; `now` is the moment of the update's unit of work."""

    chat_id: int  # our row
    person_id: int
    name: str
    zone: str
    is_admin: bool
    is_paused: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Arrivals:
    storage: Storage
    access: Access

    async def welcome(self, visitor: Visitor) -> Guest | None:
        """Return who it is, with a row of the chat's own; None for a stranger, who gets none."""
        async with self.storage.reading() as unit:
            appointed = await admin_ids(unit)
            chat = await chat_at(unit, visitor.telegram_id, visitor.thread_id)
            now = unit.now
        if not self.access.may_use(visitor.person_id, appointed):
            return None
        if chat is None or _has_news(chat, visitor):
            async with self.storage.writing() as unit:
                chat = await _kept(unit, visitor)
        return Guest(
            chat_id=chat.id or 0,
            person_id=visitor.person_id,
            name=visitor.name,
            zone=chat.zone,
            is_admin=self.access.may_run(visitor.person_id, appointed),
            is_paused=chat.state is ChatState.PAUSED,
            now=now,
        )

    async def gone(self, telegram_id: int, state: ChatState) -> None:
        """Suspend the chat: it blocked the bot or threw it out; nothing is deleted.

        A paused chat stays so: it gets nothing already, and coming back does not end the pause.
        """
        async with self.storage.writing() as unit:
            chat = await chat_at(unit, telegram_id)
            if chat and chat.state is not ChatState.PAUSED:
                await suspend_chat(unit, chat.id or 0, state)

    async def back(self, telegram_id: int) -> None:
        async with self.storage.writing() as unit:
            chat = await chat_at(unit, telegram_id)
            if chat and chat.state in _AWAY:
                await restore_chat(unit, chat.id or 0)


def _has_news(chat: Chat, visitor: Visitor) -> bool:
    return (
        chat.state in _AWAY
        or chat.name != visitor.name
        or chat.language != (visitor.language or chat.language)
    )


async def _kept(unit: Unit, visitor: Visitor) -> Chat:
    opened = await open_chat(
        unit,
        {
            "telegram_id": visitor.telegram_id,
            "thread_id": visitor.thread_id,
            "kind": visitor.kind,
            "name": visitor.name,
            "language": visitor.language or "en",
            "zone": guess_zone(visitor.language),
        },
    )
    chat = await chat_to_change(unit, opened.id or 0)
    if chat.state in _AWAY:
        await restore_chat(unit, chat.id or 0)
    chat.name = visitor.name
    chat.language = visitor.language or chat.language
    unit.session.add(chat)
    await unit.session.flush()
    return chat
