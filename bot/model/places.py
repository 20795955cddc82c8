"""The places and languages that CLDR names, found in a text of any language, as comparable keys.

A country or a city is written otherwise in each language, so that a translated name is no word of
the original. CLDR knows both spellings. The key of a language is that of the country where most of
its speakers live, because news says "the German minister".
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel.core import get_global

from bot.text.folding import fold
from bot.text.numbers import locale_of

WORDS: Final[Mapping[str, Any]] = tomllib.loads(
    Path(__file__).with_name("words.toml").read_text(encoding="utf-8")
)

_WORLDWIDE: Final = frozenset({"en", "es", "pt", "ar", "fr"})
_SHORTEST_STEM: Final = 5
_ENDING: Final = 2  # letters by which a name may end otherwise: Тайвань, Тайваня
_CONTINENTS: Final = (
    *("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"),
)
_NO_CITIES: Final = frozenset(
    {"ACT", "Center", "Chuuk", "Easter", "GMT", "LHI", "NSW", "North", "Queensland", "South"}
    | {"Tasmania", "Victoria", "West", "Yap", "Nome", "Reunion", "Christmas", "Mayotte", "Midway"}
)
_SHORT: Final = 3
_UNSPACED: Final = frozenset({"ja", "zh", "th"})
_PREFIXING: Final = frozenset({"ar", "he"})


def places_in(folded: str, language: str) -> frozenset[str]:
    """Return the keys of the places that a folded text names, a country's as `TW`."""
    return frozenset(key for key, name in _patterns(language) if name in folded)


def words_of_places(folded: str, language: str) -> frozenset[str]:
    """Return the words of the places of several words that a text names: Corée du Sud."""
    found = (name for _, name in _patterns(language) if name.count(" ") > 2 and name in folded)  # noqa: PLR2004
    return frozenset(word for name in found for word in name.split())


def place_names(keys: Iterable[str], language: str) -> dict[str, str]:
    """Return the name of each country of *keys* in a language, as CLDR spells it."""
    territories = locale_of(language).territories
    return {key: str(territories[key]) for key in keys if key in territories}


@cache
def place_of_word(word: str, language: str) -> str:
    """Return the key of the place that a folded word names in a language, or ""."""
    spaced = f" {word} "
    return next((key for key, name in _patterns(language) if name in spaced), "")


@cache
def _patterns(language: str) -> Sequence[tuple[str, str]]:
    return tuple(dict.fromkeys(_all_patterns(language)))


def _all_patterns(language: str) -> Iterator[tuple[str, str]]:
    locale = locale_of(language)
    for key, name in locale.territories.items():
        if not key.isdigit():
            yield from _spellings(key, str(name), language)
    for zone, names in _cities(language).items():
        yield from _spellings(zone, names, language)
    for pair in WORDS["demonyms"].get(language[:2], "").split():
        demonym, _, key = pair.partition("=")
        yield key, f" {demonym}"
    countries: Mapping[str, str] = get_global("likely_subtags")
    for code, name in locale.languages.items():
        country = countries.get(code, "").rpartition("_")[2]
        if len(code) == 2 and len(country) == 2 and code not in _WORLDWIDE:  # noqa: PLR2004
            yield from _spellings(country, str(name), language)


def _spellings(key: str, name: str, language: str) -> Iterator[tuple[str, str]]:
    """Yield what to look for in a folded text: whole words, or the stem of a long one."""
    for variant in dict.fromkeys((name, name.partition("(")[0].strip())):
        folded = fold(variant).plain.strip()
        if not folded or len(folded.replace(" ", "")) < 2:  # noqa: PLR2004
            continue
        if language[:2] in _PREFIXING:  # as in واليابان
            yield key, folded if len(folded) > _SHORT else f" {folded} "
        elif language[:2] == "ko":
            yield key, f" {folded}"  # particles are written to the word
        elif language[:2] in _UNSPACED or " " in folded or len(folded) < _SHORTEST_STEM:
            yield key, f" {folded} "
        else:
            stem = folded[: max(_SHORTEST_STEM, len(folded) - _ENDING)]
            yield key, f" {stem}"


def _cities(language: str) -> Mapping[str, str]:
    """Return the cities after which time zones are named, by zone."""
    zones = locale_of(language).time_zones
    named = {zone: str(names["city"]) for zone, names in zones.items() if "city" in names}
    english = {
        zone: zone.rpartition("/")[2].replace("_", " ")
        for zone in get_global("zone_territories")
        if zone.startswith(_CONTINENTS) and zone.rpartition("/")[2] not in _NO_CITIES
    }
    return {**english, **named}
