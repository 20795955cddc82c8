"""Quiet hours and rate limiting: whether an alert is sent now, or when.

1. In a chat's quiet hours all alerts wait for their end, except those of loud topics.
2. At other times a chat gets a limited number of alerts in any hour. Further alerts wait until the
   limit allows one again, rounded up to the next quarter of an hour so that more of them come
   together. A daily limit, if there is one, works the same way. All threads of a Telegram chat
   together must stay within the daily limit, and within `MOST_ALERTS_PER_HOUR` in any hour.
3. A story that at least `WIDELY_COVERED` publishers report breaks the chat's own limit, whether its
   alert is made now or waits already. Quiet hours, the daily limit and that of all threads hold.
4. While an alert of the chat waits, later alerts join it.
5. If the wait would end in quiet hours, it lasts until their end.
6. Waiting alerts are sent as one bundle, which counts as one message.
7. If several alerts of one topic came within a few minutes, its next alert waits a little, so that
   the rest of the burst comes as one list.
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
# How many alerts of one topic, within how long, are a burst.
BURST = 4
BURST_WITHIN = timedelta(minutes=5)
# Two or three publishers often print one report of a news agency, so they do not show that a story
# is large.
WIDELY_COVERED = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LocalQuietHours:
    """The quiet *hours* of a chat in *zone* (IANA), if it has any; they may span midnight."""

    zone: str
    hours: QuietHours | None = None

    def until(self, moment: datetime) -> datetime | None:
        """Return when the quiet hours around *moment* end (aware UTC); None outside quiet hours."""
        return _until(self.hours, self.zone, moment) if self.hours else None


# Many chats with the same quiet hours are checked at the same moment.
@lru_cache(maxsize=1024)
def _until(hours: QuietHours, zone: str, moment: datetime) -> datetime | None:
    today = local_date(moment, zone)
    # If clocks go back across midnight, the date of tomorrow has already begun once.
    for day in (today - DAY, today, today + DAY):
        end = reached(day + hours.nights * DAY, hours.end, zone)
        if reached(day, hours.start, zone) <= moment < end:
            return end
    return None


@dataclass(frozen=True, slots=True)
class Postponement:
    """The decision to send an alert in the bundle that is due at *release_at*."""

    release_at: datetime
    is_quiet: bool = False  # because of quiet hours, not of a rate limit


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """The times of a chat's alerts in the last hour, or in the last day if it has a daily limit.

    A bundle counts once. *account* has the times of all threads of the Telegram chat together.
    *waiting* is when the chat's open bundle is due, if it has one. *of_topic* has the times of the
    chat's alerts of the topic in question: of several topics, of the one with the most.
    """

    moments: Collection[datetime] = ()
    account: Collection[datetime] = ()
    waiting: datetime | None = None
    of_topic: Collection[datetime] = ()


def postpone(
    recent: AlertHistory,
    now: datetime,
    limit: int,
    quiet: LocalQuietHours,
    a_day: int = 0,
    *,
    is_widely_covered: bool = False,
    is_loud: bool = False,
) -> Postponement | None:
    """Decide whether an alert made *now* has to wait; return None if it is sent at once.

    *limit* is the number of messages per hour, at least one. *a_day* is the number of messages per
    day for the whole Telegram chat; 0 means no limit.
    """
    if not is_loud and (end := quiet.until(now)):
        return Postponement(end, is_quiet=True)
    if recent.waiting and not (is_widely_covered or is_loud):
        return Postponement(recent.waiting)
    rooms = [_room(recent.account, now, MOST_ALERTS_PER_HOUR, HOUR)]
    if not is_widely_covered:
        rooms.append(_room(recent.moments, now, limit, HOUR))
    is_burst = _room(recent.of_topic, now, BURST, BURST_WITHIN) is not None
    if a_day:
        rooms.append(_room(recent.account, now, a_day, DAY))
    later = [moment for moment in rooms if moment]
    if not later and is_burst and not (is_widely_covered or is_loud):
        end = quiet.until(now + BURST_WITHIN)
        return Postponement(end, is_quiet=True) if end else Postponement(now + BURST_WITHIN)
    if not later:
        return None
    if recent.waiting:
        return Postponement(recent.waiting)
    release_at = max(later)
    release_at += (_EPOCH - release_at) % _QUARTER
    end = quiet.until(release_at)
    return Postponement(end, is_quiet=True) if end else Postponement(release_at)


def _room(
    recent: Collection[datetime], now: datetime, limit: int, span: timedelta
) -> datetime | None:
    """Return when one more message would be within *limit* per *span*; None if that is now."""
    sent = sorted(moment for moment in recent if now - span < moment <= now)
    return None if len(sent) < limit else sent[-limit] + span
