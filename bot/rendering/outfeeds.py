"""Feeds that we give: what one holds, and JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

AUTHOR = "Dateline"


@dataclass(frozen=True, slots=True)
class Entry:
    """*id* stays for ever; *html* is what it says; *authors* are outlets.

    *published* is what the source says, *updated* when we had it.
    """

    id: str
    title: str
    url: str
    published: datetime
    updated: datetime
    html: str
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutFeed:
    """The newest entry first; *url* is the feed's own. *updated*: when anything last changed."""

    id: str
    title: str
    url: str
    language: str
    updated: datetime
    entries: tuple[Entry, ...] = ()


def as_json(feed: OutFeed) -> bytes:
    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "feed_url": feed.url,
        "language": feed.language,
        "authors": [{"name": AUTHOR}],
        "items": [_item(entry) for entry in feed.entries],
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _item(entry: Entry) -> dict[str, object]:
    item: dict[str, object] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "date_published": rfc3339(entry.published),
        "date_modified": rfc3339(entry.updated),
    }
    if entry.authors:
        item["authors"] = [{"name": name} for name in entry.authors]
    return item
