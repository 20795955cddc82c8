"""What an answer's headers ask of us: when to come back, in delta seconds or as a date.

Dates are compared with the answer's own date, for many clocks are wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER = timedelta(days=7)

SPOKEN_FOR_THE_HOST = frozenset({429, 503})
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
    sent = _date(headers.get("date", "")) or now
    retry_after = _delay(headers.get("retry-after", ""), sent)
    if _NEVER_KEEP.search(caching):
        return Wishes(retry_after=retry_after)
    age = _MAX_AGE.search(caching)
    return Wishes(
        max_age=timedelta(seconds=int(age[1])) if age else None,
        expires=_until(_date(headers.get("expires", "")), sent),
        retry_after=retry_after,
    )


def pause_of_host(status: int, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return how long the whole host wants to be left alone; None if it does not say so."""
    if status not in SPOKEN_FOR_THE_HOST or "retry-after" not in headers:
        return None
    asked = wishes_of(headers, now).retry_after
    return min(asked, LONGEST_RETRY_AFTER) if asked else None


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
