"""What a feed says about how often to ask: ttl, skipHours, skipDays, syndication module, hub."""

from datetime import timedelta
from typing import Any

from bot.sources.formats.records import FeedPace
from bot.sources.urls import LONGEST_LINK

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST = timedelta(days=365)
_LONGEST_HOUR = len("024")


def pace_of(channel: Any) -> FeedPace | None:
    """*channel* is the element (of lxml) that holds the settings; None if it says nothing."""
    ttl = _minutes(channel.findtext("ttl")) or _updates(channel)
    hours = frozenset(
        int(text) % 24
        for text in _texts(channel, "skipHours", "hour")
        if text.isdecimal() and len(text) <= _LONGEST_HOUR
    )
    days = frozenset(
        _DAYS.index(text.lower())
        for text in _texts(channel, "skipDays", "day")
        if text.lower() in _DAYS
    )
    hub, self_url = _link(channel, "hub"), _link(channel, "self")
    if not (ttl or hours or days or hub):
        return None
    return FeedPace(ttl, hours, days, hub, self_url if hub else "")


def pace_of_json(feed: dict[str, Any]) -> FeedPace | None:
    """Return the first WebSub hub of a JSON Feed."""
    hubs = feed.get("hubs")
    for hub in hubs if isinstance(hubs, list) else ():
        is_hub = isinstance(hub, dict) and str(hub.get("type", "")).lower() == "websub"
        if is_hub and (url := _bounded(hub.get("url"))):
            return FeedPace(hub=url, self_url=_bounded(feed.get("feed_url")))
    return None


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


def _link(channel: Any, relation: str) -> str:
    """Links are Atom's, in RSS too; a relation may be one of several words."""
    for link in channel.iterchildren("{*}link"):
        if relation in (link.get("rel") or "").lower().split():
            return _bounded(link.get("href"))
    return ""


def _bounded(url: object) -> str:
    url = url.strip() if isinstance(url, str) else ""
    return url if len(url) <= LONGEST_LINK else ""


def _texts(channel: Any, outer: str, inner: str) -> list[str]:
    return [(found.text or "").strip() for found in channel.iterfind(f"{outer}/{inner}")]
