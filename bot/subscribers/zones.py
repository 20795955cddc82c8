"""Zones: guessed from a client's language, and read from what was typed."""

import re
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global

from bot.rendering.i18n import LANGUAGES
from bot.subscribers.places import ALSO_CALLED, BETWEEN_HOURS, SPOKEN_IN

NOWHERE = "UTC"
_OFFSET = re.compile(r"(?:utc|gmt)\s*([+-])\s*(\d{1,2})(?::?([0-5]\d))?")
# Zones of the database that are no place; "Etc/GMT-9" is reached by typing UTC+9.
_NO_PLACES = ("Etc/", "SystemV/", "posix/", "right/")
_FURTHEST_WEST, _FURTHEST_EAST = -12, 14


def guess_zone(language: str) -> str:
    """Return the zone where most of those live whose client speaks *language* (IETF tag).

    UTC where that is anybody's guess, as for plain English.
    """
    tag = language.lower().replace("_", "-")
    while tag:
        if tag in SPOKEN_IN:
            return SPOKEN_IN[tag]
        tag = tag.rpartition("-")[0]
    return NOWHERE


def zone_named(text: str) -> str | None:
    """Return the one zone that *text* must mean: `Asia/Tokyo`, `utc+9`; None for anything else."""
    name = " ".join(text.lower().split())
    if offset := _OFFSET.fullmatch(name.replace("\u2212", "-")):
        return _at_offset(*offset.groups())
    return _by_name().get(name.replace(" ", "_")) if "/" in name else None


def zone_of_place(text: str) -> str | None:
    """Return the zone of a place, once a zone was asked for: `Tokyo`, `東京`, `new york`, `JST`."""
    place = _plain(text)
    known = zone_named(text) or ALSO_CALLED.get(place) or _by_city().get(place)
    return known or _by_translated_city().get(place)


def is_zone(name: str) -> bool:
    return name in available_zones()


@cache
def available_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _by_name() -> dict[str, str]:
    return {zone.lower(): zone for zone in available_zones() if not zone.startswith(_NO_PLACES)}


@cache
def _by_city() -> dict[str, str]:
    """Map each city to its zone; old names of the database give way to `Region/City`."""
    ordered = sorted(_by_name().values(), key=lambda zone: (zone.count("/") != 1, zone))
    cities: dict[str, str] = {}
    for zone in ordered:
        cities.setdefault(zone.rpartition("/")[2].replace("_", " ").lower(), zone)
    return cities


@cache
def _by_translated_city() -> dict[str, str]:
    """Map each city to its zone, by its name in every language that is spoken."""
    renamed = get_global("zone_aliases")
    return {
        _plain(names["city"]): renamed.get(zone, zone)
        for language in LANGUAGES.values()
        for zone, names in Locale.parse(language.locale).time_zones.items()
        if "city" in names and is_zone(zone)
    }


def _plain(place: str) -> str:
    return " ".join(re.sub(r"[_.,]", " ", place.lower()).split())


def _at_offset(sign: str, hours: str, minutes: str | None) -> str | None:
    total = (int(hours) * 60 + int(minutes or 0)) * (1 if sign == "+" else -1)
    if total % 60:
        return BETWEEN_HOURS.get(total)
    whole = total // 60
    if whole == 0:
        return NOWHERE
    # POSIX counts westward: UTC+9 is called Etc/GMT-9.
    return f"Etc/GMT{-whole:+d}" if _FURTHEST_WEST <= whole <= _FURTHEST_EAST else None
