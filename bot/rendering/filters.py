"""Filters for templates: times, dates, bold words. They contain no sentences.

Times are aware UTC and are shown in the zone that the template names. Telegram shows a `<tg-time>`
in the reader's own zone; its text is for clients and mails that cannot do this.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache, partial, reduce
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import (
    format_date,
    format_interval,
    format_skeleton,
    format_timedelta,
    get_day_names,
)
from babel.lists import format_list
from markupsafe import Markup, escape

from bot.rendering.autolinks import places, with_joiners
from bot.rendering.bidi import FSI, PDI, RTL, isolate
from bot.rendering.html import to_html
from bot.rendering.own_words import filled
from bot.sources.channels.addresses import shown_channel
from bot.sources.hosts import host_shown, shown_host, shown_url

_BOLD, _END_OF_BOLD = Markup("<b>"), Markup("</b>")
_EASTWARD = str.maketrans("+-", "-+")
Width = Literal["wide", "abbreviated"]
_RECENT_DAYS = 6  # the name of an older weekday would be ambiguous


def local(at: datetime, zone: str | tzinfo) -> datetime:
    return at.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)


def clock(minutes: int) -> str:
    """Show *minutes* after midnight as 08:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def city(zone: str, locale: str) -> str:
    """Return the city that an IANA zone is named after: `Asia/Tokyo` → Tokyo, 東京.

    `Etc/GMT-9` has no city and becomes UTC+9, because POSIX counts westward.
    """
    if zone.startswith("Etc/GMT"):
        return "UTC" + zone.removeprefix("Etc/GMT").translate(_EASTWARD)
    plain = zone.rpartition("/")[2].replace("_", " ")
    if locale.startswith("en"):  # zones are named in English
        return plain
    known = Locale.parse(locale).time_zones
    cities = (known.get(name, {}).get("city") for name in _all_names(zone))
    return next(filter(None, cities), plain)


@cache
def _all_names(zone: str) -> tuple[str, ...]:
    """Return the names of *zone*, old ones too: CLDR still uses Asia/Saigon and Asia/Calcutta."""
    return (zone, *(old for old, new in get_global("zone_aliases").items() if new == zone))


def language_name(code: str, locale: str) -> str:
    """Return the name of a language in the reader's."""
    return str(Locale.parse(locale).languages.get(code, code))


def bold(text: str, ranges: Iterable[tuple[int, int]]) -> Markup:
    """Make the *ranges* of *text* (ordered, disjoint) bold, and keep Telegram from linking it."""
    joiners = places(text)
    text = with_joiners(text, joiners)
    marked, done = Markup(), 0
    for unjoined in ranges:
        start, end = (index + bisect_left(joiners, index) for index in unjoined)
        marked += escape(text[done:start]) + _BOLD + escape(text[start:end]) + _END_OF_BOLD
        done = end
    return marked + escape(text[done:])


def tg_time(at: datetime, shown: str, layout: str) -> Markup:
    """Tag a time; *layout* is Telegram's: w weekday, d date, t time."""
    start = f'<tg-time unix="{int(at.timestamp())}" format="{layout}">'
    return Markup(f"{start}{escape(shown)}</tg-time>")  # noqa: S704 - *shown* is escaped


def weekday(day: date, locale: str) -> str:
    name: str = get_day_names(locale=locale)[day.weekday()]
    return name


def weekday_names(weekdays: int, width: Width = "wide", *, locale: str) -> list[str]:
    """Return the names of the weekdays whose bit is set; bit 0 is Monday."""
    names = get_day_names(width, locale=locale)
    return [names[day] for day in range(7) if weekdays >> day & 1]


def isolated(text: str, locale: str) -> str:
    """Isolate text of sources and users in a right-to-left language."""
    return isolate(text) if Locale.parse(locale).text_direction == RTL else text


def listed(items: Sequence[str], locale: str) -> str:
    """Join *items* as the language does: `a, b, and c`."""
    return format_list([isolated(item, locale) for item in items], locale=locale)


def joined(items: Sequence[str], locale: str) -> str:
    """Join *items* with the commas of the language only: `a, b`; `a、b`.

    In a right-to-left language each item is isolated, because names in Latin letters would reorder
    the commas between them.
    """
    language = Locale.parse(locale)
    if language.text_direction == RTL:
        items = [f"{FSI}{item}{PDI}" for item in items]
    return reduce(language.list_patterns["standard"]["middle"].format, items) if items else ""


def short_weekday(day: date, locale: str) -> str:
    return format_date(day, "EEE", locale=locale)


def day_and_month(day: date, locale: str) -> str:
    return _skeleton("MMMMd", day, locale)


def ago(at: datetime, now: datetime, locale: str) -> str:
    """Say how long *at* is before *now*, at least a minute; after a day, name the day."""
    passed = max(now - at, timedelta(minutes=1))
    if passed < timedelta(days=1):
        return _from_now(-passed, locale)
    return _skeleton("E" if passed.days < _RECENT_DAYS else "MMMd", at, locale)


def ahead(at: datetime, now: datetime, locale: str) -> str:
    """Say how long *at* is after *now*, at least a minute."""
    return _from_now(max(at - now, timedelta(minutes=1)), locale)


def _from_now(span: timedelta, locale: str) -> str:
    """Return `in 5 hr` or `5 hr ago`; CLDR's narrow form is only `-5 h` in French and Russian."""
    try:
        return format_timedelta(
            span, format="short", add_direction=True, threshold=1, locale=locale
        )
    except KeyError:  # Babel lacks some short forms, such as Indonesian hours to come
        return format_timedelta(span, add_direction=True, threshold=1, locale=locale)


def when(at: datetime | date, zone: str | tzinfo, today: date, locale: str) -> str | Markup:
    """Return the time of news, with its day unless it is *today*; of a date, only the day."""
    shown, layout = _seen(at, zone, today, locale)
    return tg_time(at, shown, layout) if isinstance(at, datetime) else shown


def stamp(at: datetime | date, zone: str, today: date, locale: str) -> Markup:
    """Return the same text as `when` for a web page, in HTML's own tag."""
    shown, _ = _seen(at, zone, today, locale)
    written = at.astimezone(UTC) if isinstance(at, datetime) else at
    exact = written.isoformat().replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(exact, shown)


def _seen(at: datetime | date, zone: str | tzinfo, today: date, locale: str) -> tuple[str, str]:
    """Return the text of a time, and Telegram's layout for it."""
    if not isinstance(at, datetime):
        return _skeleton("MMMd", at, locale), "d"
    there = local(at, zone)
    shown = _skeleton("Hm", there, locale)
    passed = (today - there.date()).days
    if passed == 0:
        return shown, "t"
    if 0 < passed <= _RECENT_DAYS:
        return f"{_skeleton('E', there, locale)} {shown}", "wt"
    return f"{_skeleton('MMMd', there, locale)} {shown}", "dt"


def filters_for(locale: str) -> dict[str, Any]:
    """Return the filters by name; those that depend on the language use *locale*."""
    localized: dict[str, Callable[..., object]] = {
        "isolated": isolated,
        "city": city,
        "language_name": language_name,
        "joined": joined,
        "weekday": weekday,
        "weekday_names": weekday_names,
        "listed": listed,
        "day_and_month": day_and_month,
        "until": partial(format_interval, skeleton="MMMMd"),  # names a common month once
        "ago": ago,
        "ahead": ahead,
        "rough": format_timedelta,  # in the largest unit: 2 hours
        # Short, in the largest unit of which there are at least two: 31h.
        "brief": partial(format_timedelta, format="narrow", threshold=2),
        "when": when,
        "stamp": stamp,
    }
    plain = {
        "local": local,
        "clock": clock,
        "bold": bold,
        "host": host_shown,
        "shown_host": shown_host,
        "shown_channel": shown_channel,
        "shown_url": shown_url,
        "html": to_html,
        "filled": filled,
    }
    return plain | {name: partial(act, locale=locale) for name, act in localized.items()}


def _skeleton(skeleton: str, day: date, locale: str) -> str:
    """Format *day* by a CLDR skeleton, a list of fields that each language orders its own way."""
    wall = day.replace(tzinfo=None) if isinstance(day, datetime) else datetime.combine(day, time())
    return _formatted(skeleton, wall, locale)


# Cached, because many readers see the times of the same stories. The key is the wall time and not
# the timestamp, because readers in different zones see different times.
@lru_cache(maxsize=4096)
def _formatted(skeleton: str, wall: datetime, locale: str) -> str:
    return format_skeleton(skeleton, wall.replace(tzinfo=UTC), UTC, locale=locale)
