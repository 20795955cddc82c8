"""The formats of published feeds: Atom 1.0 (RFC 4287) and JSON Feed 1.1 (jsonfeed.org)."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

AUTHOR = "Dateline"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An entry: its *id* never changes, *html* is its content, its *authors* are publishers.

    *published* is the date that the source states, *updated* the time when it was stored.
    """

    id: str
    title: str
    url: str
    published: datetime
    updated: datetime
    html: str
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed at *url*, newest entry first; *updated* is the time of its last change."""

    id: str
    title: str
    url: str
    language: str
    updated: datetime
    entries: tuple[FeedEntry, ...] = ()


def as_json(feed: FeedDocument) -> bytes:
    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "feed_url": feed.url,
        "language": feed.language,
        "authors": [{"name": AUTHOR}],
        "items": [_item(entry) for entry in feed.entries],
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _item(entry: FeedEntry) -> dict[str, object]:
    item: dict[str, object] = {
        "id": entry.id,
        "title": entry.title,
        "content_html": entry.html,
        "date_published": _rfc3339(entry.published),
        "date_modified": _rfc3339(entry.updated),
    }
    if entry.url:  # a letter may have no page
        item["url"] = entry.url
    if entry.authors:
        item["authors"] = [{"name": name} for name in entry.authors]
    return item


_ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# Characters that XML 1.0 forbids, even as references.
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_atom(feed: FeedDocument) -> bytes:
    root = etree.Element(_tag("feed"), nsmap={None: _ATOM}, attrib={_LANG: feed.language})
    _add_text(root, "id", feed.id)
    _add_text(root, "title", feed.title)
    _add_text(root, "updated", _rfc3339(feed.updated))
    _add_link(root, "self", feed.url, type="application/atom+xml")
    _add_author(root, AUTHOR)
    for entry in feed.entries:
        element = etree.SubElement(root, _tag("entry"))
        _add_text(element, "id", entry.id)
        _add_text(element, "title", entry.title)
        _add_text(element, "published", _rfc3339(entry.published))
        _add_text(element, "updated", _rfc3339(entry.updated))
        if entry.url:
            _add_link(element, "alternate", entry.url, type="text/html")
        for name in entry.authors:
            _add_author(element, name)
        _add_text(element, "content", entry.html, type="html")
    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add_author(parent: etree._Element, name: str) -> None:
    _add_text(etree.SubElement(parent, _tag("author")), "name", name)


def _add_link(parent: etree._Element, rel: str, href: str, **more: str) -> None:
    target = _NO_CHARACTER.sub("", href)
    etree.SubElement(parent, _tag("link"), rel=rel, href=target, **more)


def _add_text(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, _tag(name), **attributes).text = _NO_CHARACTER.sub("", text)


def _tag(name: str) -> str:
    return f"{{{_ATOM}}}{name}"
