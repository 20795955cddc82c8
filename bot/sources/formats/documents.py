"""What a document is, told by its content, and the reading of what is read at once.

Whatever the header, the name or the first lines claim: compressed bytes are unpacked, then the
first element of a markup decides. Feeds that the fast reader trusts are read here; everything
else is for a worker.
"""

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

from bot.sources.formats.bounds import check_attributes
from bot.sources.formats.charsets import decode, is_utf8
from bot.sources.formats.feeds import read_fast as read_trusted
from bot.sources.formats.jsonfeed import read_json
from bot.sources.formats.records import Document, Unreadable
from bot.sources.formats.sitemaps import read_sitemap
from bot.sources.formats.strictxml import as_utf8

LARGEST = 10_000_000
_HEAD = 8192
_GZIP = b"\x1f\x8b"
_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<[?!].*?(?:>|\Z)|<([A-Za-z_][\w:.-]*)", re.DOTALL)
_HTML = re.compile("<(?:html|head|body|!doctype html)\\b", re.IGNORECASE)
_FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})
_BINARIES = (
    (b"%PDF-", "a PDF file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a media file"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "a database"),
    (b"{\\rtf", "an RTF document"),
)
_CONTROL_SHARE = 0.02
_CONTROLS = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))


class Shape(StrEnum):
    """What readers there are; XML that is no feed by its root may be one all the same."""

    FEED = "feed"
    JSON = "json"
    PAGE = "page"
    TEXT = "text"
    SITEMAP = "sitemap"


_XML = frozenset({Shape.FEED, Shape.SITEMAP})


@dataclass(frozen=True, slots=True)
class NeedsWorker:
    """Only a worker may read it on: *text* is decoded, *shape* says by which reader."""

    shape: Shape
    text: str


def read_fast(data: bytes, url: str = "", content_type: str = "") -> Document | NeedsWorker:
    """Read *data* if the quick readers can be trusted with it; raise `Unreadable` if nobody can."""
    data = unpacked(data)
    text = decode(data, content_type)
    shape = sniff(data, text)
    if shape is Shape.JSON:
        return read_json(text, url)
    if shape not in _XML:
        return NeedsWorker(shape, text)
    utf8 = data.lstrip() if is_utf8(data) and _says_utf8(data) else as_utf8(text)
    check_attributes(utf8)
    if shape is Shape.SITEMAP:
        return read_sitemap(utf8, url)
    return read_trusted(utf8, url) or NeedsWorker(shape, text)


def unpacked(data: bytes) -> bytes:
    """*data* without its gzip; raises `Unreadable` above 10 MB."""
    if data.startswith(_GZIP):
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            data = unpacker.decompress(data, LARGEST + 1)
        except zlib.error:
            raise Unreadable("The compressed file is broken.", "broken") from None
    if len(data) > LARGEST:
        raise Unreadable("This is larger than 10 MB.", "too_big")
    return data


def sniff(data: bytes, text: str) -> Shape:
    """Which reader *data*, decoded as *text*, is for; raises `Unreadable` for what is none's."""
    head = text[:_HEAD].lstrip("\ufeff \t\r\n\0")
    if not head:
        raise Unreadable("This is empty.", "empty")
    _refuse_binary(data, head)
    if head.startswith(("{", "[{")):
        return Shape.JSON
    if not head.startswith("<"):
        return _of_loose_text(head)
    root = _root_name(head)
    if root in _SITEMAP_ROOTS:
        return Shape.SITEMAP
    if root == "opml":
        raise Unreadable("This is an OPML list of feeds, not a feed.", "kind")
    is_xml = root in _FEED_ROOTS or (head.startswith("<?xml") and root != "html")
    return Shape.FEED if is_xml or _is_feed_behind_junk(head) else Shape.PAGE


def _is_feed_behind_junk(head: str) -> bool:
    return _of_loose_text(head) is Shape.FEED and not _HTML.search(head)


def _refuse_binary(data: bytes, head: str) -> None:
    for magic, name in _BINARIES:
        if data.startswith(magic):
            raise Unreadable(f"This is {name}, not a feed, a page or a text.", "binary")
    coded = head.encode("utf-8", "replace")
    controls = len(coded) - len(coded.translate(None, _CONTROLS))
    if controls > max(4, _CONTROL_SHARE * len(head)) and not head.startswith("<"):
        raise Unreadable("This is a binary file, not a feed, a page or a text.", "binary")


def _of_loose_text(head: str) -> Shape:
    """Of a text that starts with something else than markup: junk before a feed, or just text."""
    lower = head.lower()
    if any(f"<{root}" in lower for root in ("?xml", "rss", "rdf:rdf")):
        return Shape.FEED
    is_page = "<html" in lower or "<body" in lower or "<!doctype html" in lower
    return Shape.PAGE if is_page else Shape.TEXT


def _root_name(head: str) -> str:
    names = (found[1] for found in _MARKUP.finditer(head) if found[1])
    return next(names, "").rpartition(":")[2].lower()


def _says_utf8(data: bytes) -> bool:
    declaration = data.lstrip()[:200].partition(b"?>")[0].lower()
    return b"encoding" not in declaration or b"utf-8" in declaration
