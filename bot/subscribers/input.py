"""Typed text: times, hours, a date, a zone, a link, an address; anything else is keywords.

1. An answer to a question is read generously: `Tokyo` is a zone then, and `8 and 18` are times.
2. Without a question, a text is a setting only if it can hardly be anything else: a number alone,
   `8` or `8.30`, is a time of the day; a bare city is a keyword.
3. If the question asked for a query, times and zones are keywords too.
4. `quiet` marks a span of hours as quiet hours.
5. Words for times and dates may be English or in the chat's language; digits, in any script.
6. Six digits may be a code; the caller knows whether one is awaited.
7. A long text without the signs of a query is somebody's post, from which keywords are taken.
8. `@name` alone, and any other address of Telegram, is a link to a channel.
9. A text without a word to search for, such as a smiley or a single `the`, is nonsense.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from bot.mail.codes import read_code
from bot.sources.channels.addresses import read_address
from bot.sources.sites import site_link
from bot.sources.urls import is_link
from bot.subscribers import input_times
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.posts import Post, PostLink, asks, is_telling, read_post
from bot.subscribers.text import one_line
from bot.subscribers.time_tokens import ascii_digits
from bot.subscribers.timezones import zone_named, zones_of_place
from storage.schedules import QuietHours

_LINK = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
_NUMBER = re.compile(r"\d{1,4}")
_DIGIT = re.compile(r"\d")


class AskedInput(StrEnum):
    """The question that a text answers."""

    QUERY = "query"
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

    times: tuple[WeeklyTime, ...]


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
class SeveralZones:
    """The zones of cities of the same name, the largest first."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address; `read_address` checks it later."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    digits: str


@dataclass(frozen=True, slots=True)
class Keywords:
    """Any other text, on one line; the query parser tells whether it is a query."""

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
    | SeveralZones
    | PostLink
    | Address
    | Code
    | Post
    | Keywords
    | Nonsense
)


def read_typed(
    text: str, asked: AskedInput | None = None, today: date | None = None, language: str = "en"
) -> Typed:
    """Read *text*, which answers the question *asked*, if any; dates are relative to *today*.

    *language*: the code of the language that is understood besides English. An answer about the
    zone may take a tenth of a second: read it in a thread.
    """
    line = one_line(text)
    plain = ascii_digits(line)
    if asked and asked is not AskedInput.QUERY:
        return _answer(plain, asked, today, language) or Keywords(line)
    if not is_telling(line):
        return Nonsense()
    unasked = None if asked else _setting(plain, language) or _channel(line)
    typed = unasked or _link(line) or _site_link(line) or _address(line) or _code(plain)
    return typed or (Keywords(line) if asks(line) else read_post(text))


def _setting(text: str, language: str) -> Clock | Timetable | Hours | Zone | None:
    about_time = _times(text, language) or _hours(text, language) if _DIGIT.search(text) else None
    return about_time or _zone(zone_named(text))


def _answer(text: str, asked: AskedInput, today: date | None, language: str) -> Typed | None:
    match asked:
        case AskedInput.TIME:
            return _times(text, language, loose=True)
        case AskedInput.QUIET:
            return _hours(text, language, loose=True)
        case AskedInput.ZONE:
            return _place(text)
        case AskedInput.DATE if today:
            day = input_times.read_date(text, today, language)
            return Day(day) if day else None
        case AskedInput.NUMBER if _NUMBER.fullmatch(text):
            return Number(int(text))
    return None


def _times(text: str, language: str, *, loose: bool = False) -> Clock | Timetable | None:
    minutes = input_times.read_clock(text, language)
    if minutes is not None:
        return Clock(minutes)
    times = input_times.read_times(text, language, loose=loose)
    return Timetable(times) if times else None


def _hours(text: str, language: str, *, loose: bool = False) -> Hours | None:
    hours = input_times.read_hours(text, language, loose=loose)
    return Hours(hours) if hours else None


def _zone(name: str | None) -> Zone | None:
    return Zone(name) if name else None


def _place(text: str) -> Zone | SeveralZones | None:
    match zones_of_place(text):
        case ():
            return None
        case (zone,):
            return Zone(zone)
        case zones:
            return SeveralZones(zones)


def _link(text: str) -> PostLink | Nonsense | None:
    if not _LINK.fullmatch(text):
        return None
    return PostLink(text) if is_link(text) else Nonsense()


def _site_link(text: str) -> PostLink | None:
    """Return a link of a known site that was typed without its scheme."""
    host, _, path = text.partition("/")
    return PostLink(text) if path and "." in host and site_link(text) else None


def _channel(text: str) -> PostLink | None:
    """Return an address of Telegram, such as `@name`, as a link."""
    return PostLink(text) if read_address(text) else None


def _address(text: str) -> Address | None:
    return Address(text) if _ADDRESS.fullmatch(text) else None


def _code(text: str) -> Code | None:
    digits = read_code(text)
    return Code(digits) if digits else None
