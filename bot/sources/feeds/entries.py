"""Turns the raw parts of a feed's entries into items, for all readers of feeds.

All entries of a feed are cleaned together, because that costs less.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from bot.sources.feeds import language
from bot.sources.feeds.dates import feed_date
from bot.sources.feeds.model import (
    Document,
    DocumentKind,
    FeedPace,
    Item,
    newest_places,
    sort_time,
)
from bot.sources.feeds.places import place_of
from bot.sources.feeds.text import cleaned, one_line
from bot.sources.lead_pictures import LeadPicture, first_worth_showing, in_markup, pixels
from bot.sources.limits import (
    LONGEST_LABEL,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_CATEGORIES,
    MOST_ENTRIES,
    MOST_TEXT,
)
from bot.sources.urls import absolute, host_of

# `jane@news.example (Jane Doe)`, the form of RSS.
_ADDRESS_AND_NAME: Final = re.compile(r"\S+@\S+ ?\((.+)\)")
_ADDRESS: Final = re.compile(r"\S+@\S+|https?://\S+", re.IGNORECASE)
_BETWEEN_CATEGORIES: Final = re.compile(r"[;|\n]| / |>")
_TAGS = re.compile(r"<[^<>]*>?")
_JUDGED: Final = 12  # entries, which decide the language of a feed
_OPENING: Final = 200  # characters that decide the language of an entry
_RAW_OPENING: Final = 600  # the same with its markup


class RawEntry(NamedTuple):
    """The parts of an entry as the feed has them; `title`, `summary`, `contents` are markup.

    `base`: what a relative link starts from. `dates`: the first that can be read counts.
    `author`, `categories` and `enclosures`, the titles of attached files, are markup too.
    `credit`, `credit_url`: the source that the entry names. `pictures`: those that the entry
    declares, the most trusted first. `fingerprint`: see `Item`.
    """

    guid: str = ""
    link: str = ""
    base: str = ""
    title: str = ""
    summary: str = ""
    contents: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    language: str = ""
    credit: str = ""
    credit_url: str = ""
    author: str = ""
    categories: Sequence[str] = ()
    enclosures: Sequence[str] = ()
    pictures: Sequence[LeadPicture] = ()
    fingerprint: int = 0


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """A feed's own facts: `title` is markup, `home` absolute, `language` as declared."""

    title: str
    home: str
    language: str
    pace: FeedPace | None


# The elements that declare a picture, the most trusted first.
_DECLARING: Final = {"content": 0, "thumbnail": 1, "enclosure": 2, "image": 3}
_PICTURE_FILE: Final = re.compile(r"[^?#]+\.(?:jpe?g|png|webp|avif)(?:[?#].*)?", re.IGNORECASE)


class _Attributes(Protocol):
    def get(self, name: str, /) -> Any: ...


def declared_pictures(declared: Iterable[tuple[str, _Attributes]]) -> list[LeadPicture]:
    """Return the pictures among the elements of an entry, the most trusted and widest first.

    *declared*: the name of each element, `content`, `thumbnail`, `enclosure` or `image`, with its
    attributes.
    """
    pictures = [
        (
            _DECLARING[name],
            LeadPicture(
                str(of.get("url") or of.get("href") or "").strip(),
                pixels(of.get("width")),
                pixels(of.get("height")),
            ),
        )
        for name, of in declared
        if _is_picture(name, of)
    ]
    pictures.sort(key=lambda ranked: (ranked[0], -(ranked[1].width or 0)))
    return [picture for _, picture in pictures]


def _is_picture(name: str, of: _Attributes) -> bool:
    if name in {"thumbnail", "image"}:
        return True
    if stated := of.get("medium") or of.get("type"):
        return str(stated).strip().lower().startswith("image")
    return name == "content" and bool(_PICTURE_FILE.fullmatch(str(of.get("url") or "")))


def feed_document(
    facts: FeedFacts,
    entries: Sequence[RawEntry],
    url: str,
    language_before: str = "",
    clock: tzinfo = UTC,
) -> Document:
    """Return the feed from *url*; of too many entries, the newest are kept.

    *language_before*: that of the feed at its last read, which had more entries to judge by.
    *clock*: the time zone of dates without one.
    """
    place = place_of(facts.language, host_of(url))
    tag = language_before or language.judged(_openings(entries), language.declared(facts.language))
    dated = [_Entry(_first_date(entry.dates, place, clock), entry) for entry in entries]
    lengths = [_longest_item(entry) for entry in entries]
    if len(entries) > MOST_ENTRIES or sum(lengths) > MOST_TEXT:
        dated = [dated[at] for at in newest_places([*map(sort_time, dated)], lengths)]
    title, items = _cleaned_items(dated, facts.title, tag)
    return Document(
        kind=DocumentKind.FEED,
        title=title,
        url=facts.home,
        language=tag,
        items=items,
        pace=facts.pace,
        left_out=len(entries) - len(dated),
    )


class _Entry(NamedTuple):
    published: datetime | date | None
    raw: RawEntry


def _longest_item(entry: RawEntry) -> int:
    """Return the most characters that the item of *entry* can have.

    One part may become both summary and text.
    """
    body = max(map(len, (entry.summary, *entry.contents)))
    return min(len(entry.title), LONGEST_NAME) + 2 * min(body, LONGEST_TEXT)


def _cleaned_items(
    entries: Sequence[_Entry], feed_title: str, tag: str
) -> tuple[str, tuple[Item, ...]]:
    """Return the title of the feed as plain text, and its entries; all are cleaned at once."""
    titles = [feed_title]
    bodies: list[str] = []
    for _, raw in entries:
        titles += (raw.title, raw.credit)
        bodies += (raw.summary, *raw.contents)
    lines, texts = map(iter, cleaned(titles, bodies))
    title = next(lines)
    items = []
    for published, raw in entries:
        line = next(lines)
        summary = next(texts)
        contents = [next(texts) for _ in raw.contents]
        lead = summary or next(iter(contents), "")
        opening = f"{line} {lead[:_OPENING]}"
        items.append(
            Item(
                guid=_complete_guid(raw.guid, raw.base),
                url=absolute(raw.link, raw.base),
                title=line,
                summary=lead,
                text=_with_enclosures(_longest_body(summary, contents), raw.enclosures),
                published=published,
                language=language.judged(opening, language.declared(raw.language) or tag),
                credit=next(lines),
                credit_url=absolute(raw.credit_url, "") if raw.credit_url else "",
                author=author_line(raw.author) if raw.author else "",
                categories=category_lines(raw.categories) if raw.categories else (),
                picture=_lead_picture(raw),
                fingerprint=raw.fingerprint,
            )
        )
    return title, tuple(items)


def author_line(markup: str) -> str:
    """Return the author's name; RSS puts it behind an address: `jane@news.example (Jane Doe)`."""
    line = one_line(markup)
    if named := _ADDRESS_AND_NAME.fullmatch(line):
        line = named[1]
    return "" if _ADDRESS.fullmatch(line) else line[:LONGEST_LABEL]


def category_lines(markups: Iterable[str]) -> tuple[str, ...]:
    """Return each category once, at most `MOST_CATEGORIES`; some feeds write several in one."""
    lines = (
        part.strip()[:LONGEST_LABEL]
        for markup in markups
        for part in _BETWEEN_CATEGORIES.split(one_line(markup))
    )
    return tuple(islice(dict.fromkeys(filter(None, lines)), MOST_CATEGORIES))


def _with_enclosures(text: str, titles: Sequence[str]) -> str:
    """Return *text* and, as paragraphs of their own, the *titles* that it does not have."""
    lines = [one_line(title)[:LONGEST_NAME] for title in titles]
    return "\n\n".join(filter(None, [text, *(line for line in lines if line not in text)]))


def _lead_picture(raw: RawEntry) -> LeadPicture | None:
    """Return the picture that the entry declares, else the first one in its text."""
    if raw.pictures and (declared := first_worth_showing(raw.pictures, raw.base)):
        return declared
    for markup in (*raw.contents, raw.summary):
        if "<img" in markup and (shown := in_markup(markup, raw.base)):
            return shown
    return None


def _longest_body(summary: str, contents: Iterable[str]) -> str:
    """Return the first longest content, unless the summary is twice as long."""
    content = max(contents, key=len, default="")
    return content if len(content) * 2 >= len(summary) else summary


def _complete_guid(guid: str, base: str) -> str:
    """Return *guid* unchanged, but resolve a path, because other sites may have the same path."""
    guid = guid.strip()
    return (absolute(guid, base) or guid) if guid.startswith("/") else guid


def _first_date(dates: Iterable[str], place: str, clock: tzinfo) -> datetime | date | None:
    for text in dates:
        if found := feed_date(text, place, clock):
            return found
    return None


def _openings(entries: Sequence[RawEntry]) -> str:
    """Return the beginnings of the first entries, nearly without markup."""
    leads = ((entry, entry.summary or "".join(entry.contents[:1])) for entry in entries[:_JUDGED])
    openings = (f"{entry.title} {lead[:_RAW_OPENING]}" for entry, lead in leads)
    return " ".join(_TAGS.sub(" ", opening)[:_OPENING] for opening in openings)
