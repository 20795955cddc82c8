"""Dates as people type them: `2026-06-01`, `1 June`, `1.6.`, `tomorrow`, `Monday`, `10 days`.

A date without a year is the next such; a bare weekday is the next, never today.
"""

import re
from datetime import date, timedelta

from bot.subscribers.weekdays import WEEKDAY, weekday_of

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<name>[a-z]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})\.\s*(?P<month>\d{1,2})\.?\s*(?P<year>\d{4})?",
        rf"{_DAY}\.?\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<year>\d{{4}}))?",
        rf"{_MONTH}\s+{_DAY}(?:,?\s+(?P<year>\d{{4}}))?",
    )
)
_NEXT = re.compile(rf"(?:next\s+)?({WEEKDAY})", re.IGNORECASE)
_BEFORE_A_DATE = re.compile(rf"^{WEEKDAY},?\s+(?=\S)", re.IGNORECASE)
_AFTER = re.compile(r"(?:in\s+|for\s+)?(\d{1,3}|a)\s*(days?|weeks?)", re.IGNORECASE)


def read_date(text: str, today: date) -> date | None:
    """Return the date that *text* names, seen from *today*; None if it names none."""
    text = re.sub(r"^(?:until|till|on)\s+", "", text.strip(), flags=re.IGNORECASE)
    text = _BEFORE_A_DATE.sub("", text)
    if text.lower() == "tomorrow":
        return today + timedelta(days=1)
    if found := _AFTER.fullmatch(text):
        unit = timedelta(weeks=1) if found[2].lower().startswith("week") else timedelta(days=1)
        return today + unit * (1 if found[1] in "aA" else int(found[1]))
    if found := _NEXT.fullmatch(text):
        return today + timedelta((weekday_of(found[1]) - today.weekday() - 1) % 7 + 1)
    return next((day for form in _FORMS if (day := _in_form(form, text, today))), None)


def _in_form(form: re.Pattern[str], text: str, today: date) -> date | None:
    found = form.fullmatch(text)
    if not found:
        return None
    parts = found.groupdict()
    month = int(parts["month"]) if parts.get("month") else _month(parts.get("name") or "")
    day = int(parts["day"])
    if parts["year"]:
        return _date(int(parts["year"]), month, day)
    coming = (_date(today.year + ahead, month, day) for ahead in range(9))  # 29 February
    return next((one for one in coming if one and one > today), None)


def _month(name: str) -> int:
    short = name.lower()[:3]
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
