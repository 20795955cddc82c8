"""When a page says that its article was published.

Order: JSON-LD and meta, the day in its address, what it shows its readers, htmldate. The address
is right to a day; what the page shows counts for that day only, since an article is often dated
anew when it is changed.
"""

import re
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import htmldate

from bot.sources.formats.places import clock_of, place_of
from bot.sources.formats.zones import zone
from bot.sources.urls import host_of
from bot.sources.webpages.pagedates import page_date
from bot.sources.webpages.pagemeta import PageMeta
from bot.sources.webpages.visibledates import Found, finest, shown_date

_OFFSET = re.compile(r"[+-]\d{2}:?\d{2}$")
_IN_PATH = re.compile(
    r"/((?:19|20)\d\d)[/-](\d\d)[/-](\d\d)(?=/|-|_|$)|/((?:19|20)\d\d)(\d\d)(\d\d)(?=/|$)"
)


def reader_for(meta: PageMeta, code: str, address: str) -> Callable[[str], Found]:
    """Reads dates as the page at *address*, in the language *code*, writes them.

    A moment keeps the offset in which it is told, or is told by the clock of the place: on which
    day it was there is what the page's readers know.
    """
    place = place_of(meta.tag or code, host_of(address))
    return partial(_read, place=place, clock=clock_of(place) or UTC)


def _read(text: str, place: str, clock: tzinfo) -> Found:
    found = page_date(text, place, clock)
    if not isinstance(found, datetime):
        return found
    told = _OFFSET.search(text)
    return found.astimezone(zone(told[0]) if told and zone(told[0]) is not UTC else clock)


def published(
    root: Any, meta: PageMeta, title: str, address: str, read: Callable[[str], Found]
) -> Found:
    if found := finest(map(read, meta.published)):
        return found
    return shown_date(root, title, read) or _day_in(address)


def guessed(text: str, address: str) -> date | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = htmldate.find_date(
            text, original_date=True, extensive_search=True, url=address or None
        )
    # The first of January is what it makes of a bare year, such as that of a copyright.
    return date.fromisoformat(found) if found and not found.endswith("-01-01") else None


def _day_in(address: str) -> date | None:
    found = _IN_PATH.search(urlsplit(address).path)
    try:
        return date(*map(int, filter(None, found.groups()))) if found else None
    except ValueError:
        return None
