"""XML that can be trusted: well-formed, no DOCTYPE, no entities, nothing fetched."""

import re
from typing import Any

from lxml import etree

_START = re.compile(r"<\?xml\b|<!DOCTYPE\b|<(?:\w+:)?(?:rss|feed|rdf|channel)\b", re.IGNORECASE)
_LONGEST_JUNK = 8192
_DECLARATION = re.compile(r"<\?xml[^>]{0,200}\?>")


def strict_root(data: bytes) -> Any:
    """The root element of the well-formed document *data*, else None."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, collect_ids=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root.getroottree().docinfo.doctype else root


def lenient_root(data: bytes) -> Any:
    """What can be saved of broken XML; None for nothing at all. For workers: it may take long."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, collect_ids=False
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def as_utf8(text: str) -> bytes:
    """*text* as UTF-8 bytes whose declaration, if any, says nothing else."""
    text = text.lstrip("\ufeff \t\r\n")
    if (start := _START.search(text, 0, _LONGEST_JUNK)) and start.start():
        text = text[start.start() :]  # what a broken server says before it
    found = _DECLARATION.match(text)
    if found:
        text = '<?xml version="1.0" encoding="utf-8"?>' + text[found.end() :]
    return text.encode("utf-8", errors="replace")
