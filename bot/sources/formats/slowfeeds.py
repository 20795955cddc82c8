"""The patient reader of feeds: feedparser, for what the fast one must not answer.

Broken XML, entities, old dialects, RDF, base64. Documents exist on which it takes minutes, so it
runs in workers only. It is given bytes and fetches nothing.
"""

import re
import warnings
from datetime import date, datetime
from io import BytesIO
from typing import Any

import feedparser
from lxml import etree

from bot.sources.formats import language
from bot.sources.formats.charrefs import possible
from bot.sources.formats.dates import feed_date
from bot.sources.formats.feedpace import pace_of
from bot.sources.formats.feeds import absolute, body_of, identifier, with_language
from bot.sources.formats.places import place_of
from bot.sources.formats.records import Document, FeedPace, Item, Kind, Unreadable
from bot.sources.formats.sanitise import one_line, plain_text
from bot.sources.formats.strictxml import lenient_root
from bot.sources.urls import host_of

# feedparser makes `AT&T;` of a bare `AT&T`; in CDATA an ampersand is right as it is.
_BARE_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!#\d{1,7};|#[xX][\da-fA-F]{1,6};|\w{1,31};)", re.DOTALL
)
# What it raises over markup that nobody foresaw.
_TRIPPED = (AttributeError, LookupError, TypeError, ValueError)
_STUMBLING_BLOCKS = ("{*}height", "{*}width")  # of pictures, where they hold no number
_DATES = ("published", "created", "updated")


def read_slow(data: bytes, url: str) -> Document:
    """The feed in *data*, which is UTF-8 and says so; raises `Unreadable`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own deprecations are not the document's fault
        if b"#" in data:
            data = possible(data.decode()).encode()
        parsed = _parsed(data, url)
        if not parsed.version and not parsed.entries:
            raise Unreadable("This is XML, but no feed: it has no entries.", "xml")
        declared = parsed.feed.get("language")
        tag, place = language.declared(declared), place_of(declared, host_of(url))
        root = lenient_root(data)
        guids = _guids(root, len(parsed.entries))
        home = absolute(parsed.feed.get("link") or "", url)
        base = url or home  # a feed read from a file is at home where it says
        items = tuple(
            _item(entry, guid, base, tag, place)
            for entry, guid in zip(parsed.entries, guids, strict=True)
        )
    return with_language(
        Document(
            kind=Kind.FEED,
            title=one_line(parsed.feed.get("title") or ""),
            url=home,
            language=tag,
            items=items,
            pace=_pace(root),
        )
    )


def _parsed(data: bytes, url: str) -> Any:
    """What feedparser makes of *data*, or of as much of it as can be saved where it trips."""
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
    """The guids as the feed gave them: feedparser takes them for links and completes them."""
    elements = [] if root is None else list(root.iter("{*}item", "{*}entry"))
    if len(elements) != count:
        return [""] * count
    return [
        (element.findtext("{*}guid") or element.findtext("{*}id") or "").strip()
        for element in elements
    ]


def _item(entry: Any, guid: str, url: str, tag: str, place: str) -> Item:
    summary = plain_text(entry.get("summary") or "")
    contents = [plain_text(content.get("value") or "") for content in entry.get("content") or ()]
    credit, credit_url = _credit(entry)
    return Item(
        guid=identifier(guid or entry.get("id") or "", url),
        url=absolute(entry.get("link") or "", url),
        title=one_line(entry.get("title") or ""),
        summary=summary or next(iter(contents), ""),
        text=body_of(summary, contents),
        published=_date(entry, place),
        language=tag,
        credit=credit,
        credit_url=credit_url,
    )


def _credit(entry: Any) -> tuple[str, str]:
    source = entry.get("source") or {"title": entry.get("news_source")}
    return one_line(source.get("title") or ""), absolute(source.get("href") or "", "")


def _date(entry: Any, place: str) -> datetime | date | None:
    texts = (entry.get(name) for name in _DATES)
    return next((found for text in texts if text and (found := feed_date(text, place))), None)


def _pace(root: Any) -> FeedPace | None:
    if root is None:
        return None
    channel = root.find("{*}channel")
    return pace_of(root if channel is None else channel)
