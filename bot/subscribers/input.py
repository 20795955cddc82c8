"""What somebody typed: times, hours, a date, a zone, a link, an address; else words to watch for.

1. What was asked for is read generously: `8` is a time then, and `Tokyo` a zone.
2. Unasked, only what can be nothing else is a time or a zone; a bare city is words.
3. `quiet` before a span of hours says that it is one.
   Words of times and dates are those of English and of the chat's language; digits are any.
4. Six digits may be a code; whether one is awaited is for the reader to know.
5. A long text that asks for nothing as queries do is somebody's post, whose words are wanted.
6. Where there is nothing to look for, as in a smile or a single `the`, it is nonsense.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from bot.mail.codes import read_code
from bot.sources.urls import is_link
from bot.subscribers.clocks import read_clock, read_hours
from bot.subscribers.dates import read_date
from bot.subscribers.digest_schedule import DigestTime
from bot.subscribers.foldings import ascii_digits
from bot.subscribers.native import dates_in_english, hours_in_english, times_in_english
from bot.subscribers.posts import Link, Post, asks, is_telling, read_post
from bot.subscribers.text import one_line
from bot.subscribers.timetables import read_times
from bot.subscribers.timezones import zone_named, zone_of_place
from storage.enums import QuietHours

_QUIET = re.compile(r"quiet(?:\s+hours)?[\s:]+(.+)", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
_NUMBER = re.compile(r"\d{1,4}")


class Asked(StrEnum):
    """What the message that was replied to had asked for."""

    TIME = "time"
    ZONE = "zone"
    QUIET = "quiet"
    DATE = "date"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Clock:
    minutes: int  # after midnight


@dataclass(frozen=True, slots=True)
class Timetable:
    """Several times, or times on some days only."""

    times: tuple[DigestTime, ...]


@dataclass(frozen=True, slots=True)
class Hours:
    hours: QuietHours


@dataclass(frozen=True, slots=True)
class Day:
    date: date


@dataclass(frozen=True, slots=True)
class Number:
    value: int


@dataclass(frozen=True, slots=True)
class Zone:
    name: str  # IANA


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address; whether mail could go there is checked by who uses it."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    digits: str


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class Nonsense:
    pass


Typed: TypeAlias = (
    Clock
    | Timetable
    | Hours
    | Day
    | Number
    | Zone
    | Link
    | Address
    | Code
    | Post
    | Words
    | Nonsense
)


def read_typed(
    text: str, asked: Asked | None = None, today: date | None = None, language: str = "en"
) -> Typed:
    """Read *text*, which answers what was *asked*; *today* is where a date is reckoned from.

    *language*: the code of the one that is read beside English.
    """
    line = one_line(text)
    said = ascii_digits(line)
    if asked:
        return _answer(said, asked, today, language) or Words(line)
    if not is_telling(line):
        return Nonsense()
    read = _times(said, language) or _hours(said, language) or _zone(said) or _link(line)
    known = read or _address(line) or _code(said)
    return known or (Words(line) if asks(line) else read_post(text))


def _answer(text: str, asked: Asked, today: date | None, language: str) -> Typed | None:
    match asked:
        case Asked.TIME:
            return _times(text, language, loose=True)
        case Asked.QUIET:
            return _hours(text, language, loose=True)
        case Asked.ZONE if zone := zone_of_place(text):
            return Zone(zone)
        case Asked.DATE if today:
            return _day(text, today, language)
        case Asked.NUMBER if _NUMBER.fullmatch(text):
            return Number(int(text))
    return None


def _day(text: str, today: date, language: str) -> Day | None:
    readings = (read_date(said, today) for said in (text, *dates_in_english(text, language)))
    day = next(filter(None, readings), None)
    return Day(day) if day else None


def _times(text: str, language: str, *, loose: bool = False) -> Clock | Timetable | None:
    read = _times_in(text, loose=loose)
    return read or _times_in(times_in_english(text, language), loose=loose)


def _times_in(text: str, *, loose: bool) -> Clock | Timetable | None:
    if (minutes := read_clock(text, loose=loose)) is not None:
        return Clock(minutes)
    times = read_times(text, loose=loose)
    return Timetable(times) if times else None


def _hours(text: str, language: str, *, loose: bool = False) -> Hours | None:
    read = _hours_in(text, loose=loose)
    return read or _hours_in(hours_in_english(text, language), loose=loose)


def _hours_in(text: str, *, loose: bool) -> Hours | None:
    named = _QUIET.fullmatch(text)
    hours = read_hours(named[1] if named else text, loose=loose or bool(named))
    return Hours(hours) if hours else None


def _zone(text: str) -> Zone | None:
    name = zone_named(text)
    return Zone(name) if name else None


def _link(text: str) -> Link | Nonsense | None:
    if not _LINK.fullmatch(text):
        return None
    return Link(text) if is_link(text) else Nonsense()


def _address(text: str) -> Address | None:
    return Address(text) if _ADDRESS.fullmatch(text) else None


def _code(text: str) -> Code | None:
    digits = read_code(text)
    return Code(digits) if digits else None
