"""Times, days of the week, hours and dates as users type them, in English and one more language.

Names of days and of the parts of a day are CLDR's, what stands around them is in `bot/languages`,
dates are dateparser's but for days of the week and what it misses. A text is read only if every
word of it is known.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple
from unicodedata import decimal, normalize

from babel import Locale

from bot.languages import words
from bot.rendering.i18n import ENGLISH, LANGUAGES
from bot.subscribers.digest_schedule import WeeklyTime
from storage.schedules import EVERY_DAY, QuietHours

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

LONGEST: Final = 120  # characters: nobody types so many for four times of several days
_LONGEST_DATE: Final = 40  # dateparser takes long for much text
_NOON, _HOURS, _EVENING = 12, 24, 6

# Kinds of tokens; `match` names them by their letters.
_DAYS, _TIME, _TO, _AND, _QUIET, _AM, _PM, _NIGHT, _FILLER = "dt-,qapn "
_HALVES: Final = (_AM, _PM, _NIGHT)
_SIGNS: Final = {"-": _TO, ",": _AND}


class TimeToken(NamedTuple):
    """*value*: weekdays as bits, or minutes after midnight; *is_clear*: it can only be a time."""

    kind: str
    value: int = 0
    is_clear: bool = True


_NONE: Final = TimeToken("?")

# What the words of a section of `bot/languages` say, and CLDR's periods of a day.
_SECTIONS: Final = MappingProxyType(
    {
        "every_day": TimeToken(_DAYS, EVERY_DAY),
        "workdays": TimeToken(_DAYS, 0b0011111),
        "weekend": TimeToken(_DAYS, 0b1100000),
        "until": TimeToken(_TO),
        "and": TimeToken(_AND),
        "quiet": TimeToken(_QUIET),
        "time_fillers": TimeToken(_FILLER),
    }
)
_PARTS_OF_DAY: Final = MappingProxyType(
    {"am": _AM, "morning": _AM, "pm": _PM, "afternoon": _PM, "evening": _PM, "night": _NIGHT}
)

_NOT_SPACED: Final = frozenset({"ja", "zh-Hans", "zh-Hant", "ko"})
# A sign alone is the name of a day there; in Chinese it is a number.
_ONE_SIGN: Final = frozenset({"ja", "ko"})
_EASTERN_SIGNS: Final = "[時时点點시]"
_NUMBER: Final = (
    r"(?P<hour>\d{{1,2}})(?:\s*(?P<sign>{signs})\s*(?:(?P<minute>[0-5]?\d)(?!\d)\s*[分분]?"
    r"|(?P<half>[半반]))?|[:.](?P<written>[0-5]\d))?(?!\d)"
)
_VOWELS: Final = "aeiouаея"  # noqa: RUF001 - Cyrillic; a name is inflected at them
_SHORTEST_STEM: Final = 4

_MARKS: Final = re.compile("[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_DIGIT: Final = re.compile(r"[^\D0-9]")
_LETTERS: Final = str.maketrans("đ\u2019\u02bc", "d''")
_PUNCTUATION: Final = str.maketrans(
    "〜~\u2212\u2010\u2011\u2012\u2013\u2014\u2015،\uff1b;・·、&+", "-" * 9 + "," * 8
)
_AND_OF_ARABIC: Final = re.compile(r"(?<!\w)و(?=\d|ال)")

_YEAR_FIRST: Final = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})")
_DAY_FIRST: Final = re.compile(r"(?P<day>\d{1,2})\.\s*(?P<month>\d{1,2})\.?\s*(?P<year>\d{4})?")
_EASTERN_DATE: Final = re.compile(
    r"(?:(?P<year>\d{4})\s*[年년]\s*)?(?P<month>\d{1,2})\s*[月월]"
    r"\s*(?P<day>\d{1,2})\s*[日号號일].{0,3}"
)
_AMBIGUOUS_DATE: Final = re.compile(r"\d{1,2}/\d{1,2}(?:/\d{2,4})?")  # 1/6: June or January?
_ORDINAL: Final = re.compile(r"(?<=\d)[ºª°]")


def ascii_digits(text: str) -> str:
    """Write every decimal digit, such as ٣, as one of 0 to 9."""
    return _DIGIT.sub(lambda found: str(decimal(found[0])), text)


def read_clock(text: str, language: str) -> int | None:
    """Return the minutes after midnight that *text* names: `8`, `8.30`, `at 7 pm`, `午後7時`."""
    match tokens_in(text, language):
        case [TimeToken("t", minutes)]:
            return minutes
    return None


def read_times(text: str, language: str, *, loose: bool = False) -> tuple[WeeklyTime, ...] | None:
    """Return the times that *text* names and nothing else: `8 and 18:30`, `Mondays 9:00`.

    1. Commas and `and` part it into pieces, of days, of a time, or both in either order.
    2. Days without a time belong to the next time; with none to follow, to the last.
    3. A time without days has those of the time before it; the first has every day.

    *loose*: times were asked for, so a number alone is an hour.
    """
    tokens = tokens_in(text, language)
    if any(token.kind not in (_DAYS, _TIME, _AND) for token in tokens):
        return None
    if not loose and not all(token.is_clear for token in tokens):
        return None
    pieces: list[tuple[int, int | None]] = [(0, None)]
    for kind, value, _ in tokens:
        days, minutes = pieces[-1]
        if kind == _AND:
            pieces.append((0, None))
        elif kind == _DAYS:
            pieces[-1] = (days | value, minutes)
        elif minutes is None:
            pieces[-1] = (days, value)
        else:
            return None  # two times and nothing between them
    return tuple(_with_days(pieces)) or None


def _with_days(pieces: Iterable[tuple[int, int | None]]) -> Iterator[WeeklyTime]:
    times: list[tuple[int, int]] = []
    waiting, current = 0, EVERY_DAY
    for days, minutes in pieces:
        waiting |= days
        if minutes is not None:
            current, waiting = waiting or current, 0
            times.append((minutes, current))
    for place, (minutes, days) in enumerate(times, 1):
        yield WeeklyTime(minutes, days | waiting if place == len(times) else days)


def read_hours(text: str, language: str, *, loose: bool = False) -> QuietHours | None:
    """Return from when to when: `22:00-07:00`, `quiet 22-7`; None where both are the same.

    *loose*: hours were asked for, so numbers alone are hours, and `and` is between them.
    """
    match tokens_in(text, language):
        case [TimeToken("q"), *tokens]:
            loose = True
        case tokens:
            pass
    match tokens:
        case [TimeToken("t", start) as first, TimeToken(between), TimeToken("t", end) as last]:
            is_span = between == _TO or (loose and between == _AND)
            is_clear = loose or (first.is_clear and last.is_clear)
            return QuietHours(start, end) if is_span and is_clear and start != end else None
    return None


def read_date(text: str, today: date, language: str) -> date | None:
    """Return the date that *text* names, seen from *today*: `1 June`, `tomorrow`, `10 days`.

    A date without a year is the next such; a bare weekday is the next, never today.
    """
    if len(text) > _LONGEST_DATE:
        return None
    match [token for token in tokens_in(text, language) if token.kind != _TO]:
        case [TimeToken("d", days)] if days.bit_count() == 1:
            return today + timedelta((days.bit_length() - 1 - today.weekday() - 1) % 7 + 1)
    plain = _ORDINAL.sub("", ascii_digits(text).strip())
    if _AMBIGUOUS_DATE.fullmatch(plain):
        return None
    for form in (_YEAR_FIRST, _DAY_FIRST, _EASTERN_DATE):
        if found := form.fullmatch(plain):
            return _next_date(today, *(int(found[part] or 0) for part in ("year", "month", "day")))
    read = _date_parser(language, today).get_date_data(_without_until(plain, language))
    return read.date_obj.date() if read.date_obj else None


# From text to tokens.


def tokens_in(text: str, language: str) -> list[TimeToken]:
    """Return what *text* says about times; nothing if it says anything else."""
    if len(text) > LONGEST:
        return []
    lexed = _lexed(_folded(text), _lexicon(language))
    return _with_spans(_with_halves(lexed)) if lexed else []


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """*pattern* has a group for each of the *tokens*; *number* is a time in digits."""

    pattern: re.Pattern[str]
    tokens: tuple[TimeToken, ...]
    number: re.Pattern[str]


@cache
def _lexicon(language: str) -> _Lexicon:
    """Return the words of the language of a code of ours, and those of English."""
    known: dict[str, TimeToken] = {}  # by pattern; the first of a pattern counts
    signs = [_EASTERN_SIGNS]
    for code in dict.fromkeys((language, ENGLISH.code)):
        for pattern, token in _patterns(code):
            known.setdefault(pattern, token)
        signs += (f"{_folded(sign)}(?![^\\W\\d])\\.?" for sign in _words("hour_signs", code))
    longest_first = sorted(known, key=len, reverse=True)
    return _Lexicon(
        re.compile("|".join(f"({pattern})" for pattern in longest_first)),
        tuple(known[pattern] for pattern in longest_first),
        re.compile(_NUMBER.format(signs="|".join(signs))),
    )


def _patterns(code: str) -> Iterator[tuple[str, TimeToken]]:
    """Give patterns of folded words with their tokens."""
    is_spaced = code not in _NOT_SPACED
    shortest = 1 if is_spaced or code in _ONE_SIGN else 2
    for day, name in _weekdays(code):
        token = TimeToken(_DAYS, 1 << day)
        if len(name) >= shortest:
            yield _pattern(name, is_spaced=is_spaced), token
        stem = name[:-1] if name[-1:] in _VOWELS else name
        if is_spaced and len(stem) >= _SHORTEST_STEM:
            yield _pattern(stem, is_spaced=True, end=r"\w{0,3}(?!\w)"), token
    listed = (
        (word, token) for section, token in _SECTIONS.items() for word in _words(section, code)
    )
    for word, token in (*listed, *_words_of_cldr(code)):
        if any(map(str.isalpha, word)):
            yield _pattern(word, is_spaced=is_spaced), token
    yield r"(?<![^\W\d])a\.?m(?!\w)\.?", TimeToken(_AM)
    yield r"(?<![^\W\d])p\.?m(?!\w)\.?", TimeToken(_PM)
    yield _folded("上午|午前|오전"), TimeToken(_AM)
    yield _folded("下午|午後|오후"), TimeToken(_PM)


def _words_of_cldr(code: str) -> Iterator[tuple[str, TimeToken]]:
    """Give the word for `and`, and the parts of the day."""
    for locale in _locales(code):
        both = locale.list_patterns["standard"]["2"]
        yield both.replace("{0}", "").replace("{1}", ""), TimeToken(_AND)
        for names in locale.day_periods.values():
            for width in ("wide", "abbreviated"):
                for period, name in names.get(width, {}).items():
                    if kind := _PARTS_OF_DAY.get(period.rstrip("12")):
                        yield name, TimeToken(kind)


def _weekdays(code: str) -> Iterator[tuple[int, str]]:
    """Give each name of a day, folded; 0 is Monday."""
    for locale in _locales(code):
        for names in locale.days.values():
            for width in ("wide", "abbreviated", "short"):
                for day, name in names.get(width, {}).items():
                    yield day, _folded(name).removesuffix(".")
                    yield day, _folded(name).removesuffix(".").partition("-")[0]  # segunda-feira
    for day, names in enumerate(_words("weekdays_also", code)):
        for name in names.split("|"):
            yield day, _folded(name)


def _locales(code: str) -> Iterator[Locale]:
    """Give CLDR's data of the language; of Chinese in both scripts."""
    for language in LANGUAGES.values():
        if _file_of(language.code) == _file_of(code):
            yield Locale.parse(language.locale)


def _file_of(code: str) -> str:
    return code.partition("-")[0]


def _pattern(word: str, *, is_spaced: bool, end: str = r"(?!\w)\.?") -> str:
    escaped = re.escape(_folded(word).strip().removesuffix(".")).replace(r"\ ", r"\s*")
    if not is_spaced:
        return escaped
    return rf"(?<![^\W\d]){escaped}{'' if word.endswith(chr(39)) else end}"


def _words(section: str, code: str) -> tuple[str, ...]:
    return words(section).get(_file_of(code), ())


def _lexed(text: str, lexicon: _Lexicon) -> list[TimeToken]:
    tokens: list[TimeToken] = []
    place = 0
    while place < len(text):
        sign = text[place]
        if found := lexicon.number.match(text, place):
            token = _time_of(found)
        elif found := lexicon.pattern.match(text, place):
            token = lexicon.tokens[(found.lastindex or 1) - 1]
        elif sign.isspace() or sign in _SIGNS:
            token = TimeToken(_SIGNS.get(sign, _FILLER))
        else:
            return []
        if token is None:
            return []
        place = found.end() if found else place + 1
        if token.kind != _FILLER:
            tokens.append(token)
    return tokens


def _time_of(found: re.Match[str]) -> TimeToken | None:
    hour, minute = int(found["hour"]), int(found["minute"] or found["written"] or 0)
    minute = 30 if found["half"] else minute
    is_clear = bool(found["sign"]) or ":" in found[0]
    return TimeToken(_TIME, hour * 60 + minute, is_clear) if hour < _HOURS else None


def _with_halves(tokens: list[TimeToken]) -> list[TimeToken]:
    """Apply each part of the day to the time after or before it: `午後7時`, `7 pm`."""
    joined: list[TimeToken] = []
    half = ""
    for token in reversed(tokens):
        if token.kind in _HALVES and joined and joined[-1].kind == _TIME:
            joined[-1] = _in_half(joined[-1], token.kind)
        elif token.kind in _HALVES:
            half = token.kind
        else:
            joined.append(_in_half(token, half) if half else token)
            half = ""
    return joined[::-1] if not half else []


def _in_half(time: TimeToken, half: str) -> TimeToken:
    """Return the *time* in that half of the day; no such token for `13 pm`, or what is no time."""
    hour, minute = divmod(time.value, 60)
    if time.kind != _TIME or not 1 <= hour <= _NOON:
        return _NONE
    is_late = half == _PM or (half == _NIGHT and hour >= _EVENING and hour != _NOON)
    return TimeToken(_TIME, (hour % _NOON + (_NOON if is_late else 0)) * 60 + minute)


def _with_spans(tokens: list[TimeToken]) -> list[TimeToken]:
    """Make one token of `Monday to Friday`; `to` stays between two times, where it says so too."""
    joined: list[TimeToken] = []
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else _NONE
        after = tokens[place + 1] if place + 1 < len(tokens) else _NONE
        if token.kind == _TO and (before.kind, after.kind) != (_TIME, _TIME):
            continue
        if token.kind == _DAYS and before.kind == _TO and joined and joined[-1].kind == _DAYS:
            joined[-1] = TimeToken(_DAYS, _span(joined[-1].value, token.value))
        else:
            joined.append(token)
    return joined


def _span(first: int, last: int) -> int:
    start, end = first.bit_length() - 1, last.bit_length() - 1
    return sum(1 << (start + step) % 7 for step in range((end - start) % 7 + 1))


def _folded(text: str) -> str:
    """Leave out case, accents and wide forms, but not dakuten or the letters of Hangul."""
    plain = normalize("NFC", _MARKS.sub("", normalize("NFKD", text.casefold())))
    said = ascii_digits(plain).translate(_LETTERS).translate(_PUNCTUATION)
    return _AND_OF_ARABIC.sub(" و ", said)


# Dates.


def _next_date(today: date, year: int, month: int, day: int) -> date | None:
    """Return the date, or where there is no *year* the next such."""
    years = [year] if year else range(today.year, today.year + 9)  # 29 February
    for one in years:
        try:
            found = date(one, month, day)
        except ValueError:
            continue
        if year or found > today:
            return found
    return None


def _without_until(text: str, code: str) -> str:
    """Leave out `until`, `on` and the like before or after a date."""
    said = "|".join(
        re.escape(word)
        for one in dict.fromkeys((code, ENGLISH.code))
        for section in ("until", "time_fillers")
        for word in _words(section, one)
    )
    if code in _NOT_SPACED:
        text = re.sub(rf"(?:{said})+$", "", text)
    return re.sub(rf"^(?:(?:{said})\s+)+", "", text, flags=re.IGNORECASE).strip()


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
