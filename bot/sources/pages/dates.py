"""Finds the date of an article, and reads dates as pages write them.

Sources, in order: JSON-LD and meta tags; the dates that the page shows; htmldate, which reads the
rest, above all the address. If a bare day comes first and then a time on that day, the time counts.

Dates shown, in order: elements marked as the date of publication; the lines after the headline up
to the story's first paragraphs; other `<time>` elements and those whose class names a date. The
date of a change ("Updated …") counts only if there is no other; comments and boxes never count.

Formats, in order: those of feeds; East Asian and Persian dates; numbers by the custom of the
country; dateparser, which must find day, month and year. Relative and partial dates are refused. A
longer text may have its date anywhere ("Published on 17 November 2025 at 10:30").
"""

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, tzinfo
from functools import cache, lru_cache, partial
from importlib import import_module
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import htmldate

from bot.languages import all_words, any_of
from bot.sources.feeds.dates import east_asian_date, feed_date, persian_date, western_years
from bot.sources.feeds.places import clock_of, place_of, zone
from bot.sources.pages.dom import heading_of, is_nearby, line_of, names_of, nearby_lines, weight_of
from bot.sources.pages.metadata import PageMeta
from bot.sources.urls import host_of

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

Found = datetime | date | None
Read = Callable[[str], Found]

_OFFSET = re.compile(r"[+-]\d{2}:?\d{2}$")
_LONGEST_SHOWN = 110  # weighed in Latin letters
_PROSE = 160
_MOST_PROSE = 500  # of the story's first paragraphs
_MOST_LINES = 16
_MOST_ELEMENTS = 12
_LONGEST_LABEL = 30
_DATED = re.compile(
    rf"(?:^|[\W_])(?:{'|'.join(all_words('date_classes'))})(?:$|[\W_])", re.IGNORECASE
)
_CHANGED = re.compile(any_of("updated"), re.IGNORECASE)
_PUBLISHED = re.compile(any_of("published"), re.IGNORECASE)

_MOST_LANGUAGES = 6
_MONTHS = (  # the names in dateparser's tables
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_LONGEST = 120  # characters of a text that has a date
_EARLIEST, _LATEST = 1900, 2200
_ZONE = r"(?:(?:GMT|UTC)?\s?[+-]\d{1,2}(?::?\d{2})?\b|[A-Z]{2,5}\b)"
_TIME = (
    r"(?:[^\d\n]{0,12}\d{1,2}(?:[:.h]\d{2}|(?=\s*Uhr))(?::\d{2})?"
    rf"(?:\s*[ap]\.?m\b\.?)?(?:\s*{_ZONE})?)?"
)
_WORD = r"[^\W\d_][\w'\u2019]*\.?"
_WRITTEN = re.compile(
    rf"\b(?:\d{{1,2}}(?:\.|st|nd|rd|th|er|º)?,?\s+(?:de\s+|of\s+|ng\s+)?{_WORD},?\s+(?:de\s+|del\s+)?\d{{4}}"
    rf"|{_WORD}\s+\d{{1,2}}(?:st|nd|rd|th)?\.?,?\s+\d{{4}})\b{_TIME}"
)
_NUMBERS = re.compile(rf"(?<!\d)(\d{{1,2}})([./-])\s?(\d{{1,2}})\2\s?(\d{{4}})(?!\d)({_TIME})")
_YEAR_FIRST = re.compile(
    r"(?<!\d)\d{4}([./-])\d{1,2}\1\d{1,2}(?!\d)(?:[T\s]+\d{1,2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?::\d{2})?"
    rf"(?:\s*(?P<half>[ap])\.?m\b\.?)?(?:\s*(?P<zone>{_ZONE}))?",
    re.IGNORECASE,
)
_DOTTED_NAME = re.compile(r"\b(\d{1,2})\.\s?([^\W\d_]{3,9})\.?\s?(\d{4}|\d\d)\b")
_MONTH_FIRST = frozenset({"en", "en-us", "en-ph", "en-ca"})
# A day and a year of four digits; dateparser needs a month's name beside them, and is slow.
_DAY_AND_YEAR = re.compile(
    r"(?<!\d)(?:\d{1,2}(?!\d).*(?<!\d)(?:19|20)\d\d|(?:19|20)\d\d(?!\d).*(?<!\d)\d{1,2})(?!\d)"
)


def reader_for(meta: PageMeta, code: str, address: str, clock: tzinfo | None = None) -> Read:
    """Return a reader for dates as the page at *address*, in the language *code*, writes them.

    A time keeps its own offset or gets that of the place, because its day must be the one that the
    page's readers know. *clock*: the zone that the operator has set.
    """
    place = place_of(meta.tag or code, host_of(address))
    return partial(_read, place=place, clock=clock or clock_of(place) or UTC)


def _read(text: str, place: str, clock: tzinfo) -> Found:
    found = page_date(text, place, clock)
    if not isinstance(found, datetime):
        return found
    given = _OFFSET.search(text)
    return found.astimezone(zone(given[0]) if given and zone(given[0]) is not UTC else clock)


def published(root: Any, meta: PageMeta, title: str, read: Read) -> Found:
    return finest(map(read, meta.published)) or _shown_date(root, title, read)


def guessed(text: str, address: str) -> date | None:
    """Return the date that htmldate finds in a page's *text*, also in its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = htmldate.find_date(
            text, original_date=True, extensive_search=True, url=address or None
        )
    # htmldate reads a bare year, such as that of a copyright, as January 1.
    return date.fromisoformat(found) if found and not found.endswith("-01-01") else None


def _shown_date(root: Any, title: str, read: Read) -> Found:
    """Return the date of publication that a reader of the page sees."""
    texts = [
        _after_the_word(text)
        for text in _shown_dates(root, title)
        if weight_of(text) <= _LONGEST_SHOWN
    ]
    changed = [text for text in texts if _CHANGED.search(text) and not _PUBLISHED.search(text)]
    others = (text for text in texts if text not in changed)
    return finest(map(read, others)) or finest(map(read, changed))


def finest(found: Iterable[Found]) -> Found:
    """Return the first date *found*, or a time on that day if there is one."""
    day: Found = None
    for each in found:
        if isinstance(each, datetime):
            if day is None or each.date() == day:
                return each
        elif day is None:
            day = each
    return day


def _shown_dates(root: Any, title: str) -> Iterator[str]:
    heading = heading_of(root, title)
    if heading is None:
        heading = next(chain(root.iter("h1"), root.iter("h2")), None)
    yield from _texts_of(islice(_marked_elements(root), _MOST_ELEMENTS))
    if heading is not None:
        yield from _lines_after(heading)
    yield from _texts_of(islice(_dated_elements(root), _MOST_ELEMENTS))


def _after_the_word(text: str) -> str:
    """Return the part from the word for publishing, in "Updated 3 March, published 2 March"."""
    found = _PUBLISHED.search(text)
    return text[found.start() :] if found and _CHANGED.search(text[: found.start()]) else text


def _marked_elements(root: Any) -> Iterator[Any]:
    """Yield the elements that the page itself marks as the time of publication."""
    for element in root.iter("*"):
        says = names_of(element).lower()
        is_meant = "datepublished" in says or element.get("pubdate") is not None
        if element.tag in {"time", "abbr"}:
            is_meant = is_meant or "publi" in says or "entry-date" in says
        if (
            is_meant
            and "updated" not in says.replace("published updated", "")
            and is_nearby(element)
        ):
            yield element


def _dated_elements(root: Any) -> Iterator[Any]:
    for element in root.iter("time", "span", "div", "p", "abbr", "small", "li"):
        if (element.tag == "time" or _DATED.search(names_of(element).lower())) and is_nearby(
            element
        ):
            yield element


def _texts_of(elements: Iterable[Any]) -> Iterator[str]:
    for element in elements:
        is_change = "modified" in names_of(element).lower() or _CHANGED.search(
            _words_before(element)
        )
        for name in ("datetime", "content", "title"):
            if text := element.get(name):
                yield f"updated {text}" if is_change else text
        if text := line_of(element):
            yield f"updated {text}" if is_change else text


def _words_before(element: Any) -> str:
    """Return the few words in front of *element* in its own block."""
    previous, around = element.getprevious(), element.getparent()
    if previous is not None:
        words = line_of(previous) if isinstance(previous.tag, str) else ""
        return f"{words} {previous.tail or ''}"[-30:]
    return ((around.text if around is not None else "") or "")[-30:]


def _lines_after(heading: Any) -> Iterator[str]:
    prose = 0
    label = ""
    for line in islice(nearby_lines(heading.xpath("following::text()")[:160]), _MOST_LINES):
        weight = weight_of(line)
        prose += weight if weight >= _PROSE else 0
        if prose > _MOST_PROSE:
            return
        yield f"{label} {line}".strip()
        label = line if _is_label(line) else ""


def _is_label(line: str) -> bool:
    """Return whether *line* is only a label, such as "Published", for a date in the next line."""
    is_word = _CHANGED.search(line) or _PUBLISHED.search(line)
    return bool(is_word) and len(line) <= _LONGEST_LABEL and not any(map(str.isdigit, line))


@lru_cache(maxsize=2048)
def page_date(text: str, place: str = "", clock: tzinfo = UTC) -> datetime | date | None:
    """Return the date in *text*: a time in UTC, a date if it has no time, or None.

    *place*: a tag such as "en-GB", which decides what 03/04/2025 means and makes reading faster.
    *clock*: the zone of a time without one.
    """
    text = _ascii_digits(" ".join(text.split()))
    if not text or len(text) > _LONGEST or not any(map(str.isdigit, text)):
        return None
    found = feed_date(text, place, clock) or _by_form(text, place.lower(), clock)
    return found if found and _EARLIEST <= found.year <= _LATEST else None


def _by_form(text: str, place: str, clock: tzinfo) -> datetime | date | None:
    if found := east_asian_date(text, clock) or persian_date(text):
        return found
    if year_first := _YEAR_FIRST.search(text):
        return feed_date(_padded(year_first[0]), place, clock)
    if numbers := _NUMBERS.search(text):
        return _from_numbers(numbers, place, clock)
    text = _DOTTED_NAME.sub(_with_full_year, western_years(text))
    if written := _WRITTEN.search(text):
        found = feed_date(written[0], place, clock) or _by_dateparser(written[0], place, clock)
    return found or _by_dateparser(text, place, clock)


def _with_full_year(found: re.Match[str]) -> str:
    """Return a date such as 03.Mär.26 in a form that every reader understands."""
    year = found[3] if len(found[3]) > 2 else f"20{found[3]}"  # noqa: PLR2004 - digits
    return f"{found[1]} {found[2]} {year}"


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(char)) if char.isdecimal() and not char.isascii() else char
        for char in text
    )


def _padded(text: str) -> str:
    return re.sub(r"(?<![\d:])(\d)(?=\D|$)", r"0\1", text)


def _from_numbers(found: re.Match[str], place: str, clock: tzinfo) -> datetime | date | None:
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if _is_ambiguous(first, second) and not place and found[2] != ".":
        return None
    month_first = found[2] == "/" and place in _MONTH_FIRST
    if second > 12 or (month_first and first <= 12):  # noqa: PLR2004 - months
        first, second = second, first
    try:
        return _with_time(date(year, second, first), _CLOCK.search(found[5] or ""), place, clock)
    except (ValueError, OverflowError):
        return None


def _with_time(
    day: date, given: re.Match[str] | None, place: str, clock: tzinfo
) -> datetime | date:
    if given is None:
        return day
    hour = int(given["hour"])
    if given["half"]:
        hour = hour % 12 + (12 if given["half"] in "pP" else 0)
    by = zone(given["zone"] or "", place, clock)
    return datetime.combine(day, time(hour, int(given["minute"])), by).astimezone(UTC)


def _is_ambiguous(first: int, second: int) -> bool:
    return first != second and first <= 12 and second <= 12  # noqa: PLR2004 - months


def _by_dateparser(text: str, place: str, clock: tzinfo) -> datetime | date | None:
    """Return the date in *text* by dateparser, in the page's language or that of a month's name.

    Without a language it tries some hundred: 10 ms for each text, over a second the first time.
    """
    if not _DAY_AND_YEAR.search(text):
        return None
    for languages in ((place.partition("-")[0],), _languages_of(text)):
        parser = _parser(languages)
        if parser is None:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own regular expressions and datetime calls warn
            data = parser.get_date_data(text)
        if data.date_obj:
            timestamp: datetime = data.date_obj
            given = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=clock)
            return given.astimezone(UTC) if data.period == "time" else timestamp.date()
    return None


@lru_cache(maxsize=64)
def _parser(languages: tuple[str, ...]) -> "DateDataParser | None":
    """Return dateparser's parser for *languages*; None if it knows none of them."""
    from dateparser.data.languages_info import language_order  # noqa: PLC0415 - see below
    from dateparser.date import DateDataParser  # noqa: PLC0415 - slow, and feeds never need it

    known = [language for language in languages if language in language_order]
    settings = {
        "PARSERS": ["absolute-time"],
        "REQUIRE_PARTS": ["day", "month", "year"],
        "RETURN_TIME_AS_PERIOD": True,
    }
    return DateDataParser(languages=known, settings=settings) if known else None


def _languages_of(text: str) -> tuple[str, ...]:
    """Return the languages in which a word of *text* is a month's name, the most spoken first."""
    words = (word.strip(",.;:()") for word in text.lower().split())
    found = chain.from_iterable(_months().get(word, ()) for word in words)
    return tuple(dict.fromkeys(found))[:_MOST_LANGUAGES]


@cache
def _months() -> dict[str, list[str]]:
    """Return the languages of each month's name, or of its first word, as dateparser knows them."""
    from dateparser.data.languages_info import language_order  # noqa: PLC0415 - see `_parser`

    found: dict[str, list[str]] = {}
    for language in language_order:
        info = import_module(f"dateparser.data.date_translation_data.{language}").info
        for name in chain.from_iterable(info.get(month, ()) for month in _MONTHS):
            found.setdefault(name.lower().split()[0].strip("."), []).append(language)
    return found
