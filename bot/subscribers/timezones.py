"""Time zones: guessed from a language, read from typed text, found near a location."""

import gzip
import re
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from math import cos, radians, sin
from operator import mul
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.core import get_global

from bot.rendering.i18n import LANGUAGES
from bot.text.folding import fold

UNKNOWN: Final = "UTC"
# A few zones for the whole world, from west to east.
SUGGESTED: Final = (
    "America/Los_Angeles", "America/New_York", "America/Sao_Paulo", "UTC", "Europe/London",
    "Europe/Berlin", "Europe/Moscow", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore",
    "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip

# The zone of most inhabitants, for countries with several zones.
_MAIN_ZONES: Final = MappingProxyType(
    {
        "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney",
        "BR": "America/Sao_Paulo", "CA": "America/Toronto", "CL": "America/Santiago",
        "CN": "Asia/Shanghai", "DE": "Europe/Berlin", "ES": "Europe/Madrid", "ID": "Asia/Jakarta",
        "MN": "Asia/Ulaanbaatar", "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur",
        "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon", "RU": "Europe/Moscow",
        "UA": "Europe/Kyiv", "US": "America/New_York", "UZ": "Asia/Tashkent",
    }
)  # fmt: skip
# The countries of languages without a region, where CLDR's guess is unlikely. Plain English has
# none.
_COUNTRIES: Final = MappingProxyType({"ar": "SA", "en": "", "pt": "PT"})

# Abbreviations, which the data set of cities would take for airports.
_ABBREVIATIONS: Final = MappingProxyType(
    {
        "cet": "Europe/Berlin",
        "gmt": UNKNOWN,
        "jst": "Asia/Tokyo",
        "kst": "Asia/Seoul",
        "utc": UNKNOWN,
    }
)

_MOST_CHOICES: Final = 3
_CLOSE: Final = 4  # cities with a quarter of the inhabitants of the largest are offered, too
_LONGEST_PLACE: Final = 80  # characters
_CITIES: Final = Path(__file__).with_name("cities.tsv.gz")

# Zones by offset in minutes, because the tz database names whole hours only ("Etc/GMT-9").
_BETWEEN_HOURS: Final = MappingProxyType(
    {
        -570: "Pacific/Marquesas", -210: "America/St_Johns", 210: "Asia/Tehran", 270: "Asia/Kabul",
        330: "Asia/Kolkata", 345: "Asia/Kathmandu", 390: "Asia/Yangon", 525: "Australia/Eucla",
        570: "Australia/Darwin", 630: "Australia/Lord_Howe", 765: "Pacific/Chatham",
    }
)  # fmt: skip
_OFFSET: Final = re.compile(r"(?:utc|gmt)\s*([+-])\s*(\d{1,2})(?::?([0-5]\d))?")
# Zones that are not places; users get "Etc/GMT-9" by typing UTC+9.
_NO_PLACES: Final = ("Etc/", "SystemV/", "posix/", "right/")
_FURTHEST_WEST, _FURTHEST_EAST = -12, 14
_ISO_6709: Final = re.compile(  # +353916+1394441 is Tokyo
    r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?"
)


def guess_zone(language: str) -> str:
    """Return the zone of most users whose client speaks *language* (IETF tag).

    UTC if there is no good guess, as for plain English.
    """
    parts = language.replace("-", "_").split("_")
    country = next((part for part in parts[1:] if len(part) == 2), "")  # noqa: PLR2004 - ISO 3166
    country = country.upper() or _country_of(*parts[:2])
    zones = get_global("territory_zones").get(country, [])
    return _MAIN_ZONES.get(country) or (zones[0] if len(zones) == 1 else UNKNOWN)


def country_of_zone(zone: str) -> str:
    """Return the country of an IANA zone (ISO 3166); "" if it has none, as UTC."""
    return str(get_global("zone_territories").get(zone, "")).replace("001", "")


def _country_of(language: str, script: str = "") -> str:
    """Return the country of most users of a bare *language*; "" if there is no good guess."""
    language = language.lower()
    if language in _COUNTRIES:
        return _COUNTRIES[language]
    likely = get_global("likely_subtags")
    full = likely.get(f"{language}_{script.title()}") or likely.get(language, "")
    return str(full).rpartition("_")[2]


def zone_named(text: str) -> str | None:
    """Return the zone that *text* must mean: `Asia/Tokyo`, `utc+9`; None for anything else."""
    name = " ".join(text.lower().split())
    if offset := _OFFSET.fullmatch(name.replace("\u2212", "-")):
        return _zone_at_offset(*offset.groups())
    return _zones_by_name().get(name.replace(" ", "_")) if "/" in name else None


def zones_of_place(text: str) -> tuple[str, ...]:
    """Return the zones of a place, in an answer: `Tokyo`, `東京`, `new york`, `JST`.

    The zone of the largest city with that name comes first; others follow if they are nearly as
    large. The first call for a name takes a tenth of a second, so call it in a thread.
    """
    place = _plain(text)
    if known := zone_named(text) or _ABBREVIATIONS.get(place):
        return (known,)
    if not place or len(place) > _LONGEST_PLACE:
        return ()
    if zones := _zones_of_cities(place):
        return zones
    other = _zones_by_city().get(place) or _zones_by_translated_city().get(place)
    return (other,) if other else ()


def zones_near(latitude: float, longitude: float, now: datetime, most: int = 4) -> list[str]:
    """Return the zones of the cities nearest to a location in degrees, one for each local time.

    The nearest city of the tz database may lie over a border (Karachi is nearer to Mumbai than
    Kolkata is), so the user chooses among them.
    """
    here = _on_sphere(latitude, longitude)
    nearest = sorted(_cities(), key=lambda city: -sum(map(mul, city[1], here)))
    by_offset: dict[timedelta | None, str] = {}
    for zone, _ in nearest:
        by_offset.setdefault(now.astimezone(ZoneInfo(zone)).utcoffset(), zone)
    return list(by_offset.values())[:most]


def is_zone(name: str) -> bool:
    return name in available_zones()


@cache
def available_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _zones_by_name() -> dict[str, str]:
    return {zone.lower(): zone for zone in available_zones() if not zone.startswith(_NO_PLACES)}


class _City(NamedTuple):
    inhabitants: int
    zone: str
    name: str


@lru_cache(maxsize=256)
def _zones_of_cities(place: str) -> tuple[str, ...]:
    """Return the zones of the largest cities called *place*, which is as `_plain` returns it."""
    found = _cities_called(place)
    # GeoNames also lists names that nobody uses today, as "Rome" for Lomé.
    words = fold(place).words
    named = [city for city in found if fold(city.name).words[: len(words)] == words]
    cities = sorted(named or found, reverse=True)
    least = cities[0].inhabitants / _CLOSE if cities else 0
    zones = dict.fromkeys(city.zone for city in cities if city.inhabitants >= least)
    return tuple(zones)[:_MOST_CHOICES]


def _cities_called(place: str) -> list[_City]:
    """Return the cities of over 15,000 inhabitants that have this name in any language.

    Reads the whole table each time, because a user answers this question once or twice: the names
    would take 60 MB.
    """
    wanted = {place, " ".join(fold(place).words)}
    found: list[_City] = []
    with gzip.open(_CITIES, "rt", encoding="utf-8") as table:  # written by `hatch_build.py`
        for line in table:
            inhabitants, zone, *names = line.rstrip("\n").split("\t")
            if any(name.casefold() in wanted for name in names) and is_zone(zone):
                found.append(_City(int(inhabitants), zone, names[0]))
    return found


@cache
def _zones_by_city() -> dict[str, str]:
    """Map each city to its zone; `Region/City` takes precedence over old names."""
    ordered = sorted(_zones_by_name().values(), key=lambda zone: (zone.count("/") != 1, zone))
    cities: dict[str, str] = {}
    for zone in ordered:
        cities.setdefault(zone.rpartition("/")[2].replace("_", " ").casefold(), zone)
    return cities


@cache
def _zones_by_translated_city() -> dict[str, str]:
    """Map each city to its zone, by its name in every language that is offered."""
    renamed = get_global("zone_aliases")
    return {
        _plain(names["city"]): renamed.get(zone, zone)
        for language in LANGUAGES.values()
        for zone, names in Locale.parse(language.locale).time_zones.items()
        if "city" in names and is_zone(zone)
    }


@cache
def _cities() -> tuple[tuple[str, tuple[float, float, float]], ...]:
    """Return each zone in the table of the tz database, with the location of its city."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return tuple((zone, _on_sphere(*_degrees(place))) for _, place, zone, *_ in rows)


def _degrees(coordinates: str) -> tuple[float, float]:
    parts = _ISO_6709.findall(coordinates)[0]
    north, east = (
        float(f"{sign}1") * (int(degrees) + int(minutes) / 60 + int(seconds or 0) / 3600)
        for sign, degrees, minutes, seconds in (parts[:4], parts[4:])
    )
    return north, east


def _on_sphere(latitude: float, longitude: float) -> tuple[float, float, float]:
    up, along = radians(latitude), radians(longitude)
    return cos(up) * cos(along), cos(up) * sin(along), sin(up)


def _plain(place: str) -> str:
    return " ".join(re.sub(r"[_.,]", " ", place.casefold()).split())


def _zone_at_offset(sign: str, hours: str, minutes: str | None) -> str | None:
    total = (int(hours) * 60 + int(minutes or 0)) * (1 if sign == "+" else -1)
    if total % 60:
        return _BETWEEN_HOURS.get(total)
    whole = total // 60
    if whole == 0:
        return UNKNOWN
    # POSIX counts westward: UTC+9 is called Etc/GMT-9.
    return f"Etc/GMT{-whole:+d}" if _FURTHEST_WEST <= whole <= _FURTHEST_EAST else None
