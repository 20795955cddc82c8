"""Dates as pages and plain texts write them, in any language.

Order: what feeds write, East Asian and Persian dates, numbers by the custom of the language, and
dateparser, which must find day, month and year. Relative and partial dates are refused. A longer
text may carry its date anywhere ("Published on 17 November 2025 at 10:30").
"""

import re
import unicodedata
import warnings
from datetime import UTC, date, datetime, time, tzinfo
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from bot.sources.formats.calendars import east_asian_date, persian_date, western_years
from bot.sources.formats.dates import feed_date
from bot.sources.formats.zones import zone

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

_LONGEST = 120
_EARLIEST, _LATEST = 1900, 2200
_ZONE = r"(?:(?:GMT|UTC)?\s?[+-]\d{1,2}(?::?\d{2})?\b|[A-Z]{2,5}\b)"
_TIME = (
    r"(?:[^\d\n]{0,12}\d{1,2}(?:[:.h]\d{2}|(?=\s*Uhr))(?::\d{2})?"
    rf"(?:\s*[ap]\.?m\b\.?)?(?:\s*{_ZONE})?)?"
)
_WORD = r"[^\W\d_][\w'\u2019]*\.?"
_WRITTEN = re.compile(
    rf"\b(?:\d{{1,2}}(?:\.|st|nd|rd|th|er|º)?,?\s+(?:de\s+|of\s+|ng\s+)?{_WORD},?\s+(?:de\s+|del\s+)?\d{{4}}"
    rf"|{_WORD}\s+\d{{1,2}}(?:st|nd|rd|th)?\.?,?\s+\d{{4}})\b{_TIME}"
)
_NUMBERS = re.compile(rf"(?<!\d)(\d{{1,2}})([./-])\s?(\d{{1,2}})\2\s?(\d{{4}})(?!\d)({_TIME})")
_YEAR_FIRST = re.compile(
    r"(?<!\d)\d{4}([./-])\d{1,2}\1\d{1,2}(?!\d)(?:[T\s]+\d{1,2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?::\d{2})?"
    rf"(?:\s*(?P<half>[ap])\.?m\b\.?)?(?:\s*(?P<zone>{_ZONE}))?",
    re.IGNORECASE,
)
_DOTTED_NAME = re.compile(r"\b(\d{1,2})\.\s?([^\W\d_]{3,9})\.?\s?(\d{4}|\d\d)\b")
_MONTH_FIRST = frozenset({"en", "en-us", "en-ph", "en-ca"})


@lru_cache(maxsize=2048)
def page_date(text: str, place: str = "", clock: tzinfo = UTC) -> datetime | date | None:
    """The date in *text*: a moment in UTC, or a date where it gives no time; None without one.

    *place* is a tag such as "en-GB": it settles 03/04/2025 and makes reading quicker. A time
    without a zone is told by *clock*.
    """
    text = _ascii_digits(" ".join(text.split()))
    if not text or len(text) > _LONGEST or not any(map(str.isdigit, text)):
        return None
    found = feed_date(text, place, clock) or _by_form(text, place.lower(), clock)
    return found if found and _EARLIEST <= found.year <= _LATEST else None


def _by_form(text: str, place: str, clock: tzinfo) -> datetime | date | None:
    if found := east_asian_date(text, clock) or persian_date(text):
        return found
    if year_first := _YEAR_FIRST.search(text):
        return feed_date(_padded(year_first[0]), place, clock)
    if numbers := _NUMBERS.search(text):
        return _from_numbers(numbers, place, clock)
    text = _DOTTED_NAME.sub(_spaced, western_years(text))
    if written := _WRITTEN.search(text):
        found = feed_date(written[0], place, clock) or _parsed(written[0], place, clock)
    return found or _parsed(text, place, clock)


def _spaced(found: re.Match[str]) -> str:
    """Of 03.Mär.26 what everybody understands."""
    year = found[3] if len(found[3]) > 2 else f"20{found[3]}"  # noqa: PLR2004 - digits
    return f"{found[1]} {found[2]} {year}"


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(char)) if char.isdecimal() and not char.isascii() else char
        for char in text
    )


def _padded(text: str) -> str:
    return re.sub(r"(?<![\d:])(\d)(?=\D|$)", r"0\1", text)


def _from_numbers(found: re.Match[str], place: str, clock: tzinfo) -> datetime | date | None:
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if _is_ambiguous(first, second) and not place and found[2] != ".":
        return None
    month_first = found[2] == "/" and place in _MONTH_FIRST
    if second > 12 or (month_first and first <= 12):  # noqa: PLR2004 - months
        first, second = second, first
    try:
        return _at(date(year, second, first), _CLOCK.search(found[5] or ""), place, clock)
    except (ValueError, OverflowError):
        return None


def _at(day: date, told: re.Match[str] | None, place: str, clock: tzinfo) -> datetime | date:
    if told is None:
        return day
    hour = int(told["hour"])
    if told["half"]:
        hour = hour % 12 + (12 if told["half"] in "pP" else 0)
    by = zone(told["zone"] or "", place, clock)
    return datetime.combine(day, time(hour, int(told["minute"])), by).astimezone(UTC)


def _is_ambiguous(first: int, second: int) -> bool:
    return first != second and first <= 12 and second <= 12  # noqa: PLR2004 - months


def _parsed(text: str, place: str, clock: tzinfo) -> datetime | date | None:
    primary = place.partition("-")[0]
    for parser in (_parser(primary) if primary else None, _parser("")):
        if parser is None:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own regular expressions and datetime calls warn
            data = parser.get_date_data(text)
        if data.date_obj:
            moment: datetime = data.date_obj
            told = moment if moment.tzinfo else moment.replace(tzinfo=clock)
            return told.astimezone(UTC) if data.period == "time" else moment.date()
    return None


@cache
def _parser(language: str) -> "DateDataParser | None":
    """None for a language that dateparser does not know."""
    from dateparser.data.languages_info import language_order  # noqa: PLC0415 - see below
    from dateparser.date import DateDataParser  # noqa: PLC0415 - slow, and feeds never need it

    if language and language not in language_order:
        return None
    settings = {
        "PARSERS": ["absolute-time"],
        "REQUIRE_PARTS": ["day", "month", "year"],
        "RETURN_TIME_AS_PERIOD": True,
    }
    return DateDataParser(languages=[language] if language else None, settings=settings)
