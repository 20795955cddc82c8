"""Times, days of the week, hours and dates as users type them, in English and one more language.

`time_tokens` turns words into tokens, and this module turns the tokens into times. It reads a text
only if it knows every word. Dates are left to dateparser, except for days of the week and for forms
that dateparser misreads.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bot.rendering.i18n import ENGLISH, LANGUAGES
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.time_tokens import (
    NOT_SPACED,
    TimeKind,
    TimeToken,
    ascii_digits,
    time_tokens_in,
    words_of,
)
from storage.schedules import EVERY_DAY, QuietHours

if TYPE_CHECKING:
    from dateparser.date import DateDataParser


# Times and hours


def read_clock(text: str, language: str) -> int | None:
    """Return the minutes after midnight that *text* names: `8`, `8.30`, `at 7 pm`, `午後7時`."""
    match time_tokens_in(text, language):
        case [TimeToken(TimeKind.TIME, minutes)]:
            return minutes
    return None


def read_times(text: str, language: str, *, loose: bool = False) -> tuple[WeeklyTime, ...] | None:
    """Return the times that *text* names and nothing else: `8 and 18:30`, `Mondays 9:00`.

    1. Commas and `and` separate pieces: days, a time, or both in either order.
    2. Days without a time belong to the next time; with none to follow, to the last.
    3. A time without days has those of the time before it; the first has every day.

    *loose*: the bot asked for times, so a number alone is an hour.
    """
    tokens = time_tokens_in(text, language)
    if not loose and not all(token.is_clear for token in tokens):
        return None
    pieces: list[tuple[int, int | None]] = [(0, None)]
    for kind, value, _ in tokens:
        days, minutes = pieces[-1]
        match kind:
            case TimeKind.AND:
                pieces.append((0, None))
            case TimeKind.DAYS:
                pieces[-1] = (days | value, minutes)
            case TimeKind.TIME if minutes is None:
                pieces[-1] = (days, value)
            case _:  # no part of a time, or a second time in the piece
                return None
    return _on_their_days(pieces) or None


def _on_their_days(pieces: Iterable[tuple[int, int | None]]) -> tuple[WeeklyTime, ...]:
    times: list[WeeklyTime] = []
    waiting, current = 0, EVERY_DAY
    for days, minutes in pieces:
        waiting |= days
        if minutes is not None:
            current, waiting = waiting or current, 0
            times.append(WeeklyTime(minutes, current))
    if times and waiting:
        times[-1] = WeeklyTime(times[-1].minutes, times[-1].weekdays | waiting)
    return tuple(times)


def read_hours(text: str, language: str, *, loose: bool = False) -> QuietHours | None:
    """Return the hours in `22:00-07:00` or `quiet 22-7`; None if both times are the same.

    *loose*: the bot asked for hours, so numbers alone are hours, and `and` may join them.
    """
    tokens = time_tokens_in(text, language)
    if tokens and tokens[0].kind is TimeKind.QUIET:
        tokens, loose = tokens[1:], True
    match tokens:
        case [TimeToken(TimeKind.TIME, start), TimeToken(between), TimeToken(TimeKind.TIME, end)]:
            is_span = between is TimeKind.TO or (loose and between is TimeKind.AND)
            is_clear = loose or all(token.is_clear for token in tokens)
            return QuietHours(start, end) if is_span and is_clear and start != end else None
    return None


# Dates


_LONGEST_DATE: Final = 40  # characters, because dateparser takes long for more
_ORDINAL_SIGN: Final = re.compile(r"(?<=\d)[ºª°]")
_YEAR_FIRST: Final = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})")
_DAY_FIRST: Final = re.compile(r"(?P<day>\d{1,2})\.\s*(?P<month>\d{1,2})\.?\s*(?P<year>\d{4})?")
_EASTERN_DATE: Final = re.compile(
    r"(?:(?P<year>\d{4})\s*[年년]\s*)?(?P<month>\d{1,2})\s*[月월]"
    r"\s*(?P<day>\d{1,2})\s*[日号號일].{0,3}"
)
_AMBIGUOUS_DATE: Final = re.compile(r"\d{1,2}/\d{1,2}(?:/\d{2,4})?")  # 1/6: June or January?
_YEARS_TO_LEAP_DAY: Final = 8  # at most: from 2096 to 2104


def read_date(text: str, today: date, language: str) -> date | None:
    """Return the date that *text* names, relative to *today*: `1 June`, `tomorrow`, `10 days`.

    A date without a year, or a day of the week, means the next one after today.
    """
    if len(text) > _LONGEST_DATE:
        return None
    match [token for token in time_tokens_in(text, language) if token.kind is not TimeKind.TO]:
        case [TimeToken(TimeKind.DAYS, days)] if days.bit_count() == 1:
            ahead = (days.bit_length() - 1 - today.weekday()) % 7
            return today + timedelta(ahead or 7)
    plain = _ORDINAL_SIGN.sub("", ascii_digits(text).strip())
    if _AMBIGUOUS_DATE.fullmatch(plain):
        return None
    for form in (_YEAR_FIRST, _DAY_FIRST, _EASTERN_DATE):
        if found := form.fullmatch(plain):
            return _next_date(today, *(int(found[part] or 0) for part in ("year", "month", "day")))
    read = _date_parser(language, today).get_date_data(_without_fillers(plain, language))
    return read.date_obj.date() if read.date_obj else None


def _next_date(today: date, year: int, month: int, day: int) -> date | None:
    """Return the date; if *year* is 0, the next such date after today."""
    years = [year] if year else range(today.year, today.year + _YEARS_TO_LEAP_DAY + 1)
    for candidate in years:
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year or found > today:
            return found
    return None


def _without_fillers(text: str, code: str) -> str:
    """Leave out `until`, `on` and the like before or after a date."""
    fillers = "|".join(
        re.escape(word)
        for language in dict.fromkeys((code, ENGLISH.code))
        for section in ("until", "time_fillers")
        for word in words_of(section, language)
    )
    if code in NOT_SPACED:
        text = re.sub(rf"(?:{fillers})+$", "", text)
    return re.sub(rf"^(?:(?:{fillers})\s+)+", "", text, flags=re.IGNORECASE).strip()


@lru_cache(maxsize=len(LANGUAGES))
def _date_parser(code: str, today: date) -> "DateDataParser":
    from dateparser.date import DateDataParser  # noqa: PLC0415 - slow, and few ever need it

    spoken = "zh" if code == "zh-Hans" else code
    return DateDataParser(
        languages=list(dict.fromkeys((spoken, ENGLISH.code))),
        settings={
            "DATE_ORDER": "DMY",
            "PREFER_DATES_FROM": "future",
            "RELATIVE_BASE": datetime.combine(today, time()),
            "REQUIRE_PARTS": ["day"],
        },
    )
