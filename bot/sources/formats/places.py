"""Where a page or a feed is from, as far as its language and its host tell.

A place is a language tag with a country ("en-GB"). The host's country counts before the tag's,
for "en-US" is what most software declares unless it is told. It says what 03/04/2026 means, which
of two zones a name stands for, and by which clock a time without a zone is told.
"""

import re
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from bot.sources.formats import language

_TAG = re.compile(r"[a-zA-Z]{2,3}(?:[-_][a-zA-Z]{4})?[-_]([a-zA-Z]{2})\b.*")
# Bought from everywhere, for what their letters seem to mean.
_ANYWHERE: Final = frozenset({
    "ai", "am", "cc", "cd", "cf", "co", "dj", "fm", "ga", "gg", "gl", "gq", "im", "io", "la", "ly",
    "me", "ml", "mu", "nu", "pw", "sc", "sh", "st", "tk", "to", "tv", "vc", "ws",
})  # fmt: skip
_SAME: Final = {"UK": "GB", "SU": "RU", "EU": ""}
# Of a country with several clocks that of most of its press, or none.
_BY_COUNTRY: Final = {
    "AE": "Asia/Dubai", "AR": "America/Argentina/Buenos_Aires", "AT": "Europe/Vienna",
    "BD": "Asia/Dhaka", "BE": "Europe/Brussels", "BG": "Europe/Sofia", "BO": "America/La_Paz",
    "BR": "America/Sao_Paulo", "BY": "Europe/Minsk", "CH": "Europe/Zurich", "CN": "Asia/Shanghai",
    "CO": "America/Bogota", "CR": "America/Costa_Rica", "CU": "America/Havana",
    "CY": "Asia/Nicosia", "CZ": "Europe/Prague", "DE": "Europe/Berlin", "DK": "Europe/Copenhagen",
    "DO": "America/Santo_Domingo", "DZ": "Africa/Algiers", "EE": "Europe/Tallinn",
    "EG": "Africa/Cairo", "ES": "Europe/Madrid", "FI": "Europe/Helsinki", "FR": "Europe/Paris",
    "GB": "Europe/London", "GE": "Asia/Tbilisi", "GH": "Africa/Accra", "GR": "Europe/Athens",
    "GT": "America/Guatemala", "HK": "Asia/Hong_Kong", "HN": "America/Tegucigalpa",
    "HR": "Europe/Zagreb", "HU": "Europe/Budapest", "ID": "Asia/Jakarta", "IE": "Europe/Dublin",
    "IL": "Asia/Jerusalem", "IN": "Asia/Kolkata", "IQ": "Asia/Baghdad", "IR": "Asia/Tehran",
    "IS": "Atlantic/Reykjavik", "IT": "Europe/Rome", "JO": "Asia/Amman", "JP": "Asia/Tokyo",
    "KE": "Africa/Nairobi", "KH": "Asia/Phnom_Penh", "KR": "Asia/Seoul", "KW": "Asia/Kuwait",
    "LB": "Asia/Beirut", "LK": "Asia/Colombo", "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg",
    "LV": "Europe/Riga", "MA": "Africa/Casablanca", "MD": "Europe/Chisinau", "MK": "Europe/Skopje",
    "MM": "Asia/Yangon", "MT": "Europe/Malta", "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur", "NG": "Africa/Lagos", "NI": "America/Managua",
    "NL": "Europe/Amsterdam", "NO": "Europe/Oslo", "NP": "Asia/Kathmandu",
    "NZ": "Pacific/Auckland", "OM": "Asia/Muscat", "PA": "America/Panama", "PE": "America/Lima",
    "PH": "Asia/Manila", "PK": "Asia/Karachi", "PL": "Europe/Warsaw", "PR": "America/Puerto_Rico",
    "PT": "Europe/Lisbon", "PY": "America/Asuncion", "QA": "Asia/Qatar", "RO": "Europe/Bucharest",
    "RS": "Europe/Belgrade", "RU": "Europe/Moscow", "SA": "Asia/Riyadh", "SE": "Europe/Stockholm",
    "SG": "Asia/Singapore", "SI": "Europe/Ljubljana", "SK": "Europe/Bratislava",
    "SV": "America/El_Salvador", "TH": "Asia/Bangkok", "TN": "Africa/Tunis",
    "TR": "Europe/Istanbul", "TW": "Asia/Taipei", "UA": "Europe/Kyiv", "UY": "America/Montevideo",
    "VE": "America/Caracas", "VN": "Asia/Ho_Chi_Minh", "ZA": "Africa/Johannesburg",
}  # fmt: skip
# Those that are spoken under one clock, nearly.
_BY_LANGUAGE: Final = {
    "bg": "Europe/Sofia", "cs": "Europe/Prague", "da": "Europe/Copenhagen", "de": "Europe/Berlin",
    "el": "Europe/Athens", "et": "Europe/Tallinn", "fi": "Europe/Helsinki", "he": "Asia/Jerusalem",
    "hi": "Asia/Kolkata", "hr": "Europe/Zagreb", "hu": "Europe/Budapest", "it": "Europe/Rome",
    "ja": "Asia/Tokyo", "ko": "Asia/Seoul", "lt": "Europe/Vilnius", "lv": "Europe/Riga",
    "nb": "Europe/Oslo", "nl": "Europe/Amsterdam", "pl": "Europe/Warsaw", "ro": "Europe/Bucharest",
    "sk": "Europe/Bratislava", "sl": "Europe/Ljubljana", "sv": "Europe/Stockholm",
    "th": "Asia/Bangkok", "tr": "Europe/Istanbul", "uk": "Europe/Kyiv", "vi": "Asia/Ho_Chi_Minh",
    "zh": "Asia/Shanghai",
}  # fmt: skip


def place_of(tag: str | None, host: str = "") -> str:
    """The place of what declares *tag* and comes from *host*: "en-GB", "ja", "-IN" or ""."""
    country = _country_of(host)
    found = _TAG.fullmatch((tag or "").strip())
    country = country or (found[1].upper() if found else "")
    code = language.declared(tag)
    return f"{code}-{country}" if country else code


def clock_of(place: str) -> ZoneInfo | None:
    """The clock of *place*; None where it is unknown or the country has several."""
    code, _, country = place.partition("-")
    name = _BY_COUNTRY.get(country) if country else _BY_LANGUAGE.get(code)
    return _clock(name) if name else None


@cache
def _clock(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _country_of(host: str) -> str:
    last = host.rpartition(".")[2].lower()
    if len(last) != 2 or not last.isalpha() or last in _ANYWHERE:  # noqa: PLR2004 - ISO 3166
        return ""
    return _SAME.get(last.upper(), last.upper())
