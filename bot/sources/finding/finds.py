"""What was found where a feed may be: enough of it to pick by."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.sources.finding.feedlinks import Link, Where
from bot.sources.formats.records import Item, Kind
from bot.sources.formats.sitemaps import moment_of
from bot.sources.getting.visiting import Visit
from bot.sources.urls import canonical_url

_LISTS = frozenset({Kind.FEED, Kind.SITEMAP})
_SAME_SHARE = 0.8  # of the links
_COMPARED = 100  # entries


@dataclass(frozen=True, slots=True)
class Find:
    """A feed or sitemap that was read; `newest` is None where no entry has a date."""

    url: str
    title: str
    kind: Kind
    entries: int
    newest: datetime | date | None
    where: Where
    visited: Visit

    @property
    def tells_news(self) -> bool:
        """A plain sitemap tells no more than which pages there are."""
        return self.kind is Kind.FEED or any(item.title for item in self._items)

    @property
    def links(self) -> frozenset[str]:
        return frozenset(canonical_url(item.url) for item in self._items[:_COMPARED] if item.url)

    @property
    def _items(self) -> tuple[Item, ...]:
        return self.visited.document.items if self.visited.document else ()

    def to_json(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "title": self.title,
            "kind": str(self.kind),
            "entries": self.entries,
            "newest": self.newest.isoformat() if self.newest else None,
            "where": str(self.where),
        }


def is_list(visited: Visit) -> bool:
    """Whether there are entries to follow."""
    return visited.document is not None and visited.document.kind in _LISTS


def find_of(link: Link, visited: Visit) -> Find | None:
    """Return what was found at *link*; None unless it is a list."""
    document = visited.document
    if document is None or not is_list(visited):
        return None
    dated = [item for item in document.items if item.published]
    return Find(
        url=visited.settled(link.url),
        title=document.title or link.name,
        kind=document.kind,
        entries=len(document.items),
        newest=max(dated, key=moment_of).published if dated else None,
        where=link.where,
        visited=visited,
    )


def is_same(one: Find, other: Find) -> bool:
    """Whether both are the same feed, in two forms such as RSS and Atom."""
    if canonical_url(one.url) == canonical_url(other.url):
        return True
    lengths = sorted((len(one.links), len(other.links)))
    # A section's feed too shares its links with the main one, but is called something else.
    of = lengths[0] if one.title == other.title else lengths[1]
    return of > 0 and len(one.links & other.links) >= _SAME_SHARE * of
