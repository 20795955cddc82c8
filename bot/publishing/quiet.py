"""Quiet hours: from one wall time to another, every day; they may span midnight."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from bot.publishing.walltime import local_date, reached
from storage.enums import QuietHours

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The quiet *hours* of a chat in *zone* (IANA), if it has any."""

    zone: str
    hours: QuietHours | None = None

    def until(self, moment: datetime) -> datetime | None:
        """Return the end of the quiet hours that *moment* is in (aware UTC); None outside them."""
        return _until(self.hours, self.zone, moment) if self.hours else None


# Of many chats the same is asked at one moment.
@lru_cache(maxsize=1024)
def _until(hours: QuietHours, zone: str, moment: datetime) -> datetime | None:
    today = local_date(moment, zone)
    # Where clocks go back over midnight, tomorrow has begun before.
    for day in (today - _DAY, today, today + _DAY):
        end = reached(day + hours.nights * _DAY, hours.end, zone)
        if reached(day, hours.start, zone) <= moment < end:
            return end
    return None
