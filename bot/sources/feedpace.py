"""What a feed says about how often to ask: ttl, skipHours, skipDays, and the syndication module."""

from datetime import timedelta
from typing import Any

from bot.sources.records import FeedPace

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST = timedelta(days=365)


def pace_of(channel: Any) -> FeedPace | None:
    """*channel* is the element (of lxml) that holds the settings; None if it says nothing."""
    ttl = _minutes(channel.findtext("ttl")) or _updates(channel)
    hours = frozenset(
        int(text) % 24 for text in _texts(channel, "skipHours", "hour") if text.isdecimal()
    )
    days = frozenset(
        _DAYS.index(text.lower())
        for text in _texts(channel, "skipDays", "day")
        if text.lower() in _DAYS
    )
    return FeedPace(ttl, hours, days) if ttl or hours or days else None


def _minutes(text: str | None) -> timedelta | None:
    text = (text or "").strip()
    if not text.isdecimal() or not 0 < len(text) <= len("525600") or not int(text):
        return None
    return min(timedelta(minutes=int(text)), _LONGEST)


def _updates(channel: Any) -> timedelta | None:
    period = _PERIODS.get((channel.findtext("{*}updatePeriod") or "").strip().lower())
    if period is None:
        return None
    frequency = (channel.findtext("{*}updateFrequency") or "").strip()
    times = int(frequency) if frequency.isdecimal() and len(frequency) < len("10000") else 1
    return period / max(times, 1)


def _texts(channel: Any, outer: str, inner: str) -> list[str]:
    return [(found.text or "").strip() for found in channel.iterfind(f"{outer}/{inner}")]
