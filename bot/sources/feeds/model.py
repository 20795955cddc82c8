"""Documents and their items, cleaned, in one form for all formats.

The size of a document is limited, so that no sender can make it costly. The limits are far above
what publishers write. If a feed holds a whole archive, its newest entries are kept.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import accumulate, takewhile
from struct import Struct
from typing import Any, Final, NamedTuple, Protocol, Self
from zoneinfo import ZoneInfo

from bot.sources.lead_pictures import LeadPicture
from bot.sources.limits import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_URL,
    LONGEST_WORD,
    MOST_ENTRIES,
    MOST_TEXT,
)
from bot.text.characters import UNSPACED

_WORD = f"[^\\W_{UNSPACED}]"
_LONG_WORD = re.compile(f"({_WORD}{{{LONGEST_WORD}}}){_WORD}+")
_STEP = LONGEST_WORD // 2
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class DocumentKind(StrEnum):
    FEED = "feed"
    PAGE = "page"
    TEXT = "text"
    SITEMAP = "sitemap"
    INDEX = "index"  # of sitemaps, which are its items
    CHANNEL = "channel"  # of Telegram, whose newest posts are its items

    @property
    def is_list(self) -> bool:
        """Return whether the document is a list of entries that chats can follow."""
        return self in {DocumentKind.FEED, DocumentKind.SITEMAP, DocumentKind.CHANNEL}


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """How an operator wants a source to be read; an empty value leaves it to the reader.

    `language`: the two-letter code of every entry, whatever the feed declares. `zone`: the IANA
    name of the time zone of dates without one. `article`: the selector of the part of a page that
    is its article. `dropped`: selectors of parts that are not; see `bot.sources.pages.selectors`.
    """

    language: str = ""
    zone: str = ""
    article: str = ""
    dropped: tuple[str, ...] = ()

    @property
    def clock(self) -> tzinfo | None:
        return ZoneInfo(self.zone) if self.zone else None

    @property
    def has_selectors(self) -> bool:
        return bool(self.article or self.dropped)

    @property
    def without_selectors(self) -> Self:
        return replace(self, article="", dropped=())


AS_USUAL: Final = ReadingRules()


class SelectorProblem(StrEnum):
    """Why the selectors of a source were not used on a page, which was then read as usual."""

    SELECTS_NOTHING = "selects_nothing"
    TOO_SLOW = "too_slow"  # or needs too much memory


class Unreadable(Exception):  # noqa: N818 - it names what the document is, as the chat says it
    """The document cannot be read; the sentence says why, for the command line.

    `reason` is a short word for tables and metrics: "empty", "binary", "too_big", "html", "xml",
    "challenge", "time_out", "memory", "opml", "json", "kind", "no_text" or "broken"; for pages of
    Telegram also "no_preview", "no_channel", "telegram_user", "telegram_group" or "telegram_bot".
    *format*: the format of a binary file, if known.
    """

    def __init__(self, sentence: str, reason: str = "broken", *, format: str = "") -> None:  # noqa: A002 - what it is
        super().__init__(sentence)
        self.reason = reason
        self.format = format


@dataclass(frozen=True, slots=True)
class Item:
    """One article as its source gave it; every text is plain, without tags or control characters.

    `guid`, `url` and `language` are "" if unknown; `url` is absolute. `title` is one line,
    paragraphs of `text` are separated by one empty line. `published` is an aware time or a bare
    date, in UTC for feeds, in the local time zone of the page for pages.
    `credit`: the source that a feed names. `publisher`: "" if the source itself is the publisher.
    `author`: one line, of one or several names. `categories`: each one line.
    `is_detour`: `url` does not identify the item, because a search service may change this address
    tomorrow, or because a newsletter may have one address for all of its letters.
    `picture`: the lead picture, if one is worth showing.
    `fingerprint`: a hash of everything in the feed that decides the other fields, 64 bits, equal in
    every process; 0 if the entry cannot be distinguished from its neighbours; see `known_entries`.
    """

    guid: str = ""
    url: str = ""
    title: str = ""
    summary: str = ""
    text: str = ""
    published: datetime | date | None = None
    language: str = ""
    credit: str = ""
    credit_url: str = ""
    publisher: str = ""
    publisher_host: str = ""
    author: str = ""
    categories: tuple[str, ...] = ()
    is_detour: bool = False
    picture: LeadPicture | None = None
    fingerprint: int = field(default=0, compare=False)


class SeenEntry(NamedTuple):
    """An entry of the last read, by the facts that matter to its neighbours.

    `name`, `link`, `title`: hashes of 32 bits; see `bot.sources.drafts`. `published`: seconds since
    1970; 0 without a time of day.
    """

    fingerprint: int
    name: int
    link: int
    title: int
    published: int


class Published(Protocol):
    @property
    def published(self) -> datetime | date | None: ...


@dataclass(frozen=True, slots=True)
class FeedPace:
    """How often a feed wants to be polled; hours are UTC, Monday is day 0.

    `hub`: the WebSub hub, which knows the feed as `self_url`. Both are as written, maybe relative.
    """

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    hub: str = ""
    self_url: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """`left_out`: the number of older entries beyond the limits.

    `seen`: entries that are as they were in the last read, and not among `items`.
    `selector_problem`: why the selectors of its source were not used; None if they were.
    `description`, `picture`: what a channel says about itself, and the address of its picture; ""
    for all other kinds.
    """

    kind: DocumentKind
    title: str = ""
    url: str = ""
    language: str = ""
    items: tuple[Item, ...] = ()
    pace: FeedPace | None = None
    left_out: int = 0
    seen: tuple[SeenEntry, ...] = ()
    selector_problem: SelectorProblem | None = None
    description: str = ""
    picture: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return all fields as JSON, except `seen`."""
        return _fields_of(self) | {
            "seen": (),
            "items": [item_to_json(item) for item in self.items],
            "pace": None if self.pace is None else _pace_to_json(self.pace),
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        pace, problem = fields["pace"], fields["selector_problem"]
        return cls(
            **fields
            | {
                "kind": DocumentKind(fields["kind"]),
                "items": tuple(item_from_json(item) for item in fields["items"]),
                "pace": None if pace is None else _pace_from_json(pace),
                "seen": (),
                "selector_problem": None if problem is None else SelectorProblem(problem),
            }
        )


def _fields_of(record: Document | Item) -> dict[str, Any]:
    """Return the fields without copying; the deep copies of `asdict` take longer than parsing."""
    return {name: getattr(record, name) for name in record.__slots__}


def item_to_json(item: Item) -> dict[str, Any]:
    return _fields_of(item) | {"published": _date_to_json(item.published)}


def item_from_json(fields: dict[str, Any]) -> Item:
    picture = fields["picture"]
    return Item(
        **fields
        | {
            "published": _date_from_json(fields["published"]),
            "categories": tuple(fields["categories"]),
            "picture": None if picture is None else LeadPicture(*picture),
        }
    )


# Raise this when a change of code turns the same bytes into another item. All stored entries then
# become invalid.
_READER_VERSION: Final = 4
_HEAD: Final = Struct("<B2s")
_SEEN: Final = Struct("<QIIII")


def pack_seen(entries: Iterable[SeenEntry], language: str) -> bytes:
    """Return the *entries* of a feed in *language*, 24 bytes each, to be stored."""
    packed = [_HEAD.pack(_READER_VERSION, language.encode()), *(_SEEN.pack(*e) for e in entries)]
    return b"".join(packed)


def unpack_seen(packed: bytes) -> tuple[str, dict[int, SeenEntry]]:
    """Return the language of a feed, and its entries by fingerprint."""
    if packed[:1] != bytes([_READER_VERSION]):
        return "", {}
    _, language = _HEAD.unpack_from(packed)
    entries = map(SeenEntry._make, _SEEN.iter_unpack(packed[_HEAD.size :]))
    return language.decode().rstrip("\0"), {entry.fingerprint: entry for entry in entries}


def in_language(document: Document, code: str) -> Document:
    """Return *document* with all its entries in the language *code*."""
    items = tuple(replace(item, language=code) for item in document.items)
    return replace(document, language=code, items=items)


def without_fingerprints(document: Document) -> Document:
    if not any(item.fingerprint for item in document.items):
        return document
    return replace(document, items=tuple(replace(item, fingerprint=0) for item in document.items))


def _date_to_json(published: datetime | date | None) -> str | None:
    return None if published is None else published.isoformat()


def _date_from_json(text: str | None) -> datetime | date | None:
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _pace_to_json(pace: FeedPace) -> dict[str, Any]:
    return {
        "ttl": None if pace.ttl is None else pace.ttl.total_seconds(),
        "skip_hours": sorted(pace.skip_hours),
        "skip_days": sorted(pace.skip_days),
        "hub": pace.hub,
        "self_url": pace.self_url,
    }


def _pace_from_json(fields: dict[str, Any]) -> FeedPace:
    ttl = fields["ttl"]
    return FeedPace(
        ttl=None if ttl is None else timedelta(seconds=ttl),
        skip_hours=frozenset(fields["skip_hours"]),
        skip_days=frozenset(fields["skip_days"]),
        hub=fields["hub"],
        self_url=fields["self_url"],
    )


def sort_time(item: Published) -> datetime:
    """Return when *item* was published, for sorting; a bare date is the end of its day."""
    if isinstance(item.published, datetime):
        return item.published
    if isinstance(item.published, date):
        return datetime.combine(item.published, time.max, UTC)
    return _BEFORE_ALL


def bounded(document: Document) -> Document:
    """Return *document* within the limits above, with its newest entries in their order."""
    items = document.items
    if _are_within(items) and len(document.title) <= LONGEST_NAME:
        return document
    items = tuple(map(bounded_item, items))
    kept = newest_places([*map(sort_time, items)], [*map(_length, items)])
    return replace(
        document,
        title=_cut(document.title, LONGEST_NAME),
        items=tuple(items[at] for at in kept),
        left_out=document.left_out + len(items) - len(kept),
    )


def _are_within(items: tuple[Item, ...]) -> bool:
    together = "\n".join(text for item in items for text in (item.title, item.summary, item.text))
    return (
        len(items) <= MOST_ENTRIES
        and len(together) <= MOST_TEXT
        and not _has_long_word(together)
        and all(map(_is_short, items))
    )


def _is_short(item: Item) -> bool:
    names = max(len(item.title), len(item.guid), len(item.credit), len(item.author))
    return names <= LONGEST_NAME and max(len(item.text), len(item.summary)) <= LONGEST_TEXT


def _has_long_word(text: str) -> bool:
    """Return whether *text* has a word that is too long.

    Check slices first, because a long word fills at least one of them, and little else does.
    """
    slices = (text[at : at + _STEP] for at in range(0, len(text) - _STEP, _STEP))
    return any(map(str.isalnum, slices)) and _LONG_WORD.search(text) is not None


def bounded_item(item: Item) -> Item:
    return replace(
        item,
        guid=item.guid[:LONGEST_URL],
        title=_cut(item.title, LONGEST_NAME),
        summary=_cut(item.summary, LONGEST_TEXT),
        text=_cut(item.text, LONGEST_TEXT),
        credit=_cut(item.credit, LONGEST_NAME),
        author=_cut(item.author, LONGEST_NAME),
    )


def _cut(text: str, longest: int) -> str:
    return _LONG_WORD.sub(r"\1", text[:longest]) if text else ""


def newest_places(times: Sequence[datetime], lengths: Sequence[int]) -> list[int]:
    """Return the places, in order, of the newest entries that are within a document's limits."""
    ranked = sorted(range(len(times)), key=times.__getitem__, reverse=True)[:MOST_ENTRIES]
    together = accumulate(lengths[at] for at in ranked)
    fitting = takewhile(lambda length: length <= MOST_TEXT, together)
    return sorted(at for at, _ in zip(ranked, fitting, strict=False))


def _length(item: Item) -> int:
    return len(item.title) + len(item.summary) + len(item.text)
