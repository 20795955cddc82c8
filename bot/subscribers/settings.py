"""Settings: in which zone a chat is, what it gets on an empty day, whether anything comes."""

from dataclasses import dataclass
from datetime import datetime

from bot.publishing.calendar import Plan
from bot.subscribers.planning import replan
from bot.subscribers.refusals import NotAZone
from bot.subscribers.zones import is_zone
from storage.chats import Chat, chat_to_change
from storage.chats_suspended import restore_chat, suspend_chat
from storage.engine import Storage, Unit
from storage.slots import slots_of
from storage.subscriptions import count_subscriptions
from storage.words import ChatState, EmptyDay


@dataclass(frozen=True, slots=True)
class Settings:
    """How a chat has it; `next_at` is None where no topic is in a digest."""

    plan: Plan
    zone_guessed: bool
    empty_day: EmptyDay
    is_paused: bool
    next_at: datetime | None
    topics: int
    now: datetime


@dataclass(frozen=True, slots=True)
class ChatSettings:
    storage: Storage

    async def now(self, chat_id: int) -> Settings:
        async with self.storage.reading() as unit:
            chat = await unit.session.get_one(Chat, chat_id)
            return await settings_of(unit, chat)

    async def set_zone(self, chat_id: int, zone: str) -> Settings:
        if not is_zone(zone):
            raise NotAZone
        async with self.storage.writing() as unit:
            chat = await chat_to_change(unit, chat_id)
            chat.zone, chat.zone_guessed = zone, False
            await replan(unit, chat)
            return await settings_of(unit, chat)

    async def set_empty_day(self, chat_id: int, empty_day: EmptyDay) -> Settings:
        async with self.storage.writing() as unit:
            chat = await chat_to_change(unit, chat_id)
            chat.empty_day = empty_day
            await unit.session.flush()
            return await settings_of(unit, chat)

    async def pause(self, chat_id: int) -> Settings:
        async with self.storage.writing() as unit:
            chat = await chat_to_change(unit, chat_id)
            await suspend_chat(unit, chat_id, ChatState.PAUSED)
            return await settings_of(unit, chat)

    async def resume(self, chat_id: int) -> Settings:
        """What has gathered comes with the next digest, not at once."""
        async with self.storage.writing() as unit:
            chat = await chat_to_change(unit, chat_id)
            await restore_chat(unit, chat_id)
            chat.next_digest_at = None
            await replan(unit, chat)
            return await settings_of(unit, chat)


async def settings_of(unit: Unit, chat: Chat) -> Settings:
    return Settings(
        plan=Plan(chat.zone, await slots_of(unit, chat.id or 0)),
        zone_guessed=chat.zone_guessed,
        empty_day=chat.empty_day,
        is_paused=chat.state is ChatState.PAUSED,
        next_at=chat.next_digest_at,
        topics=await count_subscriptions(unit, chat.id or 0),
        now=unit.now,
    )
