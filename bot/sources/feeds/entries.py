"""Turns the raw parts of a feed's entries into items, for all readers of feeds.

Each entry gets a fingerprint of its raw parts. An entry with a known fingerprint is unchanged: its
text is not cleaned and its language not detected. All other entries are cleaned together.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from xxhash import xxh3_64_intdigest

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
from bot.sources.feeds.text import cleaned
from bot.sources.limits import LONGEST_NAME, LONGEST_TEXT, MOST_ENTRIES, MOST_TEXT
from bot.sources.urls import absolute, host_of

# Raise this when a change of code turns the same bytes into another item. All stored fingerprints
# then become invalid.
READER_VERSION: Final = 1
_TAGS = re.compile(r"<[^<>]*>?")
_JUDGED: Final = 12  # entries, which decide the language of a feed
_OPENING: Final = 200  # characters that decide the language of an entry
_RAW_OPENING: Final = 600  # the same with its markup


class RawEntry(NamedTuple):
    """The parts of an entry as the feed has them; `title`, `summary`, `contents` are markup.

    `base`: what a relative link starts from. `dates`: the first that can be read counts.
    `credit`, `credit_url`: the source that the entry names.
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


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """A feed's own facts: `title` is markup, `home` absolute, `language` as declared."""

    title: str
    home: str
    language: str
    pace: FeedPace | None


def feed_document(
    facts: FeedFacts, entries: Sequence[RawEntry], url: str, known: Collection[int]
) -> Document:
    """Return the feed from *url*. *known*: the fingerprints of known entries; see `Item.is_known`.

    If there are too many entries, the newest are kept, known ones included. Otherwise the ones that
    were left out would look new at the next fetch.
    """
    place = place_of(facts.language, host_of(url))
    tag = language.judged(_openings(entries), language.declared(facts.language))
    seed = xxh3_64_intdigest(f"{READER_VERSION}\n{place}\n{tag}".encode())
    packed = [_packed(entry) for entry in entries]
    numbered = [
        _Entry(_fingerprint(each, seed), _first_date(entry.dates, place), entry)
        for each, entry in zip(packed, entries, strict=True)
    ]
    # One part may become both summary and text.
    if len(entries) > MOST_ENTRIES or 2 * sum(map(len, packed)) > MOST_TEXT:
        lengths = [_longest_item(entry) for entry in entries]
        numbered = [numbered[at] for at in newest_places([*map(sort_time, numbered)], lengths)]
    title, items = _cleaned_items(numbered, known, facts.title, tag)
    return Document(
        kind=DocumentKind.FEED,
        title=title,
        url=facts.home,
        language=tag,
        items=items,
        pace=facts.pace,
        left_out=len(entries) - len(numbered),
    )


class _Entry(NamedTuple):
    fingerprint: int
    published: datetime | date | None
    raw: RawEntry


def _longest_item(entry: RawEntry) -> int:
    """Return the most characters that the item of *entry* can have."""
    bodies = map(len, (entry.summary, *entry.contents))
    return min(len(entry.title), LONGEST_NAME) + 2 * min(max(bodies), LONGEST_TEXT)


def _packed(entry: RawEntry) -> bytes:
    """Return all parts of *entry*; JSON may contain lone surrogates."""
    *first, contents, dates, language_, credit, credit_url = entry
    parts = (*first, "\1".join(contents), "\1".join(dates), language_, credit, credit_url)
    return "\0".join(parts).encode("utf-8", "surrogatepass")


def _fingerprint(packed: bytes, seed: int) -> int:
    """Return 63 bits, which fit a signed column; never 0."""
    return xxh3_64_intdigest(packed, seed) >> 1 or 1


def _cleaned_items(
    entries: Sequence[_Entry], known: Collection[int], feed_title: str, tag: str
) -> tuple[str, tuple[Item, ...]]:
    """Return the title of the feed as plain text, and its entries; all are cleaned at once."""
    titles = [feed_title]
    bodies: list[str] = []
    for number, _, raw in entries:
        titles.append(raw.title)
        if number not in known:
            titles.append(raw.credit)
            bodies += (raw.summary, *raw.contents)
    lines, texts = map(iter, cleaned(titles, bodies))
    title = next(lines)
    items = []
    for number, published, raw in entries:
        guid, url = _complete_guid(raw.guid, raw.base), absolute(raw.link, raw.base)
        line = next(lines)
        if number in known:
            items.append(
                Item(guid, url, line, published=published, fingerprint=number, is_known=True)
            )
            continue
        summary = next(texts)
        contents = [next(texts) for _ in raw.contents]
        lead = summary or next(iter(contents), "")
        opening = f"{line} {lead[:_OPENING]}"
        items.append(
            Item(
                guid=guid,
                url=url,
                title=line,
                summary=lead,
                text=_longest_body(summary, contents),
                published=published,
                language=language.judged(opening, language.declared(raw.language) or tag),
                credit=next(lines),
                credit_url=absolute(raw.credit_url, "") if raw.credit_url else "",
                fingerprint=number,
            )
        )
    return title, tuple(items)


def _longest_body(summary: str, contents: Iterable[str]) -> str:
    """Return the first longest content, unless the summary is twice as long."""
    content = max(contents, key=len, default="")
    return content if len(content) * 2 >= len(summary) else summary


def _complete_guid(guid: str, base: str) -> str:
    """Return *guid* unchanged, but resolve a path, because other sites may have the same path."""
    guid = guid.strip()
    return (absolute(guid, base) or guid) if guid.startswith("/") else guid


def _first_date(dates: Iterable[str], place: str) -> datetime | date | None:
    for text in dates:
        if found := feed_date(text, place):
            return found
    return None


def _openings(entries: Sequence[RawEntry]) -> str:
    """Return the beginnings of the first entries, known or new, nearly without markup."""
    leads = ((entry, entry.summary or "".join(entry.contents[:1])) for entry in entries[:_JUDGED])
    openings = (f"{entry.title} {lead[:_RAW_OPENING]}" for entry, lead in leads)
    return " ".join(_TAGS.sub(" ", opening)[:_OPENING] for opening in openings)
