"""Quiet hours: from one wall time to another, every day; they may span midnight."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.publishing.walltime import local_date, reached
from storage.words import QuietHours

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The quiet *hours* of a chat in *zone* (IANA), if it has any."""

    zone: str
    hours: QuietHours | None = None

    def until(self, moment: datetime) -> datetime | None:
        """Return the end of the quiet hours that *moment* is in (aware UTC); None outside them."""
        if self.hours is None:
            return None
        today = local_date(moment, self.zone)
        # Where clocks go back over midnight, tomorrow has begun before.
        for day in (today - _DAY, today, today + _DAY):
            start = reached(day, self.hours.start, self.zone)
            end = reached(day + self.hours.nights * _DAY, self.hours.end, self.zone)
            if start <= moment < end:
                return end
        return None
