"""Times and dates that were typed in a chat's language, said as `clocks` and `dates` read them.

Names of days and months are CLDR's, of every width, inside a date and alone; what stands around
them is in `native_words`. What is not understood stays, so that nothing reads it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from babel.dates import get_day_names, get_month_names

from bot.subscribers.foldings import folded
from bot.subscribers.native_words import WORDS, Words

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NOT_SPACED = frozenset({"ja", "zh-Hans", "zh-Hant", "ko"})
_ONE_SIGN = frozenset({"ja", "ko"})  # a sign alone is a day's name there, in Chinese a number
_TO_OR_AT = "\N{OBJECT REPLACEMENT CHARACTER}"
_BEFORE_A_NUMBER = re.compile(rf"{_TO_OR_AT}(?=\s*\d)")
_TO_OF_NOTHING = re.compile(r"(^|[,;]|\band\b)\s*to\s+")  # по понедельникам
_PUNCTUATION = str.maketrans("〜~،؛・·、", "--,;,,,")
_AND_OF_ARABIC = re.compile(r"(?<!\w)و(?=\d|ال)")
_NUMERALS = "一二三四五六七八九"
_NEIGHBOURS = re.compile(rf"({'|'.join(_DAYS)})\s+(?={'|'.join(_DAYS)})")  # 土日
_ORDINAL = re.compile(r"(?<=\d)(?:er|re|o|a|º|ª|°)(?=\s)")
_EASTERN_DATE = re.compile(
    r"(?:(\d{4})\s*[年년]\s*)?(\d{1,2}|[一二三四五六七八九十]{1,3})\s*[月월]"
    r"\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*[日号號일]"
)
_EASTERN_CLOCK = (
    r"(?P<half>{halves})?\s*(?P<hour>\d{{1,2}})\s*[時时点點시]"
    r"\s*(?:(?P<minute>[0-5]?\d)\s*[分분]?|(?P<halfpast>[半반]))?"
)
_NOON = 12
_NOTHING = "(?!)"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words of a language, folded, and what stands for each in English."""

    said: Mapping[str, str]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, said: Mapping[str, str], *, is_spaced: bool) -> "Lexicon":
        longest_first = sorted(said, key=len, reverse=True)
        end = r"(?!\w)\.?" if is_spaced else ""
        words = "|".join(
            re.escape(word).replace(r"\ ", r"\s*") + ("" if word.endswith("'") else end)
            for word in longest_first
        )
        start = r"(?<![^\W\d])" if is_spaced else ""
        return cls(said, re.compile(f"{start}(?:{words or _NOTHING})"))

    def translated(self, text: str) -> str:
        return " ".join(self.pattern.sub(self._one, text).split())

    def _one(self, found: re.Match[str]) -> str:
        word = " ".join(found[0].split())
        known = self.said.get(word) or self.said.get(word.removesuffix("."))
        return f" {self._unspaced(word) if known is None else known} "

    def _unspaced(self, word: str) -> str:
        """Return what is said by a word whose own spaces were typed otherwise."""
        close = word.replace(" ", "").removesuffix(".")
        return next((said for one, said in self.said.items() if one.replace(" ", "") == close), "")


@dataclass(frozen=True, slots=True)
class Native:
    """How a language is read: for the times of digests, for a span of hours, for a date."""

    times: Lexicon
    hours: Lexicon
    dates: tuple[Lexicon, ...]
    clocks: tuple[re.Pattern[str], ...]
    afternoons: frozenset[str]

    def said_times(self, text: str) -> str:
        said = self.times.translated(self._with_clocks(text))
        said = _BEFORE_A_NUMBER.sub(" at ", said).replace(_TO_OR_AT, " to ")
        return _spaced(_NEIGHBOURS.sub(r"\1, ", _TO_OF_NOTHING.sub(r"\1 ", said)))

    def said_hours(self, text: str) -> str:
        return _spaced(self.hours.translated(self._with_clocks(text)))

    def said_dates(self, text: str) -> Iterator[str]:
        western = _ORDINAL.sub("", _EASTERN_DATE.sub(_as_english, _prepared(text)))
        for lexicon in self.dates:
            yield _spaced(lexicon.translated(western)).strip(" ,()")

    def _with_clocks(self, text: str) -> str:
        said = _prepared(text)
        for pattern in self.clocks:
            said = pattern.sub(self._clock, said)
        return said

    def _clock(self, found: re.Match[str]) -> str:
        hour, parts = int(found["hour"]), found.groupdict()
        written = parts.get("minute") or parts.get("written") or 0
        minute = 30 if parts.get("halfpast") else int(written)
        half = parts.get("half")
        if half and 1 <= hour <= _NOON:
            hour = hour % _NOON + (_NOON if half in self.afternoons else 0)
        return f" {hour}:{minute:02} "


def times_in_english(text: str, language: str) -> str:
    native = native_of(language)
    return native.said_times(text) if native else text


def hours_in_english(text: str, language: str) -> str:
    native = native_of(language)
    return native.said_hours(text) if native else text


def dates_in_english(text: str, language: str) -> Iterator[str]:
    native = native_of(language)
    yield from native.said_dates(text) if native else ()


@cache
def native_of(language: str) -> Native | None:
    """Return how the language of a code of ours is read; None for English and any other."""
    words = WORDS.get(language)
    if words is None:
        return None
    is_spaced = language not in _NOT_SPACED
    shortest = 1 if is_spaced or language in _ONE_SIGN else 2
    days, months = _day_names(words, shortest), _month_names(words)
    before = {**_each(words.glue, ""), **_each(words.one, "1")}
    until = {**_each(words.to, ""), **_each(words.since, ""), **_each(words.tomorrow, "tomorrow")}
    dates = {**until, **before, **_each(words.at, "")}
    spans = _spans(words)

    def lexicon(*parts: Mapping[str, str]) -> Lexicon:
        merged = {word: said for part in parts for word, said in part.items() if word}
        return Lexicon.of(merged, is_spaced=is_spaced)

    return Native(
        times=lexicon(_each(words.glue, ""), _each(words.since, ""), _times(words), days),
        hours=lexicon(_each(words.glue, ""), _hours(words)),
        dates=(
            lexicon(dates, days),
            lexicon(dates, months),
            lexicon(dates, spans),
            lexicon(dates, dict.fromkeys(days, ""), months),  # a date with its day of the week
        ),
        clocks=_clocks(words, is_spaced=is_spaced),
        afternoons=frozenset(_each(words.pm, "")),
    )


def _times(words: Words) -> dict[str, str]:
    both = {word: _TO_OR_AT for word in _each(words.to, "") if word in _each(words.at, "")}
    return {
        **_each(words.conj, "and"),
        **_each(words.to, "to"),
        **_each(words.at, "at"),
        **both,
        **_each(words.am, "am"),
        **_each(words.pm, "pm"),
        **_each(words.daily, "daily"),
        **_each(words.workdays, "weekdays"),
        **_each(words.weekend, "weekend"),
    }


def _hours(words: Words) -> dict[str, str]:
    return {
        **_each(words.at, ""),
        **_each(words.since, "from"),
        **_each(words.conj, "to"),  # between 22 and 7
        **_each(words.to, "to"),
        **_each(words.am, "am"),
        **_each(words.pm, "pm"),
        **_each(words.quiet, "quiet"),
    }


def _spans(words: Words) -> dict[str, str]:
    return {**_each(words.days, "days"), **_each(words.weeks, "weeks")}


def _day_names(words: Words, shortest: int) -> dict[str, str]:
    named = (
        (name, _DAYS[day])
        for locale in words.locales
        for width in ("wide", "abbreviated", "short")
        for context in ("format", "stand-alone")
        for day, name in get_day_names(width, context, locale).items()
    )
    more = (
        (name, _DAYS[day]) for day, names in enumerate(words.more_days) for name in names.split("|")
    )
    return {word: day for word, day in _written((*named, *more)) if len(word) >= shortest}


def _month_names(words: Words) -> dict[str, str]:
    """Numbers are left out: what CLDR calls 12月 is a date only with its day."""
    named = (
        (name, _MONTHS[month - 1])
        for locale in words.locales
        for width in ("wide", "abbreviated")
        for context in ("format", "stand-alone")
        for month, name in get_month_names(width, context, locale).items()
        if not name[:1].isdigit()
    )
    return dict(_written(named))


def _clocks(words: Words, *, is_spaced: bool) -> tuple[re.Pattern[str], ...]:
    halves = "|".join([*_each(words.am, ""), *_each(words.pm, "")])
    if not is_spaced:
        return (
            re.compile(_EASTERN_CLOCK.format(halves=halves)),
            re.compile(rf"(?P<half>{halves})\s*(?P<hour>\d{{1,2}})(?::(?P<minute>[0-5]\d))?"),
        )
    named = "|".join(_each(words.hour, "")) or _NOTHING
    return (
        re.compile(
            rf"(?P<hour>\d{{1,2}})(?:[:.](?P<written>[0-5]\d))?\s*(?:{named})\.?(?![^\W\d])"
            r"(?:\s*(?P<minute>[0-5]\d))?(?!\d)"
        ),
    )


def _each(alternatives: str, said: str) -> dict[str, str]:
    return dict(_written((word, said) for word in alternatives.split("|") if word))


def _written(named: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, said in named:
        word = " ".join(folded(name).split()).removesuffix(".")
        if word:
            yield word, said


def _prepared(text: str) -> str:
    return _AND_OF_ARABIC.sub(" و ", folded(text).translate(_PUNCTUATION))


def _spaced(text: str) -> str:
    return " ".join(text.split()).replace(" ,", ",")


def _as_english(found: re.Match[str]) -> str:
    year, month, day = found[1] or "", _number(found[2]), _number(found[3])
    named = _MONTHS[month - 1] if 1 <= month <= len(_MONTHS) else ""
    return f" {day} {named} {year} "


def _number(text: str) -> int:
    """Read digits, or a Chinese numeral up to 99: 十二, 二十一."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _NUMERALS.find(text) + 1
    return (_NUMERALS.find(tens) + 1 if tens else 1) * 10 + (
        _NUMERALS.find(ones) + 1 if ones else 0
    )
