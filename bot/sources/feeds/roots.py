"""Finds the root of an XML document that is well-formed, mended or broken.

No entity is expanded, and nothing that a document names is fetched.
"""

import re
from html.entities import html5
from typing import Any, Final

from lxml import etree

from bot.sources.feeds.model import Unreadable
from bot.sources.feeds.text import possible

MOST_ATTRIBUTES: Final = 256  # of an element

_START = re.compile(r"<\?xml\b|<!DOCTYPE\b|<(?:\w+:)?(?:rss|feed|rdf|channel)\b", re.IGNORECASE)
_LONGEST_JUNK = 8192
_ESCAPE = b"\x1b"
_CONTROLS = bytes({*range(32)} - {*b"\t\n\r"})
_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)"
    rb"|&(?!#\d{1,7};|#[xX][\da-fA-F]{1,6};|(?:amp|lt|gt|quot|apos);)(?:([A-Za-z]\w{1,30});)?",
    re.DOTALL | re.ASCII,
)
_USED_PREFIX = re.compile(rb"[<\s]([A-Za-z][\w-]{0,20}):[A-Za-z][\w-]{0,40}[\s=/>]")
_DECLARED_PREFIX = re.compile(rb"\sxmlns:([\w-]{1,21})\s*=")
_RESERVED = {b"xml", b"xmlns"}
_MOST_PREFIXES = 32
_ROOT = re.compile(rb"<(?:\w{1,20}:)?(?:rss|feed|RDF)\b")
_USUAL_PREFIXES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
_DECLARATION = re.compile(r"<\?xml[^>]{0,200}\?>")
_HAS_TOO_MANY = etree.XPath(f"boolean(//*[@*[{MOST_ATTRIBUTES + 1}]])")
# Each ends before the next "<", so that no character is looked at twice.
_TAG = re.compile(rb"<[\w:](?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+", re.ASCII)
_VALUE = re.compile(rb"=\s*+(?:\"[^\"<]*+\"|'[^'<]*+')")


def strict_root(data: bytes) -> Any:
    """Return the root of a well-formed document; None also if it declares or needs entities.

    Comments and processing instructions are left out.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    info = root.getroottree().docinfo
    if info.doctype:
        declared = next(info.internalDTD.iterentities(), None)
        if declared is not None or next(root.iter(etree.Entity), None) is not None:
            return None
    return root


def mended(data: bytes) -> bytes:
    """Return *data* without frequent mistakes whose meaning is certain.

    These are control characters, bare ampersands, entities of HTML, references to no character, and
    undeclared prefixes.
    """
    if _ESCAPE in data:
        return data  # ISO-2022-JP, which needs its control characters
    data = _AMPERSAND.sub(_escaped_ampersand, data.translate(None, _CONTROLS))
    if b"&#" in data:
        try:
            data = possible(data.decode()).encode()
        except UnicodeDecodeError:
            return data
    missing = {*_USED_PREFIX.findall(data)} - {*_DECLARED_PREFIX.findall(data)} - _RESERVED
    if not 0 < len(missing) <= _MOST_PREFIXES:
        return data
    prefixes = sorted(each.decode() for each in missing)
    spaces = "".join(f' xmlns:{each}="{_USUAL_PREFIXES.get(each, each)}"' for each in prefixes)
    return _ROOT.sub(lambda found: found[0] + spaces.encode(), data, count=1)


def _escaped_ampersand(found: re.Match[bytes]) -> bytes:
    """Escape a bare ampersand, except in CDATA."""
    if found[0].startswith(b"<"):
        return found[0]
    named = html5.get(f"{found[1].decode()};") if found[1] else None
    if named is None:
        return b"&amp;" + found[0][1:]
    return "".join(f"&#{ord(char)};" for char in named).encode()


def lenient_root(data: bytes) -> Any:
    """Return what can be saved of broken XML, or None. Call this in workers: it may take long."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, collect_ids=False
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def as_utf8(text: str) -> bytes:
    """Return *text* as UTF-8 bytes that do not declare another charset."""
    text = text.lstrip("\ufeff \t\r\n")
    if (start := _START.search(text, 0, _LONGEST_JUNK)) and start.start():
        text = text[start.start() :]  # the message of a broken server
    found = _DECLARATION.match(text)
    if found:
        text = '<?xml version="1.0" encoding="utf-8"?>' + text[found.end() :]
    return text.encode("utf-8", errors="replace")


def check_elements(root: Any, data: bytes) -> None:
    """Raise Unreadable if an element of *root*, read from *data*, has too many attributes."""
    if data.count(b"=") > MOST_ATTRIBUTES and _HAS_TOO_MANY(root):
        raise _too_many_attributes()
    if data.count(b"xmlns") > MOST_ATTRIBUTES:
        check_attributes(data)


def check_attributes(data: bytes) -> None:
    """Raise Unreadable if an element has too many; feedparser's time grows with their square."""
    if data.count(b"=") <= MOST_ATTRIBUTES:
        return
    for tag in _TAG.finditer(data):
        if tag[0].count(b"=") > MOST_ATTRIBUTES and len(_VALUE.findall(tag[0])) > MOST_ATTRIBUTES:
            raise _too_many_attributes()


def _too_many_attributes() -> Unreadable:
    return Unreadable(f"This has an element of more than {MOST_ATTRIBUTES} attributes.", "too_big")
