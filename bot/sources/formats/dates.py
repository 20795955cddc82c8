"""Dates as feeds write them; pages go on in `pagedates`.

Order: ISO 8601, RFC 822 and its cousins, Unix time. Without a zone a time counts as UTC, or by the
clock that is given; without a time a date stays a date.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.sources.formats.zones import zone

# By their first letters: English, German, French, Spanish, Italian, Portuguese, Dutch, Russian.
_MONTH_NAMES = (
    "jan ene gen янв", "feb fév fev фев", "mar mär maa mrt мар", "apr avr abr апр",
    "may mai mag mei maj май мая", "jun juin giu июн", "jul juil lug июл", "aug aoû aou ago авг",
    "sep set сен", "oct okt ott out окт", "nov ноя", "dec déc dez dic дек",
)  # fmt: skip
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
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
_AMERICAN = re.compile(  # only with AM or PM: else nobody knows which is the month
    rf"(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>\d{{4}}),?\s+{_CLOCK}"
    r"\s*(?P<half>[AP]M)\b\s*(?P<zone>\S.*)?",
    re.ASCII,
)
_FORMS = (_ISO, _RFC822, _MONTH_FIRST, _ASCTIME, _COMPACT, _DOTTED, _AMERICAN)
# What Python reads by itself, ten times quicker.
_STRICT_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = re.compile(r"(\d{9,10})(?:\.\d+|(\d{3}))?", re.ASCII)
_LONGEST = 90
_CENTURY_PIVOT = 69  # as RFC 2822 readers do: 69 is 1969, 68 is 2068


def feed_date(text: str, place: str = "", clock: tzinfo = UTC) -> datetime | date | None:
    """*text* as a moment in UTC or a bare date, else None. *place* settles ambiguous zones."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if _STRICT_ISO.fullmatch(text) and (moment := _from_iso(text)):
        return moment
    for form in _FORMS:
        if found := form.fullmatch(text):
            try:
                return _assembled(found.groupdict(), place, clock)
            except (KeyError, ValueError, OverflowError):
                return None
    return _from_epoch(text)


def _from_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # a leap second, the end of a day, what is no date
        return None


def _assembled(parts: dict[str, str | None], place: str, clock: tzinfo) -> datetime | date:
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
