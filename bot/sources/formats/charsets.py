"""Which characters bytes stand for.

Order: byte order mark, UTF-8 if the bytes are valid UTF-8 (which no other text is by chance), XML
declaration, HTTP, `<meta>`, detection. A declaration that the bytes disprove counts for nothing:
any bytes are Latin-1, but where half of the letters would be accented detection knows better.
"""

import codecs
import re
import string
from typing import NamedTuple

import cchardet

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_XML = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([\w.:-]+)")
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_HTTP = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_HEAD = 4096
_SAMPLE = 200_000
_NOT_NEWS = (
    *("IBM", "MAC", "CP437", "ASCII", "VISCII"),
    *("ISO-8859-3", "ISO-8859-4", "ISO-8859-10", "ISO-8859-13", "ISO-8859-14", "ISO-8859-16"),
)
_ANY_BYTES = frozenset({"iso8859-1", "cp1252", "ascii"})
# A script that never ends takes the rest, so that many of them cost no more than one.
_TAGS = re.compile(rb"<(?:script|style)\b.*?(?:</|\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_ASCII = bytes(range(128))
_LETTERS = string.ascii_letters.encode()
# What writers mean when they say the left one, as browsers read it (WHATWG Encoding).
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "utf-16": "utf-8",  # a document that could be searched for its declaration is not UTF-16
}


class Decoded(NamedTuple):
    """A text, and by which charset it was read; *why* says what told so."""

    text: str
    charset: str
    why: str


def decode(data: bytes, content_type: str = "") -> str:
    """*data* as text; what no charset explains becomes U+FFFD."""
    return decoded(data, content_type).text


def decoded(data: bytes, content_type: str = "") -> Decoded:
    for mark, charset in _MARKS:
        if data.startswith(mark):
            unmarked = data[len(mark) :].decode(charset, errors="replace")
            return Decoded(unmarked, charset, "by its byte order mark")
    for start, charset in _UNMARKED:
        if data.startswith(start):
            return Decoded(data.decode(charset, errors="replace"), charset, "by its first bytes")
    utf8 = _as_utf8(data)
    if utf8 is not None:
        return Decoded(utf8, "utf-8", "by its bytes")
    is_latin = _is_latin(data)
    for name, why in (*_declared(data, content_type), *_detected(data)):
        text = None if _says_latin(name) and not is_latin else _decoded(data, name)
        if text is not None:
            return Decoded(text, name.lower(), why)
    last = "utf-8" if _is_mostly_utf8(data) else "cp1252"
    return Decoded(data.decode(last, errors="replace"), last, "for want of a better one")


def is_utf8(data: bytes) -> bool:
    return _as_utf8(data) is not None


def _as_utf8(data: bytes) -> str | None:
    """None also for the escapes of ISO-2022-JP, which are ASCII bytes and no ASCII text."""
    if b"\x1b$" in data or b"\x1b(" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _declared(data: bytes, content_type: str) -> list[tuple[str, str]]:
    head = data[:_HEAD]
    found = (
        (_XML.search(head), "as its XML says"),
        (_HTTP.search(content_type.encode()), "as its header says"),
        (_META.search(head), "as its meta tag says"),
    )
    return [(match[1].decode("ascii", errors="replace"), why) for match, why in found if match]


def _says_latin(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in _ANY_BYTES
    except LookupError:
        return False


def _is_latin(data: bytes) -> bool:
    """Whether most letters outside tags are ASCII, as in any language of Western Europe."""
    words = _TAGS.sub(b"", data[:_SAMPLE])
    others = len(words.translate(None, _ASCII))
    letters = len(words) - len(words.translate(None, _LETTERS))
    return others < letters


def _detected(data: bytes) -> list[tuple[str, str]]:
    """At most one; the guesses that are never right for news are left out."""
    found = cchardet.detect(data[:_SAMPLE])["encoding"]
    return [(found, "guessed")] if found and not found.upper().startswith(_NOT_NEWS) else []


def _decoded(data: bytes, charset: str) -> str | None:
    try:
        name = codecs.lookup(charset).name
        text = data.decode(_MEANT.get(name, name))
    except (LookupError, UnicodeError, ValueError):
        return None
    return text if isinstance(text, str) else None


def _is_mostly_utf8(data: bytes) -> bool:
    """Valid but for a few bytes, such as a sequence cut in two."""
    text = data.decode("utf-8", errors="replace")
    wide = sum(1 for char in text[:_SAMPLE] if char > "\x7f" and char != "\ufffd")
    return text.count("\ufffd", 0, _SAMPLE) * 10 < wide
