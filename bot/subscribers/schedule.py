"""Schedule: at which times, of which days, a chat's digests come."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from bot.subscribers.planning import replan
from bot.subscribers.settings import Settings, settings_of
from bot.subscribers.slots import (
    Slots,
    Times,
    renewed,
    with_another,
    with_days,
    with_only,
    with_time,
    without,
)
from storage.chats import lock_chat, schedule_of, set_schedule
from storage.db.engine import Storage
from storage.editions import last_editions


async def set_time(
    storage: Storage, chat_id: int, minutes: int, number: int | None = None
) -> Settings:
    """*minutes* after local midnight; of the slot *number*, or else of the first one."""

    def changed(slots: Slots, _told: Mapping[int, date]) -> Slots:
        return with_time(slots, slots[0].number if number is None else number, minutes)

    return await _change(storage, chat_id, changed)


async def set_days(storage: Storage, chat_id: int, number: int, weekdays: int) -> Settings:
    return await _change(storage, chat_id, lambda slots, _: with_days(slots, number, weekdays))


async def add_time(storage: Storage, chat_id: int, wanted: Times) -> Settings:
    return await _change(storage, chat_id, lambda slots, told: with_another(slots, wanted, told))


async def remove_time(storage: Storage, chat_id: int, number: int) -> Settings:
    return await _change(storage, chat_id, lambda slots, _: without(slots, number))


async def set_single_time(storage: Storage, chat_id: int, minutes: int) -> Settings:
    """Let one digest come, at *minutes* after local midnight."""
    return await _change(storage, chat_id, lambda slots, told: with_only(slots, minutes, told))


async def set_times(storage: Storage, chat_id: int, wanted: Sequence[Times]) -> Settings:
    """Let digests come at these times and no others."""
    return await _change(storage, chat_id, lambda slots, told: renewed(slots, wanted, told))


async def _change(
    storage: Storage, chat_id: int, change: Callable[[Slots, Mapping[int, date]], Slots]
) -> Settings:
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        told = (await last_editions(tx, chat_id)).days
        await set_schedule(tx, chat_id, change(await schedule_of(tx, chat_id), told))
        await replan(tx, chat)
        return await settings_of(tx, chat)
