"""What an answer's headers ask of us: when to come back, in delta seconds or as a date."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_NEVER_KEEP = re.compile(r"(?:^|[,\s])no-(?:cache|store)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wishes:
    """None where nothing is asked; never negative."""

    max_age: timedelta | None = None
    expires: timedelta | None = None
    retry_after: timedelta | None = None

    @property
    def freshness(self) -> timedelta | None:
        return max((wish for wish in (self.max_age, self.expires) if wish), default=None)


def wishes_of(headers: Mapping[str, str], now: datetime) -> Wishes:
    """Read *headers* (names in lower case) of an answer that came at *now*."""
    caching = headers.get("cache-control", "")
    if _NEVER_KEEP.search(caching):
        return Wishes(retry_after=_delay(headers.get("retry-after", ""), now))
    age = _MAX_AGE.search(caching)
    sent = _date(headers.get("date", "")) or now  # their clock against their clock
    return Wishes(
        max_age=timedelta(seconds=int(age[1])) if age else None,
        expires=_until(_date(headers.get("expires", "")), sent),
        retry_after=_delay(headers.get("retry-after", ""), now),
    )


def _delay(text: str, now: datetime) -> timedelta | None:
    text = text.strip()
    if re.fullmatch(r"\d{1,10}", text, re.ASCII):
        return timedelta(seconds=int(text))
    return _until(_date(text), now)


def _until(moment: datetime | None, now: datetime) -> timedelta | None:
    return None if moment is None or moment <= now else moment - now


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):  # "0", "-1" and "never" are common
        return None
