"""Typed text as tokens about time, in English and one more language.

    Mondays to Fridays, 7 pm   →   DAYS(Monday to Friday) AND TIME(19:00)

1. Fold the text: case, accents, wide forms, digits and punctuation.
2. Lex it from left to right. A number is a time; anything else must be in the lexicon. A text
   with an unknown word is not about time, and has no tokens.
3. Apply each part of the day to the time beside it.
4. Join the first and the last day of a span.

The lexicon has the days and the parts of the day from CLDR, and the words around them from
`bot/languages`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Final, NamedTuple
from unicodedata import decimal, normalize

from babel import Locale

from bot.languages import words
from bot.rendering.i18n import ENGLISH, LANGUAGES
from storage.schedules import EVERY_DAY

LONGEST: Final = 120  # characters; four times on several days are shorter


class TimeKind(Enum):
    DAYS = auto()
    TIME = auto()
    TO = auto()
    AND = auto()
    QUIET = auto()
    # Parts of the day. The night is early or late by the hour.
    AM = auto()
    PM = auto()
    NIGHT = auto()
    FILLER = auto()


class TimeToken(NamedTuple):
    """*value*: weekdays as bits, or minutes after midnight; *is_clear*: it can only be a time."""

    kind: TimeKind
    value: int = 0
    is_clear: bool = True


_TO, _AND, _FILLER = map(TimeToken, (TimeKind.TO, TimeKind.AND, TimeKind.FILLER))
_AM, _PM, _NIGHT = map(TimeToken, (TimeKind.AM, TimeKind.PM, TimeKind.NIGHT))
_PARTS_OF_DAY: Final = (_AM, _PM, _NIGHT)

NOON, MIDNIGHT, EVENING = 12, 24, 6  # hours


def time_tokens_in(text: str, language: str) -> list[TimeToken]:
    """Return the tokens of *text*, or none if it has a word that is not about time."""
    if len(text) > LONGEST:
        return []
    return _with_spans(_with_parts_of_day(_lexed(_folded(text), _lexicon(language))))


# 1. Folding


_MARKS: Final = re.compile("[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_DIGIT: Final = re.compile(r"[^\D0-9]")
_LETTERS: Final = str.maketrans("đ\u2019\u02bc", "d''")
_PUNCTUATION: Final = str.maketrans(
    "〜~\u2212\u2010\u2011\u2012\u2013\u2014\u2015،\uff1b;・·、&+", "-" * 9 + "," * 8
)
# "And" is a prefix in Arabic: before a number, or before the article of a noun.
_ARABIC_AND: Final = re.compile(r"(?<!\w)و(?=\d|ال)")


def ascii_digits(text: str) -> str:
    """Write every decimal digit, such as ٣, as one of 0 to 9."""
    return _DIGIT.sub(lambda found: str(decimal(found[0])), text)


def _folded(text: str) -> str:
    """Leave out case, accents and wide forms, but not dakuten or the letters of Hangul."""
    plain = normalize("NFC", _MARKS.sub("", normalize("NFKD", text.casefold())))
    return _ARABIC_AND.sub(" و ", ascii_digits(plain).translate(_LETTERS).translate(_PUNCTUATION))


# 2. Lexing


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """*word* has a group for each of the *tokens*; *number* is a time in digits."""

    word: re.Pattern[str]
    tokens: tuple[TimeToken, ...]
    number: re.Pattern[str]


def _lexed(text: str, lexicon: _Lexicon) -> list[TimeToken]:
    tokens: list[TimeToken] = []
    position = 0
    while position < len(text):
        if found := lexicon.number.match(text, position):
            token = _time_in(found)
        elif found := lexicon.word.match(text, position):
            token = lexicon.tokens[(found.lastindex or 1) - 1]
        else:
            return []
        if token is None:
            return []
        if token.kind is not TimeKind.FILLER:
            tokens.append(token)
        position = found.end()
    return tokens


def _time_in(found: re.Match[str]) -> TimeToken | None:
    hour, minute = int(found["hour"]), int(found["minute"] or found["written"] or 0)
    if hour >= MIDNIGHT:
        return None
    if found["half"]:
        minute = 30
    is_clear = bool(found["sign"]) or ":" in found[0]
    return TimeToken(TimeKind.TIME, hour * 60 + minute, is_clear)


# The lexicon: regular expressions on folded text, each with its token

_NUMBER: Final = (
    r"(?P<hour>\d{{1,2}})"
    r"(?:\s*(?P<sign>{signs})\s*(?:(?P<minute>[0-5]?\d)(?!\d)\s*[分분]?|(?P<half>[半반]))?"
    r"|[:.](?P<written>[0-5]\d))?(?!\d)"
)
_EASTERN_SIGNS: Final = "[時时点點시]"

# For every language, after its own words
_SIGNS: Final = (
    (r"\s", _FILLER),
    ("-", _TO),
    (",", _AND),
    (r"(?<![^\W\d])a\.?m(?!\w)\.?", _AM),
    (r"(?<![^\W\d])p\.?m(?!\w)\.?", _PM),
    (_folded("上午|午前|오전"), _AM),
    (_folded("下午|午後|오후"), _PM),
)
_SECTIONS: Final = MappingProxyType(
    {
        "every_day": TimeToken(TimeKind.DAYS, EVERY_DAY),
        "workdays": TimeToken(TimeKind.DAYS, 0b0011111),
        "weekend": TimeToken(TimeKind.DAYS, 0b1100000),
        "until": _TO,
        "and": _AND,
        "quiet": TimeToken(TimeKind.QUIET),
        "time_fillers": _FILLER,
    }
)
_CLDR_PERIODS: Final = MappingProxyType(
    {"am": _AM, "morning": _AM, "pm": _PM, "afternoon": _PM, "evening": _PM, "night": _NIGHT}
)

NOT_SPACED: Final = frozenset({"ja", "zh-Hans", "zh-Hant", "ko"})
# In these languages a single character names a day; in Chinese it is a number.
_SINGLE_CHARACTER_DAYS: Final = frozenset({"ja", "ko"})
_VOWELS: Final = "aeiouаея"  # noqa: RUF001 - Cyrillic; names are inflected at these
_SHORTEST_STEM: Final = 4
_NO_LETTER_BEFORE: Final = r"(?<![^\W\d])"
_WORD_ENDS: Final = r"(?!\w)\.?"
_STEM_ENDS: Final = r"\w{0,3}(?!\w)"


@cache
def _lexicon(language: str) -> _Lexicon:
    """Return the words of the language with this code of ours, and those of English."""
    tokens: dict[str, TimeToken] = {}  # by pattern; the first token of a pattern counts
    hour_signs = [_EASTERN_SIGNS]
    for code in dict.fromkeys((language, ENGLISH.code)):
        patterns = (_day_patterns(code), _word_patterns(code), _cldr_patterns(code), _SIGNS)
        for pattern, token in chain.from_iterable(patterns):
            tokens.setdefault(pattern, token)
        hour_signs += (rf"{_folded(sign)}(?![^\W\d])\.?" for sign in words_of("hour_signs", code))
    longest_first = sorted(tokens, key=len, reverse=True)
    return _Lexicon(
        re.compile("|".join(f"({pattern})" for pattern in longest_first)),
        tuple(tokens[pattern] for pattern in longest_first),
        re.compile(_NUMBER.format(signs="|".join(hour_signs))),
    )


def _day_patterns(code: str) -> Iterator[tuple[str, TimeToken]]:
    """Yield each name of a day, and its stem, which may be inflected."""
    shortest = 1 if code not in NOT_SPACED or code in _SINGLE_CHARACTER_DAYS else 2
    for day, name in _names_of_days(code):
        token = TimeToken(TimeKind.DAYS, 1 << day)
        if len(name) >= shortest:
            yield _pattern(name, code), token
        stem = name[:-1] if name[-1:] in _VOWELS else name
        if code not in NOT_SPACED and len(stem) >= _SHORTEST_STEM:
            yield _pattern(stem, code, _STEM_ENDS), token


def _names_of_days(code: str) -> Iterator[tuple[int, str]]:
    """Yield each name of a day, folded; 0 is Monday."""
    for locale in _locales(code):
        for names in locale.days.values():
            for width in ("wide", "abbreviated", "short"):
                for day, name in names.get(width, {}).items():
                    folded = _folded(name).removesuffix(".")
                    yield day, folded
                    yield day, folded.partition("-")[0]  # segunda-feira
    for day, names in enumerate(words_of("weekdays_also", code)):
        for name in names.split("|"):
            yield day, _folded(name)


def _word_patterns(code: str) -> Iterator[tuple[str, TimeToken]]:
    for section, token in _SECTIONS.items():
        for word in words_of(section, code):
            yield _pattern(word, code), token


def _cldr_patterns(code: str) -> Iterator[tuple[str, TimeToken]]:
    """Yield the word for `and`, and the parts of the day."""
    for locale in _locales(code):
        word_for_and = locale.list_patterns["standard"]["2"].format("", "")
        if any(map(str.isalpha, word_for_and)):  # it may be a comma
            yield _pattern(word_for_and, code), _AND
        for names in locale.day_periods.values():
            for width in ("wide", "abbreviated"):
                for period, name in names.get(width, {}).items():
                    if part := _CLDR_PERIODS.get(period.rstrip("12")):
                        yield _pattern(name, code), part


def _pattern(word: str, code: str, end: str = _WORD_ENDS) -> str:
    escaped = re.escape(_folded(word).strip().removesuffix(".")).replace(r"\ ", r"\s*")
    if code in NOT_SPACED:
        return escaped
    return f"{_NO_LETTER_BEFORE}{escaped}" + ("" if word.endswith("'") else end)


def words_of(section: str, code: str) -> tuple[str, ...]:
    """Return the entries of a section of `bot/languages` for the language with this code."""
    return words(section).get(_file_of(code), ())


def _file_of(code: str) -> str:
    return code.partition("-")[0]


def _locales(code: str) -> Iterator[Locale]:
    """Yield CLDR's data of the language; for Chinese, in both scripts."""
    for language in LANGUAGES.values():
        if _file_of(language.code) == _file_of(code):
            yield Locale.parse(language.locale)


# 3. Parts of the day


def _with_parts_of_day(tokens: Iterable[TimeToken]) -> list[TimeToken]:
    """Apply each part of the day to the time after it, `午後7時`, or else before it, `7 pm`.

    A text with a part that fits no time, as in `13 pm`, has no tokens.
    """
    joined: list[TimeToken] = []
    part: TimeToken | None = None  # which belongs to the token before it
    for token in reversed([*tokens]):
        if token not in _PARTS_OF_DAY:
            time: TimeToken | None = token if part is None else _in_part(token, part)
            part = None
        elif joined and joined[-1].kind is TimeKind.TIME:
            time = _in_part(joined.pop(), token)
        else:
            part = token
            continue
        if time is None:
            return []
        joined.append(time)
    return [] if part else joined[::-1]


def _in_part(time: TimeToken, part: TimeToken) -> TimeToken | None:
    """Return the *time* in that part of the day; None if it does not fit, or is a 24-hour time."""
    hour, minute = divmod(time.value, 60)
    if time.kind is not TimeKind.TIME or not 1 <= hour <= NOON:
        return None
    is_late = part == _PM or (part == _NIGHT and EVENING <= hour < NOON)
    return TimeToken(TimeKind.TIME, (hour % NOON + (NOON if is_late else 0)) * 60 + minute)


# 4. Spans of days


def _with_spans(tokens: list[TimeToken]) -> list[TimeToken]:
    """Join `Monday to Friday` into one token; drop every other `to` that is not between times."""
    joined: list[TimeToken] = []
    for position, token in enumerate(tokens):
        before = tokens[position - 1].kind if position else None
        after = tokens[position + 1].kind if position + 1 < len(tokens) else None
        if token.kind is TimeKind.TO and (before, after) != (TimeKind.TIME, TimeKind.TIME):
            continue
        is_end = token.kind is TimeKind.DAYS and before is TimeKind.TO
        if is_end and joined and joined[-1].kind is TimeKind.DAYS:
            joined[-1] = TimeToken(TimeKind.DAYS, _span(joined[-1].value, token.value))
        else:
            joined.append(token)
    return joined


def _span(first: int, last: int) -> int:
    start, end = first.bit_length() - 1, last.bit_length() - 1
    return sum(1 << (start + step) % 7 for step in range((end - start) % 7 + 1))
