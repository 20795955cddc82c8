"""Finds the place of a page or feed by its language and host, and the place's time zone.

A place is a language tag with a country ("en-GB"). The host's country outranks that of the tag,
because most software declares "en-US" unless it is configured. The place decides what 03/04/2026
means, which of two zones a name stands for, and the zone of a time without one. The usual parsers
read any unknown zone as UTC, which puts the times of a Japanese agency off by nine hours.
"""

import re
import tomllib
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from bot.sources.feeds import language

_TAG = re.compile(r"[a-zA-Z]{2,3}(?:[-_][a-zA-Z]{4})?[-_]([a-zA-Z]{2})\b.*")
_OFFSET = re.compile(r"(?:(?:GMT|UTC?)\s*)?([+-])(\d{1,2})(?::?(\d{2}))?")
_DAY_MINUTES = 24 * 60
_SAME: Final = {"UK": "GB", "SU": "RU", "EU": ""}
_DATA = tomllib.loads(Path(__file__).with_name("clocks.toml").read_text("utf-8"))
_ANYWHERE = frozenset(_DATA["hosts"]["anywhere"].split())
_CLOCKS = {place: name for name, places in _DATA["clocks"].items() for place in places.split()}
_OFFSETS = {name: offset for offset, names in _DATA["zones"].items() for name in names.split()}
_OFFSETS_THERE = {
    (name, place): offset
    for name, offsets in _DATA["zones-by-place"].items()
    for offset, places in offsets.items()
    for place in places.split()
}


def place_of(tag: str | None, host: str = "") -> str:
    """Return the place for a language *tag* and a *host*: "en-GB", "ja", "-IN" or ""."""
    country = _country_of(host)
    found = _TAG.fullmatch((tag or "").strip())
    country = country or (found[1].upper() if found else "")
    code = language.declared(tag)
    return f"{code}-{country}" if country else code


def clock_of(place: str) -> ZoneInfo | None:
    """Return the time zone of *place*; None if it is unknown or the country has several."""
    code, _, country = place.partition("-")
    name = _CLOCKS.get(country or code)
    return ZoneInfo(name) if name else None


@lru_cache(maxsize=256)
def zone(text: str, place: str = "", clock: tzinfo = UTC) -> tzinfo:
    """Return the zone that *text* names by offset or name ("+0900 (JST)"), else *clock*."""
    name = text.partition("(")[0].strip(" .[]").upper()
    code, _, country = place.partition("-")
    offset = (
        _OFFSETS_THERE.get((name, country.upper()))
        or _OFFSETS_THERE.get((name, code.lower()))
        or _OFFSETS.get(name, name)
    )
    found = _OFFSET.fullmatch(offset)
    return _offset(*found.groups()) if found else clock


def _offset(sign: str, hours: str, minutes: str | None) -> tzinfo:
    total = int(hours) * 60 + int(minutes or 0)
    if not 0 < total < _DAY_MINUTES:
        return UTC
    return timezone(timedelta(minutes=-total if sign == "-" else total))


def _country_of(host: str) -> str:
    last = host.rpartition(".")[2].lower()
    if len(last) != 2 or not last.isalpha() or last in _ANYWHERE:  # noqa: PLR2004 - ISO 3166
        return ""
    return _SAME.get(last.upper(), last.upper())
