"""Written dates of East Asia, and years that do not count from Christ.

Numbered years of the Japanese eras and of the Republic of China, Buddhist years, and the Persian
calendar (the 33-year rule, exact for 1925 to 2087).
"""

import re
from datetime import UTC, date, datetime, tzinfo

_ERA_ZERO = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}
_BUDDHIST = 543
_EAST_ASIAN = re.compile(
    r"(?P<era>令和|平成|昭和|民國|民国)?\s*(?P<year>元|\d{1,4})\s*[年년]\s*(?P<month>\d{1,2})\s*[月월]"
    r"\s*(?P<day>\d{1,2})\s*[日號号일]"
    r"(?:\s*[((][^))\d]{1,3}[))])?"
    r"(?:[\s,、]*(?P<half>午前|午後|上午|下午|오전|오후)?\s*"
    r"(?P<hour>\d{1,2})\s*[時时點点시::]\s*(?P<minute>\d{1,2}))?"
)
_AFTER_NOON = frozenset({"午後", "下午", "오후"})
_PERSIAN_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("فروردین",),
            ("اردیبهشت",),
            ("خرداد",),
            ("تیر",),
            ("مرداد", "امرداد"),
            ("شهریور",),
            ("مهر",),
            ("آبان",),
            ("آذر",),
            ("دی",),
            ("بهمن",),
            ("اسفند",),
        ),
        1,
    )
    for name in names
}
_PERSIAN = re.compile(rf"(\d{{1,2}})\s+({'|'.join(_PERSIAN_MONTHS)})(?:\s*ماه)?[،,]?\s+(1[34]\d\d)")
_THAI_ERA = re.compile(r"พ\.?\s*ศ\.?\s*")
_THAI_YEAR = re.compile(r"\b(2[45]\d\d)\b")


def east_asian_date(text: str, clock: tzinfo = UTC) -> datetime | date | None:
    """The first date like 2025年11月17日 (or 년 월 일) in *text*; a time in it is by *clock*."""
    found = _EAST_ASIAN.search(text)
    if found is None:
        return None
    try:
        year = 1 if found["year"] == "元" else int(found["year"])
        year += _ERA_ZERO.get(found["era"] or "", 0)
        month, day = int(found["month"]), int(found["day"])
        if found["hour"] is None:
            return date(year, month, day)
        hour = int(found["hour"]) % 24
        if found["half"]:
            hour = hour % 12 + (12 if found["half"] in _AFTER_NOON else 0)
        told = datetime(year, month, day, hour, int(found["minute"]), tzinfo=clock)
        return told.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def persian_date(text: str) -> date | None:
    """The first Persian date with a month's name in *text*, digits being ASCII already."""
    found = _PERSIAN.search(text.replace("ي", "ی").replace("ك", "ک"))
    if found is None:
        return None
    days = _days_before_year(int(found[3])) + _days_before_month(_PERSIAN_MONTHS[found[2]])
    return date.fromordinal(days + int(found[1]))


def western_years(text: str) -> str:
    """*text* with Buddhist years written as western ones."""
    text = _THAI_ERA.sub("", text)
    return _THAI_YEAR.sub(lambda found: str(int(found[1]) - _BUDDHIST), text)


def _days_before_year(year: int) -> int:
    # 1 Farvardin 1 was 21 March 622 in the proleptic Gregorian calendar; 8 leap days in 33 years.
    since = year - 1
    return date(622, 3, 20).toordinal() + since * 365 + (since * 8 + 29) // 33


def _days_before_month(month: int) -> int:
    longer = min(month - 1, 6)  # the first six months have 31 days, the others 30
    return (month - 1) * 30 + longer
