"""Atom 1.0 (RFC 4287)."""

import re

from lxml import etree

from bot.rendering.outfeeds import AUTHOR, Entry, OutFeed, rfc3339

_ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# What XML 1.0 cannot hold at all, not even as a reference.
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_atom(feed: OutFeed) -> bytes:
    root = etree.Element(_named("feed"), nsmap={None: _ATOM}, attrib={_LANG: feed.language})
    _say(root, "id", feed.id)
    _say(root, "title", feed.title)
    _say(root, "updated", rfc3339(feed.updated))
    _link(root, "self", feed.url, type="application/atom+xml")
    _author(root, AUTHOR)
    for entry in feed.entries:
        _entry(root, entry)
    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(root: etree._Element, entry: Entry) -> None:
    element = etree.SubElement(root, _named("entry"))
    _say(element, "id", entry.id)
    _say(element, "title", entry.title)
    _say(element, "published", rfc3339(entry.published))
    _say(element, "updated", rfc3339(entry.updated))
    _link(element, "alternate", entry.url, type="text/html")
    for name in entry.authors:
        _author(element, name)
    _say(element, "content", entry.html, type="html")


def _author(parent: etree._Element, name: str) -> None:
    _say(etree.SubElement(parent, _named("author")), "name", name)


def _link(parent: etree._Element, rel: str, href: str, **more: str) -> None:
    target = _NO_CHARACTER.sub("", href)
    etree.SubElement(parent, _named("link"), rel=rel, href=target, **more)


def _say(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, _named(name), **attributes).text = _NO_CHARACTER.sub("", text)


def _named(name: str) -> str:
    return f"{{{_ATOM}}}{name}"
