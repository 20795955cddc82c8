"""Filters for templates: times, dates, marked words. They hold no sentence of ours.

Times come in as aware UTC and are shown in the zone that the template names. Telegram shows a
`<tg-time>` in the reader's own zone; its text is for clients and channels that cannot.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
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
from bot.sources.hosts import host_shown, shown_host, shown_url

_BOLD, _END_OF_BOLD = Markup("<b>"), Markup("</b>")
_EASTWARD = str.maketrans("+-", "-+")
Width = Literal["wide", "abbreviated"]
_RECENT_DAYS = 6  # for so long a day's name is not ambiguous


def local(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


def clock(minutes: int) -> str:
    """Show *minutes* after midnight as 08:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def city(zone: str, locale: str) -> str:
    """Return the city that an IANA zone is named after: `Asia/Tokyo` → Tokyo, 東京.

    `Etc/GMT-9` is named after none; POSIX counts westward, users say UTC+9.
    """
    if zone.startswith("Etc/GMT"):
        return "UTC" + zone.removeprefix("Etc/GMT").translate(_EASTWARD)
    plain = zone.rpartition("/")[2].replace("_", " ")
    if locale.startswith("en"):  # where the zones are named
        return plain
    known = Locale.parse(locale).time_zones
    cities = (known.get(name, {}).get("city") for name in _all_names(zone))
    return next(filter(None, cities), plain)


@cache
def _all_names(zone: str) -> tuple[str, ...]:
    """Return the names of *zone*, old ones too: CLDR still knows Asia/Saigon and Calcutta."""
    return (zone, *(old for old, new in get_global("zone_aliases").items() if new == zone))


def bold(text: str, ranges: Iterable[tuple[int, int]]) -> Markup:
    """Make the *ranges* of *text*, in order and disjoint, bold; nothing across them is linked."""
    joined_at = places(text)
    text = with_joiners(text, joined_at)
    marked, done = Markup(), 0
    for before in ranges:
        start, end = (index + bisect_left(joined_at, index) for index in before)
        marked += escape(text[done:start]) + _BOLD + escape(text[start:end]) + _END_OF_BOLD
        done = end
    return marked + escape(text[done:])


def tg_time(at: datetime, shown: str, layout: str) -> Markup:
    """Tag a time; *layout* is Telegram's: w weekday, d date, t time."""
    start = f'<tg-time unix="{int(at.timestamp())}" format="{layout}">'
    return Markup(f"{start}{escape(shown)}</tg-time>")  # noqa: S704 - ours but for what is escaped


def weekday(day: date, locale: str) -> str:
    return format_date(day, "EEEE", locale=locale)


def weekday_names(weekdays: int, width: Width = "wide", *, locale: str) -> list[str]:
    """Name the days of a week whose bit is set; bit 0 is Monday."""
    names = get_day_names(width, locale=locale)
    return [names[day] for day in range(7) if weekdays >> day & 1]


def isolated(text: str, locale: str) -> str:
    """Isolate what sources and users wrote, in a language that runs from right to left."""
    return isolate(text) if Locale.parse(locale).text_direction == RTL else text


def listed(items: Sequence[str], locale: str) -> str:
    """Join them as the language does: `a, b, and c`."""
    return format_list([isolated(item, locale) for item in items], locale=locale)


def joined(items: Sequence[str], locale: str) -> str:
    """Join them with nothing but commas, of the kind that the language has: `a, b`; `a、b`.

    In one that runs from right to left each item is isolated: names in Latin letters would reorder
    the signs between them.
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
    """Say how long before *now*, under a minute as one; from tomorrow's view, the day."""
    passed = max(now - at, timedelta(minutes=1))
    if passed < timedelta(days=1):
        return _from_now(-passed, locale)
    return _skeleton("E" if passed.days < _RECENT_DAYS else "MMMd", at, locale)


def ahead(at: datetime, now: datetime, locale: str) -> str:
    """Say how long after *now*, under a minute as one."""
    return _from_now(max(at - now, timedelta(minutes=1)), locale)


def _from_now(span: timedelta, locale: str) -> str:
    """Write `in 5 hr`, `5 hr ago`. CLDR's narrow form is a bare `-5 h` in French and Russian."""
    try:
        return format_timedelta(
            span, format="short", add_direction=True, threshold=1, locale=locale
        )
    except KeyError:  # Babel lacks some short ones: Indonesian hours to come
        return format_timedelta(span, add_direction=True, threshold=1, locale=locale)


def when(at: datetime | date, zone: str, today: date, locale: str) -> str | Markup:
    """Show when news came: the time, preceded by the day unless it is *today*; or a bare date."""
    shown, layout = _seen(at, zone, today, locale)
    return tg_time(at, shown, layout) if isinstance(at, datetime) else shown


def stamp(at: datetime | date, zone: str, today: date, locale: str) -> Markup:
    """Show the same on a web page, where the tag is HTML's."""
    shown, _ = _seen(at, zone, today, locale)
    written = at.astimezone(UTC) if isinstance(at, datetime) else at
    exact = written.isoformat().replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(exact, shown)


def _seen(at: datetime | date, zone: str, today: date, locale: str) -> tuple[str, str]:
    """Return how to show when news came, and Telegram's layout for it."""
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
    """Return the filters by name, those that depend on the language bound to *locale*."""
    localized: dict[str, Callable[..., object]] = {
        "isolated": isolated,
        "city": city,
        "joined": joined,
        "weekday": weekday,
        "weekday_names": weekday_names,
        "listed": listed,
        "day_and_month": day_and_month,
        "until": partial(format_interval, skeleton="MMMMd"),  # the month once where it is the same
        "ago": ago,
        "ahead": ahead,
        "rough": format_timedelta,  # in its largest unit: 2 hours
        # In few letters, in a unit of which there are two at least: 31h.
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
        "shown_url": shown_url,
        "html": to_html,
    }
    return plain | {name: partial(act, locale=locale) for name, act in localized.items()}


def _skeleton(skeleton: str, day: date, locale: str) -> str:
    """Write *day* by a CLDR skeleton: a list of fields, ordered as the language does."""
    wall = day.replace(tzinfo=None) if isinstance(day, datetime) else datetime.combine(day, time())
    return _written(skeleton, wall, locale)


# Many readers are shown the times of one day's stories. The key is the wall time, which differs by
# zone; equal timestamps would not.
@lru_cache(maxsize=4096)
def _written(skeleton: str, wall: datetime, locale: str) -> str:
    return format_skeleton(skeleton, wall.replace(tzinfo=UTC), UTC, locale=locale)
