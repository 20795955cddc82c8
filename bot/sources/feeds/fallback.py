"""Reads by feedparser the feeds that `xml` refuses: broken XML, entities, old dialects, base64.

This runs in workers only, because some documents take minutes. It fetches nothing.
"""

import re
import warnings
from datetime import UTC, tzinfo
from io import BytesIO
from typing import Any

import feedparser
from lxml import etree

from bot.sources.feeds.entries import FeedFacts, RawEntry, declared_pictures, feed_document
from bot.sources.feeds.model import Document, FeedPace, Unreadable
from bot.sources.feeds.roots import lenient_root
from bot.sources.feeds.text import possible
from bot.sources.feeds.xml import pace_of
from bot.sources.urls import absolute

# feedparser turns a bare `AT&T` into `AT&T;`. In CDATA a bare ampersand is correct.
_BARE_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!#\d{1,7};|#[xX][\da-fA-F]{1,6};|\w{1,31};)", re.DOTALL
)
# The errors that feedparser raises over odd markup.
_TRIPPED = (AttributeError, LookupError, TypeError, ValueError)
_STUMBLING_BLOCKS = ("{*}height", "{*}width")  # of pictures, where they hold no number
_DATES = ("published", "created", "updated")
_PICTURES = (
    ("media_content", "content"),
    ("media_thumbnail", "thumbnail"),
    ("enclosures", "enclosure"),
    ("image", "image"),
)


def read_broken(data: bytes, url: str, clock: tzinfo = UTC) -> Document:
    """Return the feed in *data*, which is declared as UTF-8; raises `Unreadable`.

    *clock*: see `feed_document`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own deprecations are not the document's fault
        if b"#" in data:
            data = possible(data.decode()).encode()
        parsed = _parsed(data, url)
        if not parsed.version and not parsed.entries:
            raise Unreadable("This is XML, but no feed: it has no entries.", "xml")
        root = lenient_root(data)
        guids = _guids(root, len(parsed.entries))
        home = absolute(parsed.feed.get("link") or "", url)
        base = url or home  # a feed read from a file has no other base than its own link
        entries = [
            _raw(entry, guid, base) for entry, guid in zip(parsed.entries, guids, strict=True)
        ]
    facts = FeedFacts(
        title=parsed.feed.get("title") or "",
        home=home,
        language=parsed.feed.get("language") or "",
        pace=_pace(root),
    )
    return feed_document(facts, entries, url, clock=clock)


def _parsed(data: bytes, url: str) -> Any:
    """Return what feedparser reads in *data*, or in the part that can be saved if it fails."""
    try:
        return _parse(data, url)
    except _TRIPPED:
        saved = lenient_root(data)
    if saved is None:
        raise Unreadable("This is too broken to be read.", "broken")
    etree.strip_elements(saved, *_STUMBLING_BLOCKS, with_tail=False)
    try:
        return _parse(etree.tostring(saved, encoding="utf-8"), url)
    except _TRIPPED:
        raise Unreadable("This is too broken to be read.", "broken") from None


def _parse(data: bytes, url: str) -> Any:
    return feedparser.parse(
        BytesIO(_BARE_AMPERSAND.sub(_escaped, data)),
        response_headers={"content-type": "application/xml; charset=utf-8"}
        | ({"content-location": url} if url else {}),
        sanitize_html=False,
    )


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"&amp;" if found[0] == b"&" else found[0]


def _guids(root: Any, count: int) -> list[str]:
    """Return the guids as the feed gave them, because feedparser completes them like links."""
    elements = [] if root is None else list(root.iter("{*}item", "{*}entry"))
    if len(elements) != count:
        return [""] * count
    return [
        (element.findtext("{*}guid") or element.findtext("{*}id") or "").strip()
        for element in elements
    ]


def _raw(entry: Any, guid: str, base: str) -> RawEntry:
    summary = entry.get("summary") or ""
    contents = [content.get("value") or "" for content in entry.get("content") or ()]
    source = entry.get("source") or {"title": entry.get("news_source")}
    return RawEntry(
        guid=guid or entry.get("id") or "",
        link=entry.get("link") or "",
        base=base,
        title=entry.get("title") or "",
        summary=summary,
        contents=tuple(text for text in contents if text and text != summary),
        dates=tuple(entry.get(name) or "" for name in _DATES),
        credit=source.get("title") or "",
        credit_url=source.get("href") or "",
        author=entry.get("author") or "",
        categories=[
            str(tag.get("label") or tag.get("term") or "") for tag in entry.get("tags") or ()
        ],
        pictures=declared_pictures(
            (name, attributes)
            for key, name in _PICTURES
            for attributes in _listed(entry.get(key))
            if isinstance(attributes, dict)
        ),
    )


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _pace(root: Any) -> FeedPace | None:
    if root is None:
        return None
    channel = root.find("{*}channel")
    return pace_of(root.iterchildren("*") if channel is None else channel.iterchildren("*"))
