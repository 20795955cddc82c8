"""Detects the compression, the kind and the charset of a document from its content.

Headers and file names are not trusted. Compressed bytes are unpacked, then the first element of the
markup decides the kind.

The charset is decided by, in order: the byte order mark, valid UTF-8 (which no other text is by
chance), the XML declaration, HTTP, `<meta>`, detection. Names of charsets mean what browsers take
them for. A declaration that the bytes disprove is ignored. Any bytes are valid Latin-1, but if half
of the letters would be accented, detection decides instead.
"""

import re
import string
import zlib
from enum import StrEnum
from typing import NamedTuple

from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
)

from bot.sources.feeds.model import Unreadable
from bot.sources.limits import LARGEST_DOCUMENT

HEAD = 8192
_GZIP = b"\x1f\x8b"
_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<[?!].*?(?:>|\Z)|<([A-Za-z_][\w:.-]*)", re.DOTALL)
_HTML = re.compile("<(?:html|head|body|!doctype html)\\b", re.IGNORECASE)
_FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})
_BINARIES = (
    (b"%PDF-", "a PDF file", "PDF"),
    (b"\x89PNG", "a picture", "PNG"),
    (b"\xff\xd8\xff", "a picture", "JPEG"),
    (b"GIF8", "a picture", "GIF"),
    (b"RIFF", "a media file", "RIFF"),
    (b"PK\x03\x04", "a ZIP archive or an office document", "ZIP"),
    (b"\x7fELF", "a program", "ELF"),
    (b"SQLite format 3\0", "a database", "SQLite"),
    (b"{\\rtf", "an RTF document", "RTF"),
)
_CONTROL_SHARE = 0.02
_CONTROLS = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))


class Shape(StrEnum):
    """The reader that a document needs; XML with another root may still be a feed."""

    FEED = "feed"
    JSON = "json"
    PAGE = "page"
    TEXT = "text"
    SITEMAP = "sitemap"


def unpacked(data: bytes) -> bytes:
    """Return *data* without its gzip; raises `Unreadable` above 10 MB."""
    if data.startswith(_GZIP):
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            data = unpacker.decompress(data, LARGEST_DOCUMENT + 1)
        except zlib.error:
            raise Unreadable("The compressed file is broken.", "broken") from None
    if len(data) > LARGEST_DOCUMENT:
        raise Unreadable("This is larger than 10 MB.", "too_big")
    return data


def sniff(data: bytes, text: str) -> Shape:
    """Return which reader *data*, decoded as *text*, needs; raise `Unreadable` if none fits."""
    head = text[:HEAD].lstrip("\ufeff \t\r\n\0")
    if not head:
        raise Unreadable("This is empty.", "empty")
    if not head.startswith("<"):
        _refuse_binary(data, head)
        return Shape.JSON if head.startswith(("{", "[{")) else _loose_shape(head)
    root = _root_name(head)
    if root in _SITEMAP_ROOTS:
        return Shape.SITEMAP
    if root == "opml":
        raise Unreadable("This is an OPML list of feeds, not a feed.", "opml")
    is_xml = root in _FEED_ROOTS or (head.startswith("<?xml") and root != "html")
    return Shape.FEED if is_xml or _is_feed_behind_junk(head) else Shape.PAGE


def _is_feed_behind_junk(head: str) -> bool:
    return _loose_shape(head) is Shape.FEED and not _HTML.search(head)


def _refuse_binary(data: bytes, head: str) -> None:
    for magic, name, format_ in _BINARIES:
        if data.startswith(magic):
            sentence = f"This is {name}, not a feed, a page or a text."
            raise Unreadable(sentence, "binary", format=format_)
    coded = head.encode("utf-8", "replace")
    controls = len(coded) - len(coded.translate(None, _CONTROLS))
    if controls > max(4, _CONTROL_SHARE * len(head)):
        raise Unreadable("This is a binary file, not a feed, a page or a text.", "binary")


def _loose_shape(head: str) -> Shape:
    """Return the shape of a text that starts without markup: a feed after junk, or plain text."""
    lower = head.lower()
    if any(f"<{root}" in lower for root in ("?xml", "rss", "rdf:rdf")):
        return Shape.FEED
    is_page = "<html" in lower or "<body" in lower or "<!doctype html" in lower
    return Shape.PAGE if is_page else Shape.TEXT


def _root_name(head: str) -> str:
    names = (found[1] for found in _MARKUP.finditer(head) if found[1])
    return next(names, "").rpartition(":")[2].lower()


_UNMARKED = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_SAMPLE = 200_000
_NOT_NEWS = (
    *("IBM", "MAC", "CP437", "ASCII", "VISCII"),
    *("ISO-8859-3", "ISO-8859-4", "ISO-8859-10", "ISO-8859-13", "ISO-8859-14", "ISO-8859-16"),
)
_ANY_BYTES = "cp1252"  # which browsers use for Latin-1 and ASCII
# An unclosed script matches the rest of the text, so that many of them cost no more than one.
_TAGS = re.compile(rb"<(?:script|style)\b.*?(?:</|\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_ASCII = bytes(range(128))
_LETTERS = string.ascii_letters.encode()


class Decoded(NamedTuple):
    """A text and the charset by which it was decoded; *why* names the evidence."""

    text: str
    charset: str
    why: str


def decode(data: bytes, content_type: str = "") -> str:
    """Return *data* as text; bytes that are invalid in its charset become U+FFFD."""
    return decoded(data, content_type).text


def decoded(data: bytes, content_type: str = "") -> Decoded:
    charset, mark = read_bom(data)
    if charset is not None and mark is not None:
        unmarked = data[len(mark) :].decode(charset, errors="replace")
        return Decoded(unmarked, charset, "by its byte order mark")
    for start, charset in _UNMARKED:
        if data.startswith(start):
            return Decoded(data.decode(charset, errors="replace"), charset, "by its first bytes")
    utf8 = _as_utf8(data)
    if utf8 is not None:
        return Decoded(utf8, "utf-8", "by its bytes")
    is_latin = _is_latin(data)
    for name, why in (*_declared_charsets(data, content_type), *_detected_charsets(data)):
        text = None if name == _ANY_BYTES and not is_latin else _decoded(data, name)
        if text is not None:
            return Decoded(text, name, why)
    last = "utf-8" if _is_mostly_utf8(data) else "cp1252"
    return Decoded(data.decode(last, errors="replace"), last, "for want of a better one")


def is_utf8(data: bytes) -> bool:
    return _as_utf8(data) is not None


def _as_utf8(data: bytes) -> str | None:
    """Decode *data* as UTF-8; return None if it is invalid.

    Also None for ISO-2022-JP, whose bytes are all valid ASCII.
    """
    if b"\x1b$" in data or b"\x1b(" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _declared_charsets(data: bytes, content_type: str) -> list[tuple[str, str]]:
    """Return the declared charsets, the most trusted first.

    XML's own declaration outranks the header. For pages the header is first, because servers may
    recode them.
    """
    own = html_body_declared_encoding(data), "as it says itself"
    header = http_content_type_encoding(content_type), "as its header says"
    found = (own, header) if data.lstrip()[:5] == b"<?xml" else (header, own)
    return [(name, why) for name, why in found if name]


def _is_latin(data: bytes) -> bool:
    """Return whether most letters outside tags are ASCII, as in any language of Western Europe."""
    words = _TAGS.sub(b"", data[:_SAMPLE])
    others = len(words.translate(None, _ASCII))
    letters = len(words) - len(words.translate(None, _LETTERS))
    return others < letters


def _detected_charsets(data: bytes) -> list[tuple[str, str]]:
    """Return at most one guess, without charsets that are never right for news."""
    import cchardet  # noqa: PLC0415 - 2 MB, and nearly all feeds are UTF-8

    found = cchardet.detect(data[:_SAMPLE])["encoding"]
    if not found or found.upper().startswith(_NOT_NEWS):
        return []
    name = resolve_encoding(found)
    return [(name, "guessed")] if name else []


def _decoded(data: bytes, charset: str) -> str | None:
    if charset == "utf-16":
        charset = "utf-8"  # a document that could be searched for its declaration is not UTF-16
    try:
        text = data.decode(charset)
    except (LookupError, UnicodeError, ValueError):
        return None
    return text if isinstance(text, str) else None


def _is_mostly_utf8(data: bytes) -> bool:
    """Return whether all bytes are valid UTF-8 except a few, such as those of a cut sequence."""
    text = data.decode("utf-8", errors="replace")
    wide = sum(1 for char in text[:_SAMPLE] if char > "\x7f" and char != "\ufffd")
    return text.count("\ufffd", 0, _SAMPLE) * 10 < wide
