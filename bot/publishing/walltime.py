"""Wall time: what the clocks of a zone show, as instants.

1. A wall time that does not exist (clocks go forward) is the instant after the gap.
2. One that exists twice (clocks go back) is the first.
3. A date may not exist (Apia had no 2011-12-30).
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def local_date(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def start_of(day: date, zone: str) -> datetime:
    """Return the first instant of *day*, or of the next that exists (aware UTC)."""
    return reached(day, 0, zone)


def reached(day: date, minutes: int, zone: str) -> datetime:
    """Return when clocks have come to *minutes* after midnight on *day*, or over it (aware UTC)."""
    return _first(datetime.combine(day, time(minutes // 60, minutes % 60)), ZoneInfo(zone))


def instant(day: date, minutes: int, zone: str) -> datetime | None:
    """Return when it is *minutes* after midnight on *day* (aware UTC); None without such a day."""
    at = reached(day, minutes, zone)
    # A gap up to midnight leads into the next day, and so does one over the whole day.
    if local_date(at, zone) == day or local_date(start_of(day, zone), zone) == day:
        return at
    return None


def _first(wall: datetime, zone: ZoneInfo) -> datetime:
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # PEP 495: in a gap, fold=1 reckons with the offset after it, so it lies before the change.
    return _change(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the instant between the two at which *zone*'s offset changes, by halving."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
