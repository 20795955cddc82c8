"""Reads dates of feeds and pages: ISO 8601, RFC 822 and similar, Unix time, East Asian dates.

A time without a zone is read as UTC, or in the given time zone. A date without a time stays a date.
"""

import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Final

from bot.sources.feeds.places import zone

_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _numbered(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, each in enumerate(names, 1) for name in each.split()}


_MONTHS = _numbered(_DATA["months"])
_NAME = r"(?P<name>[^\W\d_]{3,9})\.?"
_CLOCK = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?(?:[.,]\d+)?"
_ISO = re.compile(
    rf"(?P<year>\d{{4}})(?P<sep>[-/.]?)(?P<month>\d{{2}})(?P=sep)(?P<day>\d{{2}})"
    rf"(?:(?:\s*[Tt]\s*|\s+){_CLOCK}\s*(?P<zone>\S.*)?)?",
    re.ASCII,
)
_RFC822 = re.compile(
    rf"(?:[^\W\d_]{{2,9}}\.?,?\s*)?(?P<day>\d{{1,2}})[\s-]+{_NAME},?[\s-]+"
    rf"(?P<year>\d{{4}}|\d{{2}}),?(?:\s+{_CLOCK}\s*(?P<half>[ap]\.?m\b\.?)?\s*(?P<zone>\S.*)?)?",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"(?:[^\W\d_]{{2,9}}\.?,\s*)?{_NAME}\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}}),?"
    rf"(?:\s+(?:at\s+|-\s+)?{_CLOCK}\s*(?P<half>[ap]\.?m\b\.?)?\s*(?P<zone>\S.*)?)?",
    re.IGNORECASE,
)
_ASCTIME = re.compile(
    rf"[a-z]{{3}}\s+(?P<name>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+"
    r"(?:(?P<zone>[a-z]{1,5}|[+-]\d{4})\s+)?(?P<year>\d{4})",
    re.ASCII | re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)T?(?P<hour>\d\d)(?P<minute>\d\d)"
    r"(?P<second>\d\d)?(?P<zone>Z|[+-]\d{4})?",
    re.ASCII,
)
_DOTTED = re.compile(
    rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}})(?:,?\s+{_CLOCK}\s*(?P<zone>\S.*)?)?",
    re.ASCII,
)
_AMERICAN = (
    re.compile(  # only with AM or PM, because the order of month and day is unclear otherwise
        rf"(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>\d{{4}}),?\s+{_CLOCK}"
        r"\s*(?P<half>[AP]M)\b\s*(?P<zone>\S.*)?",
        re.ASCII,
    )
)
_FORMS = (_ISO, _RFC822, _MONTH_FIRST, _ASCTIME, _COMPACT, _DOTTED, _AMERICAN)
# Most dates of feeds are written like one of these, which Python reads ten times faster.
_USUAL_RFC822 = re.compile(
    r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) (?:GMT|([+-]\d{4}))", re.ASCII
)
_STRICT_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = re.compile(r"(\d{9,10})(?:\.\d+|(\d{3}))?", re.ASCII)
_LONGEST = 90
_CENTURY_PIVOT = 69  # as RFC 2822 readers do: 69 is 1969, 68 is 2068


def feed_date(text: str, place: str = "", clock: tzinfo = UTC) -> datetime | date | None:
    """Return *text* as a time in UTC or a bare date, else None; *place* settles zones."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if (usual := _frequent_as_iso(text)) and (timestamp := _from_iso(usual)):
        return timestamp
    for form in _FORMS:
        if found := form.fullmatch(text):
            try:
                return _from_parts(found.groupdict(), place, clock)
            except (KeyError, ValueError, OverflowError):
                return None
    return _from_epoch(text)


def _frequent_as_iso(text: str) -> str:
    """Return an ISO 8601 text for a date of the two most frequent forms; "" for any other."""
    if found := _USUAL_RFC822.fullmatch(text):
        day, name, year, clock, offset = found.groups()
        month = _MONTHS.get(name.lower(), 0)
        return f"{year}-{month:02}-{day}T{clock}{offset or 'Z'}"
    return text if _STRICT_ISO.fullmatch(text) else ""


def _from_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # a leap second, 24:00, or no date at all
        return None


def _from_parts(parts: dict[str, str | None], place: str, clock: tzinfo) -> datetime | date:
    day = date(_year(parts["year"] or ""), _month(parts), int(parts["day"] or 0))
    hour = parts["hour"]
    if hour is None:
        return day
    midnight = datetime.combine(day, time(), zone(parts["zone"] or "", place, clock))
    since = timedelta(
        hours=_hour(int(hour), parts.get("half")),
        minutes=int(parts["minute"] or 0),
        seconds=min(int(parts["second"] or 0), 59),  # a leap second has no place in datetime
    )
    if since > timedelta(days=1):
        raise ValueError(hour)
    return (midnight + since).astimezone(UTC)


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) == len("2025"):
        return year
    return year + (1900 if year >= _CENTURY_PIVOT else 2000)


def _month(parts: dict[str, str | None]) -> int:
    name = parts.get("name")
    if name is None:
        return int(parts["month"] or 0)
    name = name.lower()
    return _MONTHS[name[:4] if name[:4] in _MONTHS else name[:3]]


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _from_epoch(text: str) -> datetime | None:
    found = _EPOCH.fullmatch(text)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


# ---- Years that do not count from Christ: the Japanese eras, the Republic of China, Buddhist
# ones, and the Persian calendar (the 33-year rule, exact for 1925 to 2087). ----

_ERAS: dict[str, int] = _DATA["eras"]
_AFTERNOON = frozenset(_DATA["afternoon"].split())
_HALF_DAYS = "|".join([*_DATA["forenoon"].split(), *_AFTERNOON])
_BUDDHIST = 543
_EAST_ASIAN = re.compile(
    rf"(?P<era>{'|'.join(_ERAS)})?\s*(?P<year>元|\d{{1,4}})\s*[年년]\s*(?P<month>\d{{1,2}})\s*[月월]"
    r"\s*(?P<day>\d{1,2})\s*[日號号일]"
    r"(?:\s*[((][^))\d]{1,3}[))])?"
    rf"(?:[\s,、]*(?P<half>{_HALF_DAYS})?\s*"
    r"(?P<hour>\d{1,2})\s*[時时點点시::]\s*(?P<minute>\d{1,2}))?"
)
_PERSIAN_MONTHS = _numbered(_DATA["persian_months"])
_PERSIAN = re.compile(rf"(\d{{1,2}})\s+({'|'.join(_PERSIAN_MONTHS)})(?:\s*ماه)?[،,]?\s+(1[34]\d\d)")
_THAI_ERA = re.compile(r"พ\.?\s*ศ\.?\s*")
_THAI_YEAR = re.compile(r"\b(2[45]\d\d)\b")


def east_asian_date(text: str, clock: tzinfo = UTC) -> datetime | date | None:
    """Return the first date like 2025年11月17日 in *text*; its time is by *clock*."""
    found = _EAST_ASIAN.search(text)
    if found is None:
        return None
    try:
        year = 1 if found["year"] == "元" else int(found["year"])
        year += _ERAS.get(found["era"] or "", 0)
        month, day = int(found["month"]), int(found["day"])
        if found["hour"] is None:
            return date(year, month, day)
        hour = int(found["hour"]) % 24
        if found["half"]:
            hour = hour % 12 + (12 if found["half"] in _AFTERNOON else 0)
        timestamp = datetime(year, month, day, hour, int(found["minute"]), tzinfo=clock)
        return timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def persian_date(text: str) -> date | None:
    """Return the first Persian date with a month's name in *text*, digits being ASCII already."""
    found = _PERSIAN.search(text.replace("ي", "ی").replace("ك", "ک"))
    if found is None:
        return None
    days = _days_before_year(int(found[3])) + _days_before_month(_PERSIAN_MONTHS[found[2]])
    return date.fromordinal(days + int(found[1]))


def western_years(text: str) -> str:
    """Return *text* with Buddhist years written as western ones."""
    text = _THAI_ERA.sub("", text)
    return _THAI_YEAR.sub(lambda found: str(int(found[1]) - _BUDDHIST), text)


def _days_before_year(year: int) -> int:
    # 1 Farvardin 1 was 21 March 622 in the proleptic Gregorian calendar; 8 leap days in 33 years.
    since = year - 1
    return date(622, 3, 20).toordinal() + since * 365 + (since * 8 + 29) // 33


def _days_before_month(month: int) -> int:
    longer = min(month - 1, 6)  # the first six months have 31 days, the others 30
    return (month - 1) * 30 + longer
