"""How often a chat is told something at once.

1. In its quiet hours everything waits for their end.
2. At other times at most so many messages of any hour are alerts. What is beyond waits until there
   is room again, to the next quarter of an hour, so that more of it comes together.
   The same holds for any day, where that is limited too.
3. While something waits, what comes after it joins it.
4. What would be told in quiet hours waits for their end.
5. What waited is told as one bundle, which counts as one message.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.publishing.quiet import Quiet

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hold:
    """An alert waits, and is told in the bundle of *release_at*."""

    release_at: datetime
    is_quiet: bool = False  # for the quiet hours, not for there being too many


def decide(
    recent: Collection[datetime],
    now: datetime,
    limit: int,
    quiet: Quiet,
    waiting: datetime | None = None,
    a_day: int = 0,
) -> Hold | None:
    """Say whether an alert of *now* has to wait; None: it is told at once.

    *recent*: when the chat was told something in the last hour, in the last day where that is
    limited, a bundle once; *limit*: how many messages an hour, at least one; *a_day*: how many a
    day, 0 for no limit; *waiting*: when what waits already is told.
    """
    if end := quiet.until(now):
        return Hold(end, is_quiet=True)
    if waiting:
        return Hold(waiting)
    rooms = [_room(recent, now, limit, HOUR)]
    if a_day:
        rooms.append(_room(recent, now, a_day, DAY))
    later = [moment for moment in rooms if moment]
    if not later:
        return None
    release_at = _next_quarter(max(later))
    end = quiet.until(release_at)
    return Hold(end, is_quiet=True) if end else Hold(release_at)


def _room(
    recent: Collection[datetime], now: datetime, limit: int, span: timedelta
) -> datetime | None:
    """Return when any *span* has room for one more than *limit* allows; None: it has now."""
    told = sorted(moment for moment in recent if now - span < moment <= now)
    return None if len(told) < limit else told[-limit] + span


def _next_quarter(moment: datetime) -> datetime:
    return moment + (_EPOCH - moment) % _QUARTER
