"""What reading yields: documents and their items, sanitised, whatever they were written in."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self


class Kind(StrEnum):
    FEED = "feed"
    PAGE = "page"
    TEXT = "text"
    SITEMAP = "sitemap"
    INDEX = "index"  # of sitemaps, which are its items


class Unreadable(Exception):  # noqa: N818 - it names what the document is, as the chat says it
    """The document cannot be read; the sentence says why, for people.

    `reason` is a short word for tables and metrics: "empty", "binary", "too_big", "html", "xml",
    "challenge", "time_out", "memory", "kind", "no_text" or "broken".
    """

    def __init__(self, sentence: str, reason: str = "broken") -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Item:
    """One article as its source gave it; every text is plain, without tags or control characters.

    `guid`, `url` and `language` are "" where unknown; `url` is absolute. `title` is one line,
    paragraphs of `text` are separated by one empty line. `published` is aware, or a bare date: of
    feeds in UTC, of pages by the clock where they are from.
    `credit`: whom a feed names as its source. `outlet`: who tells it, where that is not the source.
    `is_detour`: its `url` leads through a search service, which may call it otherwise tomorrow.
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
    outlet: str = ""
    outlet_host: str = ""
    is_detour: bool = False


@dataclass(frozen=True, slots=True)
class FeedPace:
    """What a feed says about how often to ask; hours are UTC, Monday is day 0.

    `hub`: who tells when there is news, under the name `self_url`; as written, maybe relative.
    """

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    hub: str = ""
    self_url: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """`left_out`: how many older entries it has, which are one too many."""

    kind: Kind
    title: str = ""
    url: str = ""
    language: str = ""
    items: tuple[Item, ...] = ()
    pace: FeedPace | None = None
    left_out: int = 0

    def to_json(self) -> dict[str, Any]:
        return _fields_of(self) | {
            "items": [item_to_json(item) for item in self.items],
            "pace": None if self.pace is None else _pace_to_json(self.pace),
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        pace = fields["pace"]
        return cls(
            **fields
            | {
                "kind": Kind(fields["kind"]),
                "items": tuple(item_from_json(item) for item in fields["items"]),
                "pace": None if pace is None else _pace_from_json(pace),
            }
        )


def _fields_of(record: Document | Item) -> dict[str, Any]:
    """As they are: `asdict` copies all of them deeply, which takes longer than to read a feed."""
    return {name: getattr(record, name) for name in record.__slots__}


def item_to_json(item: Item) -> dict[str, Any]:
    published = item.published
    return _fields_of(item) | {"published": None if published is None else published.isoformat()}


def item_from_json(fields: dict[str, Any]) -> Item:
    return Item(**fields | {"published": _moment(fields["published"])})


def _moment(text: str | None) -> datetime | date | None:
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
