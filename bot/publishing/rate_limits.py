"""Quiet hours and rate limiting: whether a chat is alerted now, or when.

1. In its quiet hours everything waits for their end.
2. At other times at most so many messages of any hour are alerts. What is beyond waits until there
   is room again, to the next quarter of an hour, so that more of it comes together.
   The same holds for any day, where that is limited too. All threads of a Telegram chat share the
   limit of a day, and the most that a chat may choose for an hour.
3. While something waits, what comes after it joins it.
4. What would be sent in quiet hours waits for their end.
5. What waited is sent as one bundle, which counts as one message.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from bot.publishing.calendar import local_date, reached
from storage.schedules import MOST_ALERTS_PER_HOUR, QuietHours

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LocalQuietHours:
    """The quiet *hours* of a chat in *zone* (IANA), if it has any; they may span midnight."""

    zone: str
    hours: QuietHours | None = None

    def until(self, moment: datetime) -> datetime | None:
        """Return the end of the quiet hours that *moment* is in (aware UTC); None outside them."""
        return _until(self.hours, self.zone, moment) if self.hours else None


# Many chats have the same ones, and are asked about at one moment.
@lru_cache(maxsize=1024)
def _until(hours: QuietHours, zone: str, moment: datetime) -> datetime | None:
    today = local_date(moment, zone)
    # Where clocks go back over midnight, tomorrow has begun before.
    for day in (today - DAY, today, today + DAY):
        end = reached(day + hours.nights * DAY, hours.end, zone)
        if reached(day, hours.start, zone) <= moment < end:
            return end
    return None


@dataclass(frozen=True, slots=True)
class Postponement:
    """An alert waits, and is sent in the bundle of *release_at*."""

    release_at: datetime
    is_quiet: bool = False  # for the quiet hours, not for there being too many


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """When a chat was alerted in the last hour, in the last day where that is limited.

    A bundle counts once. *account*: the same of all threads of the Telegram chat together;
    *waiting*: when what waits already is sent.
    """

    moments: Collection[datetime] = ()
    account: Collection[datetime] = ()
    waiting: datetime | None = None


def postpone(
    recent: AlertHistory, now: datetime, limit: int, quiet: LocalQuietHours, a_day: int = 0
) -> Postponement | None:
    """Say whether an alert of *now* has to wait; None: it is sent at once.

    *limit*: how many messages an hour, at least one; *a_day*: how many a day the Telegram chat
    may have, 0 for no limit.
    """
    if end := quiet.until(now):
        return Postponement(end, is_quiet=True)
    if recent.waiting:
        return Postponement(recent.waiting)
    rooms = [
        _room(recent.moments, now, limit, HOUR),
        _room(recent.account, now, MOST_ALERTS_PER_HOUR, HOUR),
    ]
    if a_day:
        rooms.append(_room(recent.account, now, a_day, DAY))
    later = [moment for moment in rooms if moment]
    if not later:
        return None
    release_at = max(later)
    release_at += (_EPOCH - release_at) % _QUARTER
    end = quiet.until(release_at)
    return Postponement(end, is_quiet=True) if end else Postponement(release_at)


def _room(
    recent: Collection[datetime], now: datetime, limit: int, span: timedelta
) -> datetime | None:
    """Return when any *span* has room for one more than *limit* allows; None: it has now."""
    sent = sorted(moment for moment in recent if now - span < moment <= now)
    return None if len(sent) < limit else sent[-limit] + span
