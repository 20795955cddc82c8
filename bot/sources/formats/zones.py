"""What the zone names in feeds mean.

The usual parsers read any name they do not know as UTC, which makes a Japanese agency nine hours
wrong. Some names mean different places; there the country or the language of the feed decides.
"""

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache

# Minutes east of UTC.
_MINUTES = {
    **dict.fromkeys(("UT", "UTC", "GMT", "Z", "WET", "ZULU"), 0),
    **dict.fromkeys(("CET", "MEZ", "MET", "WEST", "WAT", "BST"), 60),
    **dict.fromkeys(("EET", "CEST", "MESZ", "MEST", "SAST", "CAT"), 120),
    **dict.fromkeys(("EEST", "MSK", "TRT", "EAT", "IDT"), 180),
    **dict.fromkeys(("GST", "MSD", "SAMT", "AZT"), 240),
    **dict.fromkeys(("PKT", "UZT", "YEKT"), 300),
    **dict.fromkeys(("ICT", "WIB", "NOVT", "KRAT"), 420),
    **dict.fromkeys(("SGT", "HKT", "PHT", "MYT", "AWST", "WITA", "IRKT"), 480),
    **dict.fromkeys(("JST", "KST", "WIT", "YAKT"), 540),
    **dict.fromkeys(("AEST", "CHST", "VLAT"), 600),
    **dict.fromkeys(("NZST", "FJT"), 720),
    **dict.fromkeys(("BRT", "ART", "UYT", "CLST", "ADT"), -180),
    **dict.fromkeys(("EDT", "AST", "CLT", "BOT", "VET", "PYT"), -240),
    **dict.fromkeys(("EST", "ET", "CDT", "PET", "COT", "ECT"), -300),
    **dict.fromkeys(("CST", "MDT"), -360),
    **dict.fromkeys(("MST", "PDT"), -420),
    **dict.fromkeys(("PST", "PT", "AKDT"), -480),
    "IRST": 210,
    "AFT": 270,
    "IST": 330,
    "NPT": 345,
    "BDT": 360,
    "MMT": 390,
    "ACST": 570,
    "ACDT": 630,
    "AEDT": 660,
    "NZDT": 780,
    "NST": -210,
    "NDT": -150,
    "AKST": -540,
    "HST": -600,
}
# By language or by country.
_MINUTES_BY_PLACE = {
    **dict.fromkeys((("IST", "he"), ("IST", "IL")), 120),
    **dict.fromkeys((("IST", "ga"), ("IST", "IE")), 60),
    **dict.fromkeys((("BST", "bn"), ("BST", "BD")), 360),
    **dict.fromkeys((("CST", place) for place in ("zh", "CN", "HK", "MO", "TW")), 480),
    **dict.fromkeys((("AST", place) for place in ("ar", "SA", "KW", "QA", "IQ", "BH")), 180),
    **dict.fromkeys((("PST", "PH"), ("MST", "MY"), ("WST", "AU")), 480),
    ("EST", "AU"): 600,
    ("EDT", "AU"): 660,
    ("CST", "AU"): 570,
    ("CST", "CU"): -300,
}
_OFFSET = re.compile(r"(?:(?:GMT|UTC?)\s*)?([+-])(\d{1,2})(?::?(\d{2}))?")
_DAY_MINUTES = 24 * 60


@lru_cache(maxsize=256)
def zone(text: str, place: str = "", clock: tzinfo = UTC) -> tzinfo:
    """The zone that *text* names by offset, name or both ("+0900 (JST)"); *clock* for none.

    *place* is a language with or without a country, such as "en-IE".
    """
    name = text.partition("(")[0].strip(" .[]").upper()
    if offset := _OFFSET.fullmatch(name):
        return _offset(*offset.groups())
    code, _, country = place.partition("-")
    known = ((name, country.upper()), (name, code.lower()))
    minutes = next(
        (_MINUTES_BY_PLACE[each] for each in known if each in _MINUTES_BY_PLACE),
        _MINUTES.get(name),
    )
    if minutes is None:
        return clock
    return timezone(timedelta(minutes=minutes)) if minutes else UTC


def _offset(sign: str, hours: str, minutes: str | None) -> tzinfo:
    total = int(hours) * 60 + int(minutes or 0)
    if not 0 < total < _DAY_MINUTES:
        return UTC
    return timezone(timedelta(minutes=-total if sign == "-" else total))
