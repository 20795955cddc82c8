"""Maintenance mode: when it ends, and who began and ended it.

While it lasts, users get one sentence instead of answers, admins are answered as usual, and all
deliveries wait. Sources are read and articles matched as usual.
"""

from datetime import datetime, time, timedelta
from typing import Final

from bot.subscribers.text import storable
from storage.access import record_event
from storage.db.engine import Storage
from storage.enums import AuditAction
from storage.maintenance import LONGEST_MESSAGE, Maintenance, current_maintenance, set_maintenance

_DAY: Final = timedelta(days=1)
LONGEST: Final = 7 * _DAY


class BadMaintenanceError(ValueError):
    """The end or the message cannot be used; the text says what to do instead."""


def read_end(text: str, now: datetime) -> datetime:
    """Return the end that *text* names: a time in the next 24 hours, or an ISO 8601 timestamp.

    Either is in the zone of this machine, unless the timestamp names another one. Raises
    BadMaintenanceError if *text* is neither, or if the end is past or further away than `LONGEST`.
    """
    try:
        end = _end_in(text, now)
    except (ValueError, OverflowError):
        raise BadMaintenanceError(
            f"“{text}” is no time. Write one such as 10:00, or 2026-12-24T10:00+01:00."
        ) from None
    if end <= now:
        raise BadMaintenanceError(f"{end:%Y-%m-%d %H:%M %Z} is past. Name a time to come.")
    if end > now + LONGEST:
        raise BadMaintenanceError(
            f"That is more than {LONGEST.days} days away. Name an earlier time."
        )
    return end


def _end_in(text: str, now: datetime) -> datetime:
    if len(text) > len("10:00"):
        return datetime.fromisoformat(text).astimezone()
    here = now.astimezone()
    # Without a zone, so that each day has its own offset.
    end = datetime.combine(here.date(), time.fromisoformat(text)).replace(tzinfo=None)
    return end.astimezone() if end.astimezone() > now else (end + _DAY).astimezone()


async def current(storage: Storage) -> Maintenance | None:
    """Return the maintenance that is going on; None if there is none."""
    async with storage.reading() as tx:
        return await current_maintenance(tx)


async def begin(storage: Storage, until: str, message: str) -> Maintenance:
    """Begin a maintenance, or change the one that is going on. Raises BadMaintenanceError."""
    words = storable(message).strip()
    if len(words) > LONGEST_MESSAGE:
        raise BadMaintenanceError(
            f"The message has {len(words)} characters; at most {LONGEST_MESSAGE} may be sent."
        )
    async with storage.writing() as tx:
        end = read_end(until, tx.now)
        await set_maintenance(tx, end, words)
        at = f"{end.astimezone(tx.now.tzinfo):%Y-%m-%dT%H:%MZ}"
        await record_event(tx, None, AuditAction.MAINTENANCE_BEGUN, at, message=words)
    return Maintenance(until=end, message=words)


async def end(storage: Storage) -> bool:
    """End the maintenance; return False if none was going on."""
    async with storage.writing() as tx:
        if await current_maintenance(tx) is None:
            return False
        await set_maintenance(tx, tx.now)
        await record_event(tx, None, AuditAction.MAINTENANCE_ENDED, "")
    return True
