"""What somebody typed: a time, a zone, a link, or else words to watch for.

1. What was asked for is read generously: `8` is a time then, and `Tokyo` a zone.
2. Unasked, only what can be nothing else is a time or a zone; a bare city is words.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bot.subscribers.lines import one_line
from bot.subscribers.zones import zone_named, zone_of_place

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)\s*([ap]\.?m\.?)?", re.IGNORECASE)
_LOOSE_CLOCK = re.compile(
    r"(\d{1,2})(?:\s*[:.h時点시]\s*([0-5]?\d)?\s*[分분]?)?\s*([ap]\.?m\.?)?", re.IGNORECASE
)
_LINK = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
_NOON = 12
_HOURS = 24


class Asked(StrEnum):
    """What the message that was replied to had asked for."""

    TIME = "time"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class Clock:
    minutes: int  # after midnight


@dataclass(frozen=True, slots=True)
class Zone:
    name: str  # IANA


@dataclass(frozen=True, slots=True)
class Link:
    url: str


@dataclass(frozen=True, slots=True)
class Words:
    text: str


Typed: TypeAlias = Clock | Zone | Link | Words


def read_typed(text: str, asked: Asked | None = None) -> Typed:
    text = one_line(text)
    return _answer(text, asked) or _clock(_CLOCK, text) or _zone(text) or _link(text) or Words(text)


def _answer(text: str, asked: Asked | None) -> Clock | Zone | None:
    if asked is Asked.TIME:
        return _clock(_LOOSE_CLOCK, text)
    if asked is Asked.ZONE and (zone := zone_of_place(text)):
        return Zone(zone)
    return None


def _clock(pattern: re.Pattern[str], text: str) -> Clock | None:
    found = pattern.fullmatch(text)
    if not found:
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half.startswith("p") else 0)
    return Clock(hour * 60 + minute) if hour < _HOURS else None


def _zone(text: str) -> Zone | None:
    name = zone_named(text)
    return Zone(name) if name else None


def _link(text: str) -> Link | None:
    return Link(text) if _LINK.fullmatch(text) else None
