"""Restraint: the hours in which a chat is told nothing, and how often it is told something."""

from bot.subscribers.errors import NotANumber, NotATime
from bot.subscribers.limits import MOST_ALERTS_AN_HOUR
from bot.subscribers.planning import rehold
from bot.subscribers.settings import Settings, settings_of
from storage.chats import lock_chat
from storage.db.engine import Storage
from storage.enums import QuietHours

_MINUTES_A_DAY = 24 * 60


async def set_quiet_hours(storage: Storage, chat_id: int, hours: QuietHours | None) -> Settings:
    """Hold alerts back in these *hours*; what waits follows at once."""
    if hours and not _are_hours(hours):
        raise NotATime
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        chat.quiet_from, chat.quiet_to = (hours.start, hours.end) if hours else (None, None)
        await rehold(tx, chat)
        return await settings_of(tx, chat)


async def set_alerts_per_hour(storage: Storage, chat_id: int, number: int) -> Settings:
    """Tell at most *number* alerts an hour one by one, and what is beyond together."""
    if not 1 <= number <= MOST_ALERTS_AN_HOUR:
        raise NotANumber(1, MOST_ALERTS_AN_HOUR)
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        chat.alerts_an_hour = number
        await tx.session.flush()
        return await settings_of(tx, chat)


def _are_hours(hours: QuietHours) -> bool:
    in_a_day = 0 <= hours.start < _MINUTES_A_DAY and 0 <= hours.end < _MINUTES_A_DAY
    return in_a_day and hours.start != hours.end
