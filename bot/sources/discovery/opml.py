"""OPML: lists of feeds in folders, which feed readers exchange.

Address, title, site and folder survive writing and reading. Files of other programs may have any
encoding, bare ampersands, HTML entities and any depth, but no entities of their own. The number of
feeds is limited.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from importlib.resources import files

from lxml import etree

from bot.sources.feeds.model import Unreadable
from bot.sources.feeds.roots import as_utf8, check_attributes
from bot.sources.feeds.sniff import decode
from bot.sources.feeds.text import without_controls
from bot.sources.limits import LARGEST_DOCUMENT, MOST_OUTLINES
from bot.sources.urls import is_link

_STARTER = "starter.opml"
_ENGLISH = "en"
_ENOUGH = 7  # starter feeds, as many as there are in English for readers anywhere
_DEEPEST = 8  # folders; deeper feeds go into the eighth
_LONGEST_NAME = 200
_AMPERSAND = re.compile(r"&(?:#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|\w{1,31};)?")
_ENTITY = re.compile(r"<!ENTITY\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed; `folder` from the outermost inwards. Without `url`, only its `site` is known.

    `is_page`: `url` is a page that is polled itself, such as a channel's. In the file it is a link,
    so that no feed reader takes it for a feed. `language` (IETF) and `country` (ISO 3166) are those
    of the starter list; a feed for readers anywhere has no country.
    """

    url: str
    title: str = ""
    site: str = ""
    folder: tuple[str, ...] = ()
    is_page: bool = False
    language: str = ""
    country: str = ""


class NotOpmlError(Unreadable):
    pass


def starter_outlines() -> tuple[Outline, ...]:
    return read_opml((files("bot.sources.discovery") / _STARTER).read_bytes())


def choose_starters(language: str, country: str) -> tuple[Outline, ...]:
    """Return the starter feeds for a reader of *language* in *country*; "" is unknown.

    First the feeds in the language, those of the country before others; then the country's feeds in
    English; and if these are few, international ones in English.
    """
    code, all_feeds = language.partition("-")[0], starter_outlines()
    local = [feed for feed in all_feeds if feed.country == country and country]
    foreign = [feed for feed in all_feeds if feed not in local]
    # English is read everywhere, so that feeds in it belong to a country or to all countries.
    chosen = [feed for feed in local if _speaks(feed, language)]
    chosen += [
        feed
        for feed in foreign
        if _speaks(feed, language) and not (code == _ENGLISH and feed.country)
    ]
    chosen += [feed for feed in local if feed.language == _ENGLISH and feed not in chosen]
    if len(chosen) < _ENOUGH:
        world = [feed for feed in all_feeds if feed.language == _ENGLISH and not feed.country]
        chosen += [feed for feed in world if feed not in chosen][: _ENOUGH - len(chosen)]
    return tuple(chosen)


def _speaks(feed: Outline, language: str) -> bool:
    """Return whether a reader of *language* reads the feed; of Chinese in the same script."""
    code, _, script = language.partition("-")
    of_feed, _, written = feed.language.partition("-")
    return code == of_feed and (not written or not script or written == script)


def read_opml(data: bytes) -> tuple[Outline, ...]:
    """Return every feed in *data*, each address once; raise NotOpmlError if it is no OPML.

    Call this in workers, because it may take long. Addresses that `is_link` rejects are left out.
    """
    body = _root(data).find("{*}body")
    if body is None:
        raise NotOpmlError("This is no OPML: it has no body.")
    seen: dict[str, Outline] = {}
    for outline in _outlines(body, ()):
        seen.setdefault(outline.url or outline.site, outline)
        if len(seen) > MOST_OUTLINES:
            raise NotOpmlError(f"This OPML lists more than {MOST_OUTLINES:,} feeds.")
    if not seen:
        raise NotOpmlError("This OPML lists no feeds.")
    return tuple(seen.values())


def write_opml(outlines: Iterable[Outline], title: str) -> bytes:
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    body = etree.SubElement(root, "body")
    folders: dict[tuple[str, ...], etree._Element] = {(): body}
    for outline in outlines:
        parent = _folder(folders, _names(outline.folder))
        etree.SubElement(parent, "outline", _attributes(outline))
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return written


def _root(data: bytes) -> etree._Element:
    if len(data) > LARGEST_DOCUMENT:
        raise NotOpmlError(f"This is larger than {LARGEST_DOCUMENT // 1_000_000} MB.")
    text = decode(data, "")
    if _ENTITY.search(text):
        raise NotOpmlError("This declares entities, which no list of feeds needs.")
    # A fresh parser each time, because parsers keep state. It loads and expands nothing.
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    escaped = _well_escaped(text)
    check_attributes(escaped)
    try:
        root = etree.fromstring(escaped, parser)
    except etree.XMLSyntaxError as error:
        raise NotOpmlError(_why_not(error)) from None
    if etree.QName(root).localname.lower() != "opml":
        raise NotOpmlError("This is XML, but no OPML.")
    return root


def _well_escaped(text: str) -> bytes:
    """Replace HTML entities, of which XML knows only five, and escape bare ampersands."""
    text = _AMPERSAND.sub(lambda sign: escape(unescape(sign[0])), without_controls(text))
    return as_utf8(without_controls(text))


def _why_not(error: etree.XMLSyntaxError) -> str:
    if "depth" in str(error).lower():
        return "This is nested too deeply."
    return f"This is no OPML: it is not even XML (line {error.lineno or 1})."


def _outlines(parent: etree._Element, folder: tuple[str, ...]) -> Iterator[Outline]:
    for node in parent.iterchildren("{*}outline"):
        names = {str(name).lower(): str(value).strip() for name, value in node.attrib.items()}
        called = names.get("title") or names.get("text", "")
        title, url, site = _name(called), names.get("xmlurl", ""), names.get("htmlurl", "")
        is_page = not url and names.get("type", "").lower() == "link"
        url = names.get("url", "") if is_page else url
        url, site = (each if is_link(each) else "" for each in (url, site))
        if url or site:
            yield Outline(
                url,
                "" if called in {url, site} else title,
                site,
                folder,
                is_page,
                language=names.get("language", ""),
                country=names.get("country", ""),
            )
            yield from _outlines(node, folder)
        else:
            yield from _outlines(node, (*folder, title)[:_DEEPEST] if title else folder)


def _attributes(outline: Outline) -> dict[str, str]:
    title = _name(outline.title)
    url, site = without_controls(outline.url), without_controls(outline.site)
    given = {"title": title, "url" if outline.is_page else "xmlUrl": url, "htmlUrl": site}
    attributes = {"type": "link" if outline.is_page else "rss", "text": title or url or site}
    return attributes | {name: value for name, value in given.items() if value}


def _names(folder: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in map(_name, folder) if name)[:_DEEPEST]


def _name(text: str) -> str:
    return " ".join(without_controls(text).split())[:_LONGEST_NAME].rstrip()


def _folder(
    folders: dict[tuple[str, ...], etree._Element], path: tuple[str, ...]
) -> etree._Element:
    if path not in folders:
        parent = _folder(folders, path[:-1])
        folders[path] = etree.SubElement(parent, "outline", {"text": path[-1]})
    return folders[path]
