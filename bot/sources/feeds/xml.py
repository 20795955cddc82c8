"""RSS 0.9x and 2.0, Atom 0.3 and 1.0, RDF (RSS 0.90 and 1.0): one pass of lxml over the bytes.

It reads documents that are well-formed, or can be mended with certainty, and declare no entities.
`fallback` reads all others.

1. If several elements mean the same, the one of the feed's own vocabulary counts, then any other
   with its name. Among equals the first counts that is not empty.
2. The link is that of RSS, else the first alternate of Atom, else a guid that is an address.
3. The lead picture is the widest of Media RSS, then its thumbnail, an enclosure, that of iTunes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final

from lxml import etree

from bot.sources.feeds.entries import FeedFacts, RawEntry, declared_pictures, feed_document
from bot.sources.feeds.known_entries import FINGERPRINT, WRAPPER, fingerprint_in
from bot.sources.feeds.model import Document, FeedPace
from bot.sources.feeds.roots import check_elements, mended, strict_root
from bot.sources.lead_pictures import LeadPicture
from bot.sources.limits import LONGEST_URL
from bot.sources.urls import absolute, is_web

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ATOM = frozenset(
    {"http://www.w3.org/2005/Atom", "https://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"}
)
_RSS = frozenset({
    "", "http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/",
    "http://channel.netscape.com/rdf/simple/0.9/", "http://backend.userland.com/rss2",
    "http://backend.userland.com/RSS2", "http://blogs.law.harvard.edu/tech/rss",
})  # fmt: skip
_DUBLIN_CORE = frozenset({"http://purl.org/dc/elements/1.1/", "http://purl.org/dc/elements/1.0/"})
_DUBLIN_TERMS = "http://purl.org/dc/terms/"
_CONTENT_MODULE = "http://purl.org/rss/1.0/modules/content/"
_MEDIA = "http://search.yahoo.com/mrss/"
_ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
_XHTML = "http://www.w3.org/1999/xhtml"


def _spaced(spaces: Iterable[str], names: dict[str, str]) -> dict[tuple[str, str], str]:
    return {(space, name): part for space in spaces for name, part in names.items()}


# The parts of an entry or a feed, by their elements. A part that ends with 2 counts only if no
# element stands for the same part without it.
_PARTS: Final = {
    **_spaced(_RSS, {
        "title": "title", "description": "summary", "summary": "summary", "content": "content",
        "link": "link", "guid": "guid", "pubDate": "published", "source": "source",
        "language": "language", "body": "content", "fullitem": "content",
        "enclosure": "picture", "author": "author2", "category": "category",
    }),
    **_spaced(_ATOM, {
        "title": "title", "summary": "summary", "content": "content", "link": "atom_link",
        "id": "guid", "published": "published", "issued": "issued", "created": "created",
        "updated": "updated", "modified": "updated", "source": "source", "tagline": "summary",
        "author": "atom_author", "category": "category",
    }),
    **_spaced(_DUBLIN_CORE, {
        "title": "title2", "description": "summary2", "date": "date", "language": "language2",
        "creator": "author", "subject": "category",
    }),
    **_spaced([_DUBLIN_TERMS], {
        "issued": "issued", "created": "created", "modified": "updated", "abstract": "summary2",
    }),
    (_CONTENT_MODULE, "encoded"): "content",
    (_XHTML, "body"): "content",
    (_MEDIA, "group"): "group",
    (_MEDIA, "content"): "picture",
    (_MEDIA, "thumbnail"): "picture",
    (_ITUNES, "image"): "picture",
    (_ITUNES, "author"): "author2",
}  # fmt: skip
_IN_ANY_SPACE: Final = {
    "Source": "source", "title": "title2", "summary": "summary2",
    "description": "summary2",
}  # fmt: skip
_DATES: Final = ("published", "date", "issued", "created", "updated")
_BINARY = re.compile(r"(?!text/)[\w.+-]+/(?!.*(?:xml|html)$)[\w.+-]+", re.IGNORECASE)
_BASE64 = re.compile(rb"=[\"']base64[\"']")
_PREFIX = re.compile(r"(</?)[\w.-]+:(?=\w)")
_FIRST_LINKS: Final = frozenset({None, "alternate"})
_ABOUT: Final = f"{{{_RDF}}}about"
_NOTHING: Final = [""]
_NO_SOURCE: Final = ("", "")


def read_xml(
    data: bytes, url: str, language_before: str = "", clock: tzinfo = UTC
) -> Document | None:
    """Return the feed in *data* (UTF-8), from *url*; None if `fallback` must read it.

    Raises `Unreadable` for an element with too many attributes.
    """
    if b"base64" in data and _BASE64.search(data):
        return None
    root = strict_root(data)
    if root is None:
        root = strict_root(data := mended(data))
    if root is None:
        return None
    check_elements(root, data)
    feed = _feed_of(root)
    if feed is None:
        return None
    try:
        return _document(feed, url, language_before, clock)
    except _BinaryTextError:
        return None


class _BinaryTextError(Exception):
    """A text is encoded as bytes, which only `fallback` understands."""


@dataclass(slots=True)
class _Feed:
    """The elements (of lxml) of a feed: those with its own facts, and its entries.

    Each entry has its fingerprint; see `Item`.
    """

    channel: Any
    head: list[Any] = field(default_factory=list)
    entries: list[tuple[Any, int]] = field(default_factory=list)


def _feed_of(root: Any) -> _Feed | None:
    """Return the elements of a feed; None if *root* is no feed or has its entries elsewhere."""
    space, name = _split(root.tag)
    if name == "feed" and space in _ATOM:
        feed = _Feed(root)
        _sort(root, "entry", space, feed)
    elif (name == "rss" and space in _RSS) or (name == "RDF" and space == _RDF):
        channel = root.find("{*}channel")
        if channel is None:
            return None
        feed = _Feed(channel)
        for parent in (channel, root):
            _sort(parent, "item", _split(channel.tag)[0], feed)
    else:
        return None
    if not feed.entries and any(True for _ in root.iter("{*}item", "{*}entry")):
        return None
    return feed


def _sort(parent: Any, entry: str, space: str, feed: _Feed) -> None:
    tag = f"{{{space}}}{entry}" if space else entry
    is_channel = parent is feed.channel
    for child in parent:
        if child.tag == tag:
            feed.entries.append((child, 0))
        elif len(child) == 1 and child[0].tag == tag and _split(child.tag)[1] == WRAPPER:
            feed.entries.append((child[0], fingerprint_in(child.get(FINGERPRINT))))
        elif is_channel:
            feed.head.append(child)


def _split(tag: str) -> tuple[str, str]:
    space, _, name = tag.rpartition("}")
    return space[1:], name


@lru_cache(maxsize=1024)
def _part_of(tag: str) -> str:
    """Return the part that an element stands for; "" if it is not used."""
    space, name = _split(tag)
    return _PARTS.get((space, name)) or ("" if space == _XHTML else _IN_ANY_SPACE.get(name, ""))


def _raw(element: Any, base: str, fingerprint: int) -> RawEntry:
    found = _by_part(element)
    guid = _text_of(found.get("guid")) or element.get(_ABOUT) or ""
    linked, link = _link_of(found)
    if not link and is_web(guid):
        link = guid
    title, *_ = _markups(found.get("title")) or _markups(found.get("title2")) or _NOTHING
    summary, *others = _markups(found.get("summary")) or _markups(found.get("summary2")) or _NOTHING
    contents = _markups(found.get("content"))
    if "summary" in found:
        contents += others
    credit, credit_url = _source_in(found["source"][0]) if "source" in found else _NO_SOURCE
    base = _base_of(element, base)
    return RawEntry(
        guid=guid or link,
        link=link,
        base=base if linked is None else _base_of(linked, base),
        title=title,
        summary=summary,
        contents=tuple([text for text in contents if text != summary]),
        dates=tuple([each.text or "" for part in _DATES if part in found for each in found[part]]),
        language=element.get(_LANG) or _text_of(found.get("language2")),
        credit=credit,
        credit_url=credit_url,
        author=_author_in(found),
        categories=_categories_in(found["category"]) if "category" in found else (),
        enclosures=_enclosures_in(found),
        pictures=_pictures_in(found),
        fingerprint=fingerprint,
    )


def _author_in(found: dict[str, list[Any]]) -> str:
    """Return the authors' names as markup, joined by commas."""
    names = [_text_of([each]) for each in found.get("author", ())]
    names += [(each.findtext("{*}name") or "").strip() for each in found.get("atom_author", ())]
    names = list(filter(None, names))
    return ", ".join(names) if names else _text_of(found.get("author2"))


def _categories_in(elements: Iterable[Any]) -> list[str]:
    """Return the categories as markup: the text of RSS, the label or term of Atom."""
    return [each.text or each.get("label") or each.get("term") or "" for each in elements]


def _enclosures_in(found: dict[str, list[Any]]) -> list[str]:
    """Return the titles of attached files. Those of pictures are captions, and not returned."""
    titles = [
        each.get("title") or ""
        for each in found.get("atom_link", ())
        if each.get("rel") == "enclosure"
    ]
    for each in found.get("picture", ()):
        kind = each.get("medium") or each.get("type") or ""
        if kind.startswith(("audio", "video", "document", "application")):
            titles.append(each.findtext(f"{{{_MEDIA}}}title") or "")
    return [title for title in titles if title]


def _pictures_in(found: dict[str, list[Any]]) -> list[LeadPicture]:
    declared = [(_split(each.tag)[1], each) for each in found.get("picture", ())]
    # A film has its still inside.
    declared += [
        (_split(child.tag)[1], child)
        for name, each in declared
        if name == "content"
        for child in each.iterchildren(f"{{{_MEDIA}}}thumbnail")
    ]
    declared += [
        ("enclosure", each) for each in found.get("atom_link", ()) if each.get("rel") == "enclosure"
    ]
    return declared_pictures(declared) if declared else []


def _base_of(element: Any, base: str) -> str:
    """Return the base of relative links in *element*, because libxml2 resolves it slowly."""
    own = element.get(_BASE)
    return base if own is None else absolute(own, base) or base


def _text_of(elements: Iterable[Any] | None) -> str:
    for element in elements or ():
        if text := (element.text or "").strip():
            return str(text)
    return ""


def _markups(elements: Iterable[Any] | None) -> list[str]:
    """Return the markup of the elements that are not empty."""
    if not elements:
        return []
    return [text for text in map(_markup, elements) if text and not text.isspace()]


def _markup(element: Any) -> str:
    """Return an element's content as markup; it may be escaped, in CDATA, or child elements."""
    text: str = element.text or ""
    kind = element.get("type")
    if kind is not None and _BINARY.fullmatch(kind) and text.strip():
        raise _BinaryTextError
    if not len(element):
        return text
    inner = "".join(etree.tostring(child, encoding="unicode") for child in element)
    return text.replace("&", "&amp;").replace("<", "&lt;") + _PREFIX.sub(r"\1", inner)


def _link_of(found: dict[str, list[Any]]) -> tuple[Any, str]:
    """Return an element and its link: the last of RSS, as other readers do, else an alternate.

    Later alternates are other languages.
    """
    for element in reversed(found.get("link", ())):
        if link := (element.text or element.get("href") or "").strip():
            return element, link
    for element in found.get("atom_link", ()):
        if element.get("rel") in _FIRST_LINKS and (link := element.get("href")):
            return element, link
    return None, ""


def _source_in(source: Any) -> tuple[str, str]:
    """Return the name and the address of the source that an entry names, as they are written."""
    if len(source):
        link = source.find("{*}link")
        return source.findtext("{*}title") or "", "" if link is None else link.get("href") or ""
    return source.text or "", source.get("url") or ""


def _document(feed: _Feed, url: str, language_before: str, clock: tzinfo) -> Document:
    head = _by_part(feed.head)
    base = _base_of(feed.channel.getroottree().getroot(), url)
    base = _base_of(feed.channel, base)
    home = absolute(_link_of(head)[1], base)
    base = base or home  # a feed read from a file has no other base than its own link
    facts = FeedFacts(
        title=(_markups(head.get("title")) or _NOTHING)[0],
        home=home,
        language=_declared_in(feed.channel, head),
        pace=pace_of(feed.head),
    )
    entries = [_raw(entry, base, fingerprint) for entry, fingerprint in feed.entries]
    return feed_document(facts, entries, url, language_before, clock)


def _by_part(elements: Iterable[Any]) -> dict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for element in elements:
        if part := _part_of(element.tag):
            found[part].append(element)
    for group in found.pop("group", ()):  # of pictures or films
        for part, members in _by_part(group).items():
            found[part] += members
    return found


def _declared_in(channel: Any, head: dict[str, list[Any]]) -> str:
    said = _text_of(head.get("language")) or _text_of(head.get("language2"))
    if said:
        return said
    root = channel.getroottree().getroot()
    return channel.get(_LANG) or root.get(_LANG) or ""


# ---- How often a feed wants to be polled: ttl, skipHours, skipDays, syndication module, hub. ----

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST_PACE = timedelta(days=365)
_LONGEST_HOUR = len("024")


def pace_of(head: Iterable[Any]) -> FeedPace | None:
    """Read the pace from *head*, the elements with the feed's own facts; None without any."""
    found: dict[str, list[Any]] = {}
    for element in head:
        if isinstance(element.tag, str):
            found.setdefault(_split(element.tag)[1], []).append(element)
    ttl = _minutes(_text_of(found.get("ttl"))) or _updates(found)
    hours = frozenset(
        int(text) % 24
        for text in _texts_in(found.get("skipHours"))
        if text.isdecimal() and len(text) <= _LONGEST_HOUR
    )
    days = frozenset(
        _DAYS.index(text.lower())
        for text in _texts_in(found.get("skipDays"))
        if text.lower() in _DAYS
    )
    links = found.get("link", ())
    hub, self_url = _related(links, "hub"), _related(links, "self")
    if not (ttl or hours or days or hub):
        return None
    return FeedPace(ttl, hours, days, hub, self_url if hub else "")


def _minutes(text: str) -> timedelta | None:
    if not text.isdecimal() or not 0 < len(text) <= len("525600") or not int(text):
        return None
    return min(timedelta(minutes=int(text)), _LONGEST_PACE)


def _updates(found: dict[str, list[Any]]) -> timedelta | None:
    period = _PERIODS.get(_text_of(found.get("updatePeriod")).lower())
    if period is None:
        return None
    frequency = _text_of(found.get("updateFrequency"))
    times = int(frequency) if frequency.isdecimal() and len(frequency) < len("10000") else 1
    return period / max(times, 1)


def _related(links: Iterable[Any], relation: str) -> str:
    """Return the first of Atom's *links* with that relation, which may be one of several words."""
    for link in links:
        if relation in (link.get("rel") or "").lower().split():
            url = (link.get("href") or "").strip()
            return url if len(url) <= LONGEST_URL else ""
    return ""


def _texts_in(elements: Iterable[Any] | None) -> list[str]:
    return [(each.text or "").strip() for element in elements or () for each in element]
